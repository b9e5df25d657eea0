"""Scaling of analytes that a locked panel can repeat: limit of detection, centre, scale, clipping, median."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.steps.scaling import LIMIT
from stratomics.strata.panel.values import AssayValues

__all__ = ["AnalyteScaling"]

Array = NDArray[np.float64]

TAILS = (2.5, 97.5)
HALF = 1.0
"""Half of a value, on a log2 scale, is the value minus 1."""
SMALLEST_SHARE = 1e-6
"""A feature varies if its standard deviation is above this share of its largest absolute value."""


@dataclass(frozen=True)
class AnalyteScaling:
    """How values become scores: as in the harmonization of a run, for each analyte alone.

    Attributes
    ----------
    kept
        (q,) columns of the analytes that are measured and detected often enough, and vary.
    limit
        (q,) smallest detected value; a value below detection counts as half of it, on a log2 scale.
    center, scale
        (q,) median and robust standard deviation.
    """

    kept: NDArray[np.int64]
    limit: Array
    center: Array
    scale: Array

    @classmethod
    def fit(cls, patients: AssayValues, max_missing: float, min_prevalence: float) -> Self:
        """Learn from training patients.

        Parameters
        ----------
        patients
            The training patients.
        max_missing
            Largest share of patients without a value of a kept analyte, among those who have its view.
        min_prevalence
            Smallest share of patients with a kept analyte, among those in whom it was measured.
        """
        values = patients.values
        measured = ~np.isnan(values)
        of_view = _patients_of_view(patients, measured)
        count = measured.sum(axis=0)
        enough = (count >= 2) & (of_view - count <= max_missing * of_view)  # noqa: PLR2004  # one value does not vary
        common = patients.detected.sum(axis=0) >= np.maximum(min_prevalence * count, 1)
        candidates = np.flatnonzero(enough & common)
        finite = np.where(np.isfinite(values[:, candidates]), values[:, candidates], np.nan)
        limit = np.nanmin(finite, axis=0)
        filled = _above_detection(values[:, candidates], limit)
        center, scale = _robust(filled)
        varies = scale > SMALLEST_SHARE * np.maximum(np.abs(center), SMALLEST_SHARE)
        return cls(candidates[varies], limit[varies], center[varies], scale[varies])

    def transform(self, values: Array) -> Array:
        """Scores (n, q) of values (n, p): within plus and minus 6; a missing value has the median, 0."""
        filled = _above_detection(values[:, self.kept], self.limit)
        scores: Array = np.nan_to_num(np.clip((filled - self.center) / self.scale, -LIMIT, LIMIT), nan=0.0)
        return scores


def _patients_of_view(patients: AssayValues, measured: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(p,) number of patients who have any value of the view of each analyte."""
    views = np.array([name.view for name in patients.names])
    counts = np.zeros(len(views), dtype=np.int64)
    for view in np.unique(views):
        counts[views == view] = measured[:, views == view].any(axis=1).sum()
    return counts


def _above_detection(values: Array, limit: Array) -> Array:
    return np.where(np.isneginf(values), limit - HALF, values)


def _robust(values: Array) -> tuple[Array, Array]:
    """Median, and standard deviation of values clipped to their central 95%, or of all values where that is 0."""
    with warnings.catch_warnings():
        # A column without any value gives NaN, and is dropped.
        warnings.simplefilter("ignore", RuntimeWarning)
        low, center, high = np.nanpercentile(values, [TAILS[0], 50.0, TAILS[1]], axis=0)
        robust, plain = np.nanstd(np.clip(values, low, high), axis=0), np.nanstd(values, axis=0)
    return center, np.where(robust > 0, robust, plain)
