"""How long patients were followed: the reverse Kaplan-Meier curve, its median, and who was still watched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, censoring_survival
from omics.cohort.endpoints import Survival
from stratomics.evaluation.log_log_interval import log_log_interval

__all__ = ["FollowUp", "follow_up"]

Array = NDArray[np.float64]

HALF = 0.5


@dataclass(frozen=True)
class FollowUp:
    """Follow-up of n patients.

    Attributes
    ----------
    curve
        Probability of still being followed at t, had nobody the event.
    median, low, high
        Median follow-up with its 95% interval, in units of time; NaN where half are never censored, and where an end of
        the interval is not reached.
    """

    curve: StepFunction
    median: float
    low: float
    high: float


def follow_up(survival: Survival) -> FollowUp:
    """Estimate the follow-up of the observed patients by the reverse Kaplan-Meier curve.

    Schemper and Smith 1996, doi 10.1016/0197-2456(96)00075-X: being censored is the event, and the event censors. Who
    has the event at t is not at risk of being censored at t, as in :func:`models.survival.kaplan_meier.censoring_survival`. The
    interval is that of Brookmeyer and Crowley 1982 (doi 10.2307/2530286) from pointwise intervals on the log-log scale.

    Examples
    --------
    >>> time = np.arange(1.0, 9.0)
    >>> found = follow_up(Survival(time, np.zeros(8, dtype=bool), np.ones(8, dtype=bool)))
    >>> found.median, found.low, found.high
    (4.0, 1.0, 7.0)
    """
    rows = survival.observed
    event, time = survival.event[rows], survival.time[rows]
    curve = censoring_survival(event, time)
    low, high = log_log_interval(curve.values, _greenwood(event, time, curve.times))
    return FollowUp(curve, *(_reached(curve.times, at) for at in (curve.values, low, high)))


def _greenwood(event: NDArray[np.bool_], time: Array, times: Array) -> Array:
    """(t,) Greenwood's sum of the reverse curve."""
    still = _from(time, times)
    deaths, lost = (_from(part, times) - _beyond(part, times) for part in (time[event], time[~event]))
    at_risk = still - deaths
    left = at_risk * (at_risk - lost)
    return np.cumsum(np.divide(lost, left, out=np.zeros(len(times)), where=left > 0))


def _from(time: Array, times: Array) -> Array:
    """(t,) patients whose time is not before each of `times`."""
    count: Array = (len(time) - np.searchsorted(np.sort(time), times)).astype(np.float64)
    return count


def _beyond(time: Array, times: Array) -> Array:
    """(t,) patients whose time is after each of `times`."""
    count: Array = (len(time) - np.searchsorted(np.sort(time), times, side="right")).astype(np.float64)
    return count


def _reached(times: Array, values: Array) -> float:
    """First time at which `values` are at most one half."""
    half = times[values <= HALF]
    return float(half[0]) if len(half) else np.nan
