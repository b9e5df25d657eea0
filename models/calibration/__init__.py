"""Making probabilities true, on rows used neither for fitting nor for early stopping."""
