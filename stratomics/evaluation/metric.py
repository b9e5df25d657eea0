"""What a metric is, and how one that compares patients averages over folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.tables import every, look_up
from stratomics.evaluation import METRICS

__all__ = ["Metric", "find_metric", "within_folds"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A function ``(cases, weight (draws, n)) -> (draws,)``, its direction and its name for people."""

    function: Callable[[Any, Array], Array]
    higher_is_better: bool
    label: str


def find_metric(name: str) -> Metric:
    """Metric of any kind by its name."""
    metric: Metric = look_up(every(METRICS), name, "metric")
    return metric


def within_folds(fold: NDArray[np.int64], score: Callable[[int, NDArray[np.int64]], Array]) -> Array:
    """Average ``score(repeat, rows) -> (draws,)`` over the folds (repeats, n) of all repeats.

    A fold that says nothing in a resample is NaN and not counted there; NaN if no fold says anything.
    """
    table = np.array(
        [
            score(repeat, np.flatnonzero(numbers == number))
            for repeat, numbers in enumerate(fold)
            for number in np.unique(numbers)
        ]
    )
    counted = np.isfinite(table)
    total = np.where(counted, table, 0.0).sum(axis=0)
    nothing = np.full(table.shape[1], np.nan)
    average: Array = np.divide(total, counted.sum(axis=0), out=nothing, where=counted.any(axis=0))
    return average
