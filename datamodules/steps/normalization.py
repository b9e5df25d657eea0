"""Normalization to a reference of training: removes differences in dilution, loading and depth between samples.

All methods work on a logarithmic scale and on the measured values. A value below detection counts as the lowest of a
patient's values and is returned unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.view_table import PatientContext, Values, ViewTable
from omics.cohort.spec import ViewSpec

__all__ = [
    "LOGARITHMIC",
    "MedianNormalization",
    "ProbabilisticQuotient",
    "QuantileNormalization",
    "normalizable",
]

LOGARITHMIC = ("counts", "intensity", "log", "numeric")
"""Scales whose harmonized scale is logarithmic, or which the user declares to be comparable to one."""


def normalizable(spec: ViewSpec) -> bool:
    """Return whether a view can be normalized: it is on a logarithmic scale and not compositional."""
    return spec.scale in LOGARITHMIC and spec.modality != "microbiome"


@dataclass(frozen=True)
class ProbabilisticQuotient:
    """Probabilistic quotient normalization: divides by the median quotient to a reference profile.

    Dieterle et al. 2006, doi 10.1021/ac051632c. ``reference`` (p,): medians of the training patients.
    """

    reference: Values

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn the reference profile from training patients."""
        reference = np.empty(table.width, dtype=np.float32)
        for chosen, chunk in table.columns():
            reference[chosen] = _medians(chunk)
        return cls(reference)

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Subtract each patient's median log quotient."""
        # No quotient is known for a feature that is below detection in half of the training patients.
        known = np.isfinite(self.reference)
        return _subtract(values, _medians(values[:, known] - self.reference[known]))


@dataclass(frozen=True)
class MedianNormalization:
    """Shifts each patient's median to ``center``, the median of the medians of training."""

    center: float

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn the common median from training patients."""
        medians = [np.empty(0, dtype=np.float32), *(_medians(block.values) for block in table)]
        center = float(_medians(np.concatenate(medians)[None, :])[0])
        return cls(0.0 if np.isnan(center) else center)

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Shift each patient to the common median."""
        return _subtract(values, _medians(values) - np.float32(self.center))


@dataclass(frozen=True)
class QuantileNormalization:
    """Quantile normalization: gives each patient the distribution of values of training.

    Bolstad et al. 2003, doi 10.1093/bioinformatics/19.2.185. ``reference`` (p,): mean of the sorted values of the
    training patients, interpolated to p values where some are missing.
    """

    reference: Values

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn the common distribution from training patients."""
        total, patients = np.zeros(table.width), 0
        levels = _levels(table.width)
        for block in table:
            for row in block.values:
                ordered = np.sort(row[~np.isnan(row)])
                detected = np.isfinite(ordered)
                if detected.any():
                    total += np.interp(levels, _levels(len(ordered))[detected], ordered[detected])
                    patients += 1
        return cls((total / max(patients, 1)).astype(np.float32))

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Replace each value by the reference value of its rank; equal values get the mean of their ranks."""
        from scipy.stats import rankdata

        normalized = values.copy()
        levels = _levels(len(self.reference))
        for row in normalized:
            measured = ~np.isnan(row)
            if np.isfinite(row).any():
                level = (rankdata(row[measured]) - 0.5) / measured.sum()
                detected = np.isfinite(row[measured])
                row[np.flatnonzero(measured)[detected]] = np.interp(level[detected], levels, self.reference)
        return normalized


def _levels(count: int) -> NDArray[np.float64]:
    """Quantile levels of `count` ordered values."""
    return (np.arange(count) + 0.5) / max(count, 1)


def _medians(values: Values) -> Values:
    """(m,) median of the measured values of each row; NaN if there are none, or if half of them are below detection."""
    if not values.shape[1]:
        return np.full(len(values), np.nan, dtype=np.float32)
    ordered = np.sort(values, axis=1)
    count = (~np.isnan(ordered)).sum(axis=1)
    rows, last = np.arange(len(values)), np.maximum(count - 1, 0)
    low, high = ordered[rows, last // 2], ordered[rows, (last + 1) // 2]
    known = np.isfinite(low) & np.isfinite(high)
    middle = (np.where(known, low, 0.0) + np.where(known, high, 0.0)) / 2
    return np.where(known, middle, np.nan).astype(np.float32)


def _subtract(values: Values, by: Values) -> Values:
    """Subtract `by` (m,) from the rows; a row whose entry is NaN is unchanged."""
    shifted: Values = values - np.where(np.isnan(by), np.float32(0), by)[:, None]
    return shifted
