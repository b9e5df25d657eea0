"""Batches of a cohort that does not fit in memory: harmonized window by window, shuffled by window and within it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from datamodules.batch import Batch
from datamodules.harmonizer import Harmonizer
from omics.common.errors import ConfigError
from omics.common.seeds import named_generator

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["WINDOW", "CohortBlocks"]

WINDOW = 2048
"""Patients read together; neighbours, since a chunked store reads whole chunks whichever of their rows are asked."""


class CohortBlocks(IterableDataset[Batch]):
    """Patients `rows` of a cohort in batches of `size`.

    Parameters
    ----------
    cohort
        Its views may stay on disk.
    harmonizer
        Fitted.
    rows
        Ascending row numbers of the patients.
    size
        Patients a batch; a window ends with a smaller one.
    seed
        Shuffle with this seed and the number of the pass; None keeps the order.
    """

    def __init__(
        self, cohort: MuData, harmonizer: Harmonizer, rows: NDArray[np.int64], size: int, seed: int | None
    ) -> None:
        if harmonizer.config.adapt:
            raise ConfigError(
                "harmonize.adapt learns a new site from all its patients at once, and this cohort is read in windows; "
                "set it to false"
            )
        self.cohort, self.harmonizer, self.rows = cohort, harmonizer, rows
        self.size, self.seed = size, seed
        self._passes = 0

    def __iter__(self) -> Iterator[Batch]:
        windows = [self.rows[start : start + WINDOW] for start in range(0, len(self.rows), WINDOW)]
        generator = None
        if self.seed is not None:
            generator = named_generator(self.seed, "pass", self._passes)
            self._passes += 1
        order = range(len(windows)) if generator is None else generator.permutation(len(windows))
        for number in order:
            batch = self.harmonizer.transform(self.cohort[windows[number]])
            within = np.arange(len(batch)) if generator is None else generator.permutation(len(batch))
            for start in range(0, len(batch), self.size):
                yield batch.take(within[start : start + self.size])
