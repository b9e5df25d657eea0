"""Robust scaling, which is not affected by extreme values, and the range of training to check new values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.view_table import PatientContext, Values, ViewTable

__all__ = ["LIMIT", "RobustScaling", "quantiles"]

Array = NDArray[np.float64]

LIMIT = 6.0
"""Scaled values are clipped to this many robust standard deviations; a log value of -52 is an error in the data."""

LEVELS = (0.025, 0.5, 0.975)
EXTREMES = (0.0, 1.0)


@dataclass(frozen=True)
class RobustScaling:
    """``center``, ``scale``, ``low``, ``high``, (p,) each: median, robust standard deviation, range of training."""

    center: Array
    scale: Array
    low: Array
    high: Array

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn from training patients; every feature must vary among them."""
        center, scale, low, high = (np.empty(table.width) for _ in range(4))
        for chosen, chunk in table.columns():
            chunk.sort(axis=1)
            lower, center[chosen], upper = quantiles(chunk, LEVELS)
            low[chosen], high[chosen] = quantiles(chunk, EXTREMES)
            scale[chosen] = _robust(chunk, lower, upper)
        return cls(center, scale, low, high)

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Robust standard scores, clipped to plus or minus `LIMIT`."""
        return np.clip((values - self.center) / self.scale, -LIMIT, LIMIT).astype(np.float32)

    def outside(self, values: Values) -> NDArray[np.bool_]:
        """(m, p) bool: True where a value is more than a robust standard deviation outside the range of training.

        In a new patient from the same population, an expected share of 2 / (n + 1) of the values is outside the range.
        """
        extreme: NDArray[np.bool_] = (values < self.low - self.scale) | (values > self.high + self.scale)
        return extreme


def quantiles(ordered: Values, levels: tuple[float, ...]) -> list[Array]:
    """Quantiles of sorted rows, the same as numpy's nanquantile.

    Parameters
    ----------
    ordered
        (p, n) rows in ascending order, NaN last; NaN is ignored.
    levels
        Levels of the quantiles, in [0, 1].

    Returns
    -------
    list of array
        The quantiles (p,) of each level.
    """
    last = (~np.isnan(ordered)).sum(axis=1) - 1
    rows = np.arange(len(ordered))
    result = []
    for level in levels:
        place = level * last
        low = np.floor(place).astype(np.int64)
        below, above = (ordered[rows, at].astype(np.float64) for at in (low, np.minimum(low + 1, last)))
        result.append(below + (above - below) * (place - low))
    return result


def _robust(ordered: Values, low: Array, high: Array) -> Array:
    """(p,) standard deviation of values clipped to `low` and `high`, or of all values where that is 0."""
    robust = _deviation(np.clip(ordered, low[:, None], high[:, None]))
    plain = robust <= 0
    robust[plain] = _deviation(ordered[plain].astype(np.float64))
    return robust


def _deviation(values: Array) -> Array:
    measured = ~np.isnan(values)
    count = np.maximum(measured.sum(axis=1), 1)
    center = np.where(measured, values, 0.0).sum(axis=1) / count
    away = np.where(measured, values - center[:, None], 0.0)
    return np.asarray(np.sqrt((away**2).sum(axis=1) / count))
