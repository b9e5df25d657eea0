"""Below detection: half of the smallest value seen in training stands for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from datamodules.view_table import PatientContext, Values, ViewTable

__all__ = ["DetectionLimit"]

HALF = np.float32(1.0)
"""On a log2 scale half of a value lies 1 below it."""


@dataclass(frozen=True)
class DetectionLimit:
    """``smallest`` (p,): the smallest value seen of each feature."""

    smallest: Values

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn from training patients; a feature that was never seen has no limit (NaN)."""
        smallest = np.full(table.width, np.inf, dtype=np.float32)
        for block in table:
            seen = np.where(np.isfinite(block.values), block.values, np.float32(np.inf))
            smallest = np.minimum(smallest, seen.min(axis=0, initial=np.inf))
        return cls(np.where(np.isfinite(smallest), smallest, np.float32(np.nan)))

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Put half of the smallest value for what is below detection."""
        return np.where(np.isneginf(values), self.smallest - HALF, values)
