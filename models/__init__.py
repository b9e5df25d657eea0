"""From batches to predictions: factor models, heads, ensembles, calibration."""
