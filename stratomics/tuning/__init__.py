"""Hyperparameter tuning by Optuna, nested in outer cross-validation."""
