"""Robust scaling that survives a wild value, and the range of training by which a new one is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from datamodules.view_table import PatientContext, Values, ViewTable

__all__ = ["LIMIT", "RobustScaling", "quantiles"]

Array = NDArray[np.float64]

LIMIT = 6.0
"""Scaled values are held within this many robust standard deviations: a log value of -52 is a fault."""

LEVELS = (0.025, 0.5, 0.975)
EVERY = (0.0, 1.0)


@dataclass(frozen=True)
class RobustScaling:
    """``center``, ``scale``, ``low`` and ``high``, (p,) each: median, robust standard deviation, range of training."""

    center: Array
    scale: Array
    low: Array
    high: Array

    @classmethod
    def fit(cls, table: ViewTable) -> Self:
        """Learn from training patients; every feature is measured in one of them and varies."""
        center, scale, low, high = (np.empty(table.width) for _ in range(4))
        for chosen, chunk in table.columns():
            chunk.sort(axis=1)
            lower, center[chosen], upper = quantiles(chunk, LEVELS)
            low[chosen], high[chosen] = quantiles(chunk, EVERY)
            scale[chosen] = _robust(chunk, lower, upper)
        return cls(center, scale, low, high)

    def transform(self, values: Values, patients: PatientContext) -> Values:  # noqa: ARG002  # one signature
        """Robust standard scores, held within `LIMIT`."""
        return np.clip((values - self.center) / self.scale, -LIMIT, LIMIT).astype(np.float32)

    def outside(self, values: Values) -> NDArray[np.bool_]:
        """(m, p) which values lie more than a robust standard deviation outside the range of training.

        A new patient like those of training lies a little outside of it in 2 / (n + 1) of his values.
        """
        wild: NDArray[np.bool_] = (values < self.low - self.scale) | (values > self.high + self.scale)
        return wild


def quantiles(ordered: Values, levels: tuple[float, ...]) -> list[Array]:
    """Quantiles of each row (p, n) of ordered values, NaN last and ignored, as numpy's nanquantile."""
    last = (~np.isnan(ordered)).sum(axis=1) - 1
    rows = np.arange(len(ordered))
    found = []
    for level in levels:
        place = level * last
        low = np.floor(place).astype(np.int64)
        below, above = (ordered[rows, at].astype(np.float64) for at in (low, np.minimum(low + 1, last)))
        found.append(below + (above - below) * (place - low))
    return found


def _robust(ordered: Values, low: Array, high: Array) -> Array:
    """(p,) standard deviation of values held within `low` and `high`, or the plain one where that is 0."""
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
