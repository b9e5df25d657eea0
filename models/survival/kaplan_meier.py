"""Kaplan-Meier curves in numpy, for many sets of weights at once, and what is derived from them.

`docs/decisions/survival_estimators.md` says which estimator of the project to use when.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.risk_sets import number_at_risk

__all__ = [
    "LEAST_AT_RISK",
    "LEAST_UNCENSORED",
    "StepFunction",
    "censoring_survival",
    "followed_until",
    "kaplan_meier",
    "product_limit_hazard",
    "restricted_mean",
]

LEAST_UNCENSORED = 0.1
"""Smallest probability of being uncensored; below it a patient would have an inverse probability weight above 10."""

LEAST_AT_RISK = 10
"""Smallest number of patients at risk."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StepFunction:
    """Right-continuous step function: `before` until the first of `times` (t,), then `values` (..., t)."""

    times: Array
    values: Array
    before: float = 1.0

    def __call__(self, at: Array) -> Array:
        """Return the values (..., len(at)) at the times `at`; the last value is carried forward.

        Examples
        --------
        >>> StepFunction(np.array([1.0, 2.0]), np.array([0.5, 0.0]))(np.array([0.5, 1.0, 9.0]))
        array([1. , 0.5, 0. ])
        """
        position = np.searchsorted(self.times, at, side="right")
        first = np.full((*self.values.shape[:-1], 1), self.before)
        return np.concatenate([first, self.values], axis=-1)[..., position]

    def rowwise(self, at: Array) -> Array:
        """Return the value (n,) of each row of `values` (n, t) at the time of this row, `at` (n,).

        Examples
        --------
        >>> StepFunction(np.array([1.0]), np.array([[0.5], [0.2]])).rowwise(np.array([0.5, 3.0]))
        array([1. , 0.2])
        """
        position = np.searchsorted(self.times, at, side="right")
        rows = np.arange(len(self.values))
        value: Array = np.where(position > 0, self.values[rows, position - 1], self.before)
        return value


def restricted_mean(curve: StepFunction, horizon: float) -> Array:
    """Area under each curve up to a horizon; for S(t) this is the restricted mean survival time.

    Parameters
    ----------
    curve
        Curves with values (..., t).
    horizon
        Upper end of the area, in units of time.

    Returns
    -------
    Array
        (...) areas, in units of time.

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
        (..., n) how often each patient counts; once by default.

    Returns
    -------
    StepFunction
        S (..., t) at the distinct times of events and censoring.

    Examples
    --------
    >>> kaplan_meier(np.array([True, False, True]), np.array([1.0, 2.0, 3.0])).values.round(3)
    array([0.667, 0.667, 0.   ])
    """
    times, (total, deaths) = _totals(time, _once(time, weight), np.ones_like(event), event)
    return _product_limit(times, deaths, _at_or_after(total))


def censoring_survival(event: NDArray[np.bool_], time: Array, weight: Array | None = None) -> StepFunction:
    """Probability G(t) of being uncensored at t, by the reverse Kaplan-Meier estimate.

    A patient with the event at t is not at risk of being censored at t.

    Parameters
    ----------
    event, time
        (n,) each.
    weight
        (..., n) how often each patient counts; once by default.

    Returns
    -------
    StepFunction
        G (..., t) at the distinct times of events and censoring.
    """
    times, (total, deaths) = _totals(time, _once(time, weight), np.ones_like(event), event)
    return _product_limit(times, total - deaths, _at_or_after(total) - deaths)


def followed_until(event: NDArray[np.bool_], time: Array) -> float:
    """Latest time with at least ten patients at risk and no inverse probability of censoring weight above 10.

    Parameters
    ----------
    event, time
        (n,) each.

    Returns
    -------
    float
        The time; 0 if there is none.

    Examples
    --------
    >>> followed_until(np.ones(20, dtype=bool), np.arange(1.0, 21.0))
    11.0
    """
    times = np.unique(time)
    at_risk = number_at_risk(time, times)
    # Just before t, since a patient who is censored at t was observed until t.
    uncensored = censoring_survival(event, time)(np.nextafter(times, -np.inf)) if len(times) else times
    return float(times[(at_risk >= LEAST_AT_RISK) & (uncensored >= LEAST_UNCENSORED)].max(initial=0.0))


def product_limit_hazard(event: NDArray[np.bool_], time: Array, entry: Array | None = None) -> StepFunction:
    """Cumulative hazard as minus the log of the Kaplan-Meier curve, with left truncation.

    Kaplan and Meier 1958, doi 10.2307/2281868. If all patients at risk have the event at the last time, half a patient
    is taken to be left, so that the hazard stays finite.

    Parameters
    ----------
    event, time
        (n,) each.
    entry
        (n,) < time: a patient is at risk at t if ``entry < t <= time``; from the start by default.

    Returns
    -------
    StepFunction
        Hazard (t,) at the distinct event times, 0 before the first one.

    Examples
    --------
    >>> hazard = product_limit_hazard(np.array([True, False, True]), np.array([1.0, 2.0, 3.0]))
    >>> np.exp(-hazard.values).round(3)
    array([0.667, 0.222])
    """
    times, deaths = np.unique(time[event], return_counts=True)
    at_risk = number_at_risk(time, times, entry)
    share = deaths / np.maximum(at_risk, deaths + 0.5)
    return StepFunction(times, np.cumsum(-np.log1p(-share)), before=0.0)


def _once(time: Array, weight: Array | None) -> Array:
    return np.ones(len(time)) if weight is None else weight


def _totals(time: Array, weight: Array, *masks: NDArray[np.bool_]) -> tuple[Array, list[Array]]:
    """Distinct times (t,), and for each mask the weight (..., t) of its patients at each of them."""
    order = np.argsort(time, kind="stable")
    times, start = np.unique(time[order], return_index=True)
    return times, [np.add.reduceat((weight * mask)[..., order], start, axis=-1) for mask in masks]


def _at_or_after(total: Array) -> Array:
    return np.cumsum(total[..., ::-1], axis=-1)[..., ::-1]


def _product_limit(times: Array, events: Array, at_risk: Array) -> StepFunction:
    share = np.divide(events, at_risk, out=np.zeros_like(events), where=at_risk > 0)
    values: Array = np.asarray(np.cumprod(1.0 - share, axis=-1), dtype=np.float64)
    return StepFunction(times, values)
