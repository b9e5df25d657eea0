"""Length of follow-up: the reverse Kaplan-Meier curve and its median."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, censoring_survival
from models.survival.risk_sets import greenwood_terms
from omics.cohort.endpoints import Survival
from stratomics.evaluation.intervals import log_log_interval

__all__ = ["FollowUp", "follow_up"]

Array = NDArray[np.float64]

HALF = 0.5


@dataclass(frozen=True)
class FollowUp:
    """Follow-up of n patients.

    Attributes
    ----------
    curve
        Probability of still being followed at t, if no patient had the event.
    median, low, high
        Median follow-up with its 95% interval, in units of time; NaN if the curve, or an end of its interval, does not
        reach one half.
    """

    curve: StepFunction
    median: float
    low: float
    high: float


def follow_up(survival: Survival) -> FollowUp:
    """Estimate the follow-up of the observed patients by the reverse Kaplan-Meier curve.

    Schemper and Smith 1996, doi 10.1016/0197-2456(96)00075-X: censoring is treated as the event, and the event as
    censoring. Patients with the event at t are not at risk of being censored at t, as in
    :func:`models.survival.kaplan_meier.censoring_survival`. The interval is that of Brookmeyer and Crowley 1982 (doi
    10.2307/2530286), from pointwise intervals on the log-log scale.

    Examples
    --------
    >>> time = np.arange(1.0, 9.0)
    >>> result = follow_up(Survival(time, np.zeros(8, dtype=bool), np.ones(8, dtype=bool)))
    >>> result.median, result.low, result.high
    (4.0, 1.0, 7.0)
    """
    rows = survival.observed
    event, time = survival.event[rows], survival.time[rows]
    curve = censoring_survival(event, time)
    # A patient with the event leaves just before, so that they are not at risk of being censored at that time.
    left = np.where(event, np.nextafter(time, -np.inf), time)
    low, high = log_log_interval(curve.values, np.cumsum(greenwood_terms(~event, left, curve.times)))
    return FollowUp(curve, *(_reached(curve.times, at) for at in (curve.values, low, high)))


def _reached(times: Array, values: Array) -> float:
    """First time at which `values` are at most one half."""
    half = times[values <= HALF]
    return float(half[0]) if len(half) else np.nan
