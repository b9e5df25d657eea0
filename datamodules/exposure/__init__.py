"""Individual pharmacokinetics: from doses and levels to exposure with its uncertainty."""
