"""Tuning with Optuna: a search space, one study, nested studies."""
