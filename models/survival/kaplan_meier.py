"""Kaplan-Meier in numpy, for many sets of weights at once: heads, calibration, evaluation share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "LEAST_AT_RISK",
    "LEAST_UNCENSORED",
    "StepFunction",
    "censoring_survival",
    "followed_until",
    "kaplan_meier",
    "restricted_mean",
]

LEAST_UNCENSORED = 0.1
"""The probability of being uncensored, below which one patient would stand for more than ten."""

LEAST_AT_RISK = 10
"""Patients still followed."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StepFunction:
    """Right-continuous steps: `before` until the first of `times` (t,), then `values` (..., t)."""

    times: Array
    values: Array
    before: float = 1.0

    def __call__(self, at: Array) -> Array:
        """Values (..., len(at)) at the times `at`; the last value is carried forward.

        Examples
        --------
        >>> StepFunction(np.array([1.0, 2.0]), np.array([0.5, 0.0]))(np.array([0.5, 1.0, 9.0]))
        array([1. , 0.5, 0. ])
        """
        position = np.searchsorted(self.times, at, side="right")
        first = np.full((*self.values.shape[:-1], 1), self.before)
        return np.concatenate([first, self.values], axis=-1)[..., position]

    def own(self, at: Array) -> Array:
        """(n,) value of each row of `values` (n, t) at a time `at` (n,) of its own.

        Examples
        --------
        >>> StepFunction(np.array([1.0]), np.array([[0.5], [0.2]])).own(np.array([0.5, 3.0]))
        array([1. , 0.2])
        """
        position = np.searchsorted(self.times, at, side="right")
        rows = np.arange(len(self.values))
        own: Array = np.where(position > 0, self.values[rows, position - 1], self.before)
        return own


def restricted_mean(curve: StepFunction, horizon: float) -> Array:
    """(...) area under each curve up to `horizon`: of S(t) the restricted mean survival time.

    Examples
    --------
    >>> restricted_mean(StepFunction(np.array([1.0, 2.0]), np.array([0.5, 0.0])), 3.0).item()
    1.5
    """
    inside = curve.times < horizon
    ends = np.concatenate([[0.0], curve.times[inside], [horizon]])
    first = np.full((*curve.values.shape[:-1], 1), curve.before)
    area: Array = np.concatenate([first, curve.values[..., inside]], axis=-1) @ np.diff(ends)
    return area


def kaplan_meier(event: NDArray[np.bool_], time: Array, weight: Array | None = None) -> StepFunction:
    """Survival function (Kaplan and Meier 1958, doi 10.2307/2281868).

    Parameters
    ----------
    event, time
        (n,) each.
    weight
        (..., n) how often each patient counts; once if left out.

    Examples
    --------
    >>> kaplan_meier(np.array([True, False, True]), np.array([1.0, 2.0, 3.0])).values.round(3)
    array([0.667, 0.667, 0.   ])
    """
    times, (total, deaths) = _totals(time, _once(time, weight), np.ones_like(event), event)
    return _product_limit(times, deaths, _still_there(total))


def censoring_survival(event: NDArray[np.bool_], time: Array, weight: Array | None = None) -> StepFunction:
    """Probability G(t) of being uncensored at t; who dies at t is not at risk of being censored at t."""
    times, (total, deaths) = _totals(time, _once(time, weight), np.ones_like(event), event)
    return _product_limit(times, total - deaths, _still_there(total) - deaths)


def followed_until(event: NDArray[np.bool_], time: Array) -> float:
    """Latest time at which ten patients at least are followed, none of whom stands for more than ten; 0 without one.

    Examples
    --------
    >>> followed_until(np.ones(20, dtype=bool), np.arange(1.0, 21.0))
    11.0
    """
    times = np.unique(time)
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    # Uncensored just before t: who is censored at t was seen until then.
    uncensored = censoring_survival(event, time)(np.nextafter(times, -np.inf)) if len(times) else times
    return float(times[(at_risk >= LEAST_AT_RISK) & (uncensored >= LEAST_UNCENSORED)].max(initial=0.0))


def _once(time: Array, weight: Array | None) -> Array:
    return np.ones(len(time)) if weight is None else weight


def _totals(time: Array, weight: Array, *masks: NDArray[np.bool_]) -> tuple[Array, list[Array]]:
    """Distinct times (t,), and for each mask the weight (..., t) of its patients at each of them."""
    order = np.argsort(time, kind="stable")
    times, start = np.unique(time[order], return_index=True)
    return times, [np.add.reduceat((weight * mask)[..., order], start, axis=-1) for mask in masks]


def _still_there(total: Array) -> Array:
    return np.cumsum(total[..., ::-1], axis=-1)[..., ::-1]


def _product_limit(times: Array, happened: Array, at_risk: Array) -> StepFunction:
    share = np.divide(happened, at_risk, out=np.zeros_like(happened), where=at_risk > 0)
    values: Array = np.asarray(np.cumprod(1.0 - share, axis=-1), dtype=np.float64)
    return StepFunction(times, values)
