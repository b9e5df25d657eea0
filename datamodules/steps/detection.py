"""Values below detection are replaced by half of the smallest training value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from datamodules.view_table import PatientContext, Values, ViewTable

__all__ = ["DetectionLimit"]

HALF = np.float32(1.0)
"""Half of a value, on a log2 scale, is the value minus 1."""


@dataclass(frozen=True)
class DetectionLimit:
    """``smallest`` (p,): the smallest detected training value of each feature."""

    smallest: Values

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn from training patients; a feature that was never detected has no limit (NaN)."""
        smallest = np.full(table.width, np.inf, dtype=np.float32)
        for block in table:
            detected = np.where(np.isfinite(block.values), block.values, np.float32(np.inf))
            smallest = np.minimum(smallest, detected.min(axis=0, initial=np.inf))
        return cls(np.where(np.isfinite(smallest), smallest, np.float32(np.nan)))

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Replace values below detection by half of the smallest training value."""
        return np.where(np.isneginf(values), self.smallest - HALF, values)
