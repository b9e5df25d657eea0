"""From a subgroup to the trial that follows."""
