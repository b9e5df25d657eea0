"""From a cohort to batches: splits, harmonization and the LightningDataModule."""
