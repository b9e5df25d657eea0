"""LightningDataModule of a cohort: fits the harmonizer on the training patients, and loads harmonized patients.

Each loader gives one batch of all its patients, because a factor model needs the whole matrix of each view. A table
that does not fit in memory is harmonized in blocks of rows (`datamodules.view_table`); the batch holds only the
features that the harmonizer keeps. Networks are trained on factors, in batches of `datamodules.patient_batches`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytorch_lightning as pl
from numpy.typing import NDArray
from torch.utils.data import DataLoader, IterableDataset

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.patient_batches import batch_loader
from omics.common.errors import FitError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["CohortDataModule"]


class CohortDataModule(pl.LightningDataModule):
    """Harmonized patients of a cohort.

    Parameters
    ----------
    cohort
        All patients.
    train
        Row numbers of the training patients; the harmonizer is fitted on these rows only.
    config
        Settings of the harmonizer.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> data = CohortDataModule(cohort, np.arange(70), HarmonizeConfig())
    >>> data.setup()
    >>> (training,), (everyone,) = data.train_dataloader(), data.predict_dataloader()
    >>> len(training), len(everyone)
    (70, 92)
    """

    def __init__(self, cohort: MuData, train: NDArray[np.int64], config: HarmonizeConfig) -> None:
        super().__init__()
        self.cohort, self.train, self.config = cohort, train, config
        self._harmonizer: Harmonizer | None = None

    @property
    def harmonizer(self) -> Harmonizer:
        """The harmonizer, fitted on the training patients."""
        if self._harmonizer is None:
            raise FitError("the harmonizer is not fitted yet; call setup first")
        return self._harmonizer

    def setup(self, stage: str | None = None) -> None:  # noqa: ARG002  # the signature of Lightning
        """Fit the harmonizer on the training patients, once."""
        if self._harmonizer is None:
            self._harmonizer = Harmonizer(self.config).fit(self.cohort[self.train])

    def train_dataloader(self) -> DataLoader[Batch]:
        """One batch of the training patients, in the order of `train`."""
        return batch_loader(_Harmonized(self.harmonizer, self.cohort, self.train))

    def predict_dataloader(self) -> DataLoader[Batch]:
        """One batch of all patients, in the order of the cohort."""
        return batch_loader(_Harmonized(self.harmonizer, self.cohort))


class _Harmonized(IterableDataset[Batch]):
    """One batch of the patients `rows` of a cohort, or of all. Harmonized at each iteration, so that none is stored."""

    def __init__(self, harmonizer: Harmonizer, cohort: MuData, rows: NDArray[np.int64] | None = None) -> None:
        self.harmonizer, self.cohort, self.rows = harmonizer, cohort, rows

    def __iter__(self) -> Iterator[Batch]:
        yield self.harmonizer.transform(self.cohort if self.rows is None else self.cohort[self.rows])
