"""From a cohort to batches: splits, harmonization, LightningDataModule."""
