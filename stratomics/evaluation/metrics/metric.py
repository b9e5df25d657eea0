"""The definition of a metric, and the average over folds for metrics that compare patients with each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.registry import all_entries, resolve
from stratomics.evaluation.metrics import METRICS

__all__ = ["SHARE", "Metric", "find_metric", "within_folds"]

Array = NDArray[np.float64]

SHARE = (0.0, 1.0)
"""Limits of a share, a probability, or a mean of squared errors of probabilities."""


@dataclass(frozen=True)
class Metric:
    """A metric with one value per method.

    Attributes
    ----------
    function
        ``(cases, weight (draws, n)) -> (draws,)``; NaN if the metric cannot be computed.
    higher_is_better
        None if the metric has no direction: `best` is its optimal value, and methods are not ranked by it.
    label
        Name in texts.
    best
        Optimal value of a metric without direction.
    interval
        Whether the metric has a bootstrap interval. P values have none, and neither have distances from the truth: a
        distance increases in every resample, and the bootstrap is inconsistent near 0 (Andrews 2000, doi
        10.1111/1468-0262.00114).
    limits
        Smallest and largest possible value.
    absent
        Reason that is reported if the function returns NaN; None if NaN is an error.
    """

    # Of one kind of cases, which the registry knows and the type does not.
    function: Callable[[Any, Array], Array]
    higher_is_better: bool | None
    label: str
    best: float | None = None
    interval: bool = True
    limits: tuple[float, float] = (-np.inf, np.inf)
    absent: str | None = None

    @property
    def direction(self) -> str:
        """Direction in texts."""
        if self.higher_is_better is None:
            return f"{self.best:g} is best"
        return f"{'higher' if self.higher_is_better else 'lower'} is better"

    @property
    def can_compare(self) -> bool:
        """Whether the metric can compare methods: it has a direction, an interval, and a value for each method."""
        return self.higher_is_better is not None and self.interval and self.absent is None


def find_metric(name: str) -> Metric:
    """Find a metric of any kind of endpoint by its name."""
    metric: Metric = resolve(all_entries(METRICS), name, "metric")
    return metric


def within_folds(fold: NDArray[np.int64], score: Callable[[int, NDArray[np.int64]], Array]) -> Array:
    """Average a score over the folds of all repeats.

    Parameters
    ----------
    fold
        (repeats, n) number of the fold of each patient.
    score
        ``(repeat, rows) -> (draws, ...)``, the score within one fold; NaN in a resample in which it cannot be computed.

    Returns
    -------
    numpy.ndarray
        (draws, ...) mean over the folds that are not NaN; NaN if all of them are.
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
    undefined = np.full(table.shape[1:], np.nan)
    average: Array = np.divide(total, counted.sum(axis=0), out=undefined, where=counted.any(axis=0))
    return average
