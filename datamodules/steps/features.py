"""Feature selection without outcomes: by missingness, prevalence and variance among the training patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.view_table import PatientContext, Values, ViewTable

__all__ = ["FeatureFilter", "MostVariable"]


@dataclass(frozen=True)
class FeatureFilter:
    """Features measured and detected in enough patients; ``kept`` (q,) are their column indices."""

    kept: NDArray[np.int64]

    @classmethod
    def fit(
        cls, table: ViewTable, prevalence: NDArray[np.int64] | None, max_missing: float, min_prevalence: float
    ) -> Self:
        """Learn from training patients.

        Parameters
        ----------
        table
            Values of the training patients.
        prevalence
            (p,) number of training patients in whom each feature was found; None on a scale without a zero.
        max_missing
            Largest share of patients with a missing value in a kept feature.
        min_prevalence
            Smallest share of patients with a kept feature, among those in whom it was measured.
        """
        measured, detected = np.zeros(table.width, dtype=np.int64), np.zeros(table.width, dtype=np.int64)
        for block in table:
            measured += (~np.isnan(block.values)).sum(axis=0)
            detected += np.isfinite(block.values).sum(axis=0)
        enough = (len(table) - measured <= max_missing * len(table)) & (detected > 0)
        present = detected if prevalence is None else prevalence
        return cls(np.flatnonzero(enough & (present >= min_prevalence * measured)))

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Select the kept features: (m, p) to (m, q)."""
        return values[:, self.kept]


@dataclass(frozen=True)
class MostVariable:
    """Features of the highest variance; ``kept`` (q,) are their column indices, in the order of the file."""

    kept: NDArray[np.int64]

    @classmethod
    def fit(cls, table: ViewTable, most: int) -> Self:
        """Learn from training patients; keeps at most `most` features, and none without variance."""
        variance = _variance(table)
        # A stable sort keeps features of equal variance in the order of the file.
        order = np.argsort(-variance, kind="stable")
        return cls(np.sort(order[variance[order] > 0][:most]))

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Select the kept features: (m, p) to (m, q)."""
        return values[:, self.kept]


def _variance(table: ViewTable) -> NDArray[np.float64]:
    """(p,) variance of the measured values, accumulated block by block.

    Chan et al. 1983, doi 10.1080/00031305.1983.10483115.
    """
    count, mean, squares = (np.zeros(table.width) for _ in range(3))
    for block in table:
        measured = ~np.isnan(block.values)
        new = measured.sum(axis=0)
        values = np.where(measured, block.values, 0.0).astype(np.float64)
        center = values.sum(axis=0) / np.maximum(new, 1)
        away = np.where(measured, values - center, 0.0)
        gap, total = center - mean, np.maximum(count + new, 1)
        squares += (away**2).sum(axis=0) + np.where(new > 0, gap**2 * count * new / total, 0.0)
        mean += np.where(new > 0, gap * new / total, 0.0)
        count += new
    # A feature that is equal in all patients has variance 0, despite rounding errors.
    varies = squares > 1e-12 * count * (mean**2 + np.finfo(np.float32).tiny)
    variance: NDArray[np.float64] = np.where(varies, squares / np.maximum(count, 1), 0.0)
    return variance
