"""Normalization to a reference learned from training: dilution, loading and depth differ between samples, not patients.

All work on a logarithmic scale and on what was measured: "below detection" stays what it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from datamodules.table import Patients, Table, Values

__all__ = ["LOGARITHMIC", "MedianNormalization", "ProbabilisticQuotient", "QuantileNormalization"]

LOGARITHMIC = ("counts", "intensity", "log", "numeric")
"""Scales whose harmonized scale is logarithmic, or declared by the user to be comparable so."""


@dataclass(frozen=True)
class ProbabilisticQuotient:
    """Divide by the median quotient to a reference profile.

    Dieterle et al. 2006, doi 10.1021/ac051632c. ``reference`` (p,): medians of training.
    """

    reference: Values

    @classmethod
    def fit(cls, table: Table) -> Self:
        """Learn the reference profile from training patients."""
        reference = np.empty(table.width, dtype=np.float32)
        for chosen, chunk in table.columns():
            reference[chosen] = _medians(chunk)
        return cls(reference)

    def transform(self, values: Values, patients: Patients) -> Values:  # noqa: ARG002  # one signature
        """Take each patient's median log quotient off."""
        return _moved(values, _medians(values - self.reference))


@dataclass(frozen=True)
class MedianNormalization:
    """Move each patient's median to ``center``, the median of those of training."""

    center: float

    @classmethod
    def fit(cls, table: Table) -> Self:
        """Learn the common median from training patients."""
        medians = np.concatenate([_medians(block.values) for block in table])
        return cls(float(_medians(medians[None, :])[0]))

    def transform(self, values: Values, patients: Patients) -> Values:  # noqa: ARG002  # one signature
        """Give each patient the common median."""
        return _moved(values, _medians(values) - np.float32(self.center))


@dataclass(frozen=True)
class QuantileNormalization:
    """Give each patient the distribution of values of training.

    Bolstad et al. 2003, doi 10.1093/bioinformatics/19.2.185. ``reference`` (p,): the mean over training patients of
    their ordered values, those with missing values interpolated to p.
    """

    reference: Values

    @classmethod
    def fit(cls, table: Table) -> Self:
        """Learn the common distribution from training patients."""
        total, patients = np.zeros(table.width), 0
        levels = np.linspace(0.0, 1.0, table.width)
        for block in table:
            for row in block.values:
                seen = np.sort(row[np.isfinite(row)])
                if len(seen):
                    total += np.interp(levels, np.linspace(0.0, 1.0, len(seen)), seen)
                    patients += 1
        return cls((total / max(patients, 1)).astype(np.float32))

    def transform(self, values: Values, patients: Patients) -> Values:  # noqa: ARG002  # one signature
        """Put the reference value of its rank for each value; equal values share the mean of their ranks."""
        from scipy.stats import rankdata

        moved = values.copy()
        levels = np.linspace(0.0, 1.0, len(self.reference))
        for row in moved:
            seen = np.isfinite(row)
            if seen.any():
                rank = (rankdata(row[seen]) - 1.0) / max(int(seen.sum()) - 1, 1)
                row[seen] = np.interp(rank, levels, self.reference)
        return moved


def _medians(values: Values) -> Values:
    """(m,) median of the finite values of each row; NaN for a row without any."""
    ordered = np.sort(np.where(np.isfinite(values), values, np.float32(np.inf)), axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    rows, last = np.arange(len(values)), np.maximum(count - 1, 0)
    low, high = ordered[rows, last // 2], ordered[rows, (last + 1) // 2]
    # Two infinities meet where nothing was measured; that row has no median.
    nothing = count == 0
    low, high = np.where(nothing, 0.0, low), np.where(nothing, 0.0, high)
    return np.where(nothing, np.nan, (low + high) / 2).astype(np.float32)


def _moved(values: Values, by: Values) -> Values:
    """Take `by` (m,) off the rows; a row for which it is unknown stays."""
    moved: Values = values - np.where(np.isnan(by), np.float32(0), by)[:, None]
    return moved
