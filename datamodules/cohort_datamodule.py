"""LightningDataModule: harmonizes a cohort with what its training rows taught, and deals batches."""

from __future__ import annotations

import numpy as np
import pytorch_lightning as pl
from mudata import MuData
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from datamodules.batch import Batch
from datamodules.cohort_blocks import WINDOW, CohortBlocks
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.patient_batches import PatientBatches, batch_loader
from omics.common.errors import FitError
from omics.readers.on_disk import LARGE

__all__ = ["CohortDataModule"]

Rows = NDArray[np.int64]


class CohortDataModule(pl.LightningDataModule):
    """Batches of harmonized patients.

    Parameters
    ----------
    cohort
        All patients in question.
    train
        Row numbers of those the harmonizer may learn from.
    config
        How views are made comparable.
    batch_size
        Patients a batch; everybody at once if left out, a window of a cohort that stays on disk.
    seed
        Seed of the shuffling.
    """

    def __init__(
        self,
        cohort: MuData,
        train: Rows,
        config: HarmonizeConfig,
        batch_size: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.cohort, self.train, self.config = cohort, train, config
        self.batch_size, self.seed = batch_size, seed
        self._harmonizer: Harmonizer | None = None

    @property
    def harmonizer(self) -> Harmonizer:
        """The harmonizer, fitted on the training rows."""
        if self._harmonizer is None:
            raise FitError("the harmonizer is not fitted yet; call setup first")
        return self._harmonizer

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002  # Lightning's signature
        """Fit the harmonizer on the training rows, once."""
        if self._harmonizer is None:
            self._harmonizer = Harmonizer(self.config).fit(self.cohort[self.train])

    def batch(self, rows: Rows | None = None) -> Batch:
        """Harmonize `rows` (everybody if left out) as one batch."""
        return self.harmonizer.transform(self.cohort if rows is None else self.cohort[rows])

    def train_dataloader(self) -> DataLoader[Batch]:
        """Deal training patients in a new order each epoch."""
        return self._loader(self.train, shuffle=True)

    def predict_dataloader(self) -> DataLoader[Batch]:
        """Deal everybody in the order of the cohort."""
        return self._loader(np.arange(self.cohort.n_obs), shuffle=False)

    def _loader(self, rows: Rows, shuffle: bool) -> DataLoader[Batch]:
        seed = self.seed if shuffle else None
        if _is_large(self.cohort):
            return batch_loader(
                CohortBlocks(self.cohort, self.harmonizer, rows, self.batch_size or WINDOW, seed)
            )
        size = self.batch_size or len(rows)
        return batch_loader(PatientBatches(self.batch(rows), len(rows), size, seed))


def _is_large(cohort: MuData) -> bool:
    """Whether a view of the cohort is one of those that stay on disk."""
    return any(view.n_obs * view.n_vars > LARGE for view in cohort.mod.values())
