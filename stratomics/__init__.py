"""stratomics: from a multi-omics cohort to calibrated predictions and a trial design."""

__version__ = "0.1.0"
