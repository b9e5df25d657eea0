"""What a metric is, and how one that compares patients averages over folds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.registry import all_entries, resolve
from stratomics.evaluation.metrics import METRICS

__all__ = ["Metric", "find_metric", "within_folds"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One number a method.

    Attributes
    ----------
    function
        ``(cases, weight (draws, n)) -> (draws,)``; NaN where the cases say nothing.
    higher_is_better
        None where neither is: the metric is best at `best`, and no method is called better by it.
    label
        Name for people.
    best
        The value to be met, where neither higher nor lower is better.
    interval
        Whether resampled patients give it one. A p value has none, nor has a distance from the truth: it grows in every
        resample, and near 0 the bootstrap is wrong of it (Andrews 2000, doi 10.1111/1468-0262.00114).
    absent
        Why there is no figure where the function gives NaN; None where that is an error.
    """

    function: Callable[[Any, Array], Array]
    higher_is_better: bool | None
    label: str
    best: float | None = None
    interval: bool = True
    absent: str | None = None

    @property
    def direction(self) -> str:
        """Direction for people."""
        if self.higher_is_better is None:
            return f"{self.best:g} is best"
        return f"{'higher' if self.higher_is_better else 'lower'} is better"

    @property
    def decides(self) -> bool:
        """Whether methods can be compared by it: it has a direction, an interval, and a figure for everybody."""
        return self.higher_is_better is not None and self.interval and self.absent is None


def find_metric(name: str) -> Metric:
    """Metric of any kind by its name."""
    metric: Metric = resolve(all_entries(METRICS), name, "metric")
    return metric


def within_folds(fold: NDArray[np.int64], score: Callable[[int, NDArray[np.int64]], Array]) -> Array:
    """Average ``score(repeat, rows) -> (draws, ...)`` over the folds (repeats, n) of all repeats.

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
    nothing = np.full(table.shape[1:], np.nan)
    average: Array = np.divide(total, counted.sum(axis=0), out=nothing, where=counted.any(axis=0))
    return average
