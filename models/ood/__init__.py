"""Out-of-distribution scores: how unlike the training patients a new patient is."""
