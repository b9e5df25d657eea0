"""Recalibration, conformal sets and bounds, and abstention, fitted on out-of-fold predictions."""
