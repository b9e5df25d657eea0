"""Length of follow-up, by the reverse Kaplan-Meier curve, and the horizons within it at which results are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, censoring_survival, followed_until
from models.survival.risk_sets import greenwood_terms
from omics.cohort.endpoint_columns import HALF_A_DAY
from omics.cohort.endpoints import Survival
from stratomics.evaluation.intervals import log_log_interval

__all__ = ["FollowUp", "follow_up", "horizon_times", "main_horizon"]

Array = NDArray[np.float64]

HALF = 0.5

YEARS, MONTHS = (1.0, 3.0, 5.0), (6.0, 12.0, 24.0)
LEAST_YEARS = 3.0
"""Follow-up from which horizons are years."""


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


def horizon_times(survival: Survival, chosen: Sequence[float] = ()) -> NDArray[np.float64]:
    """Choose the times at which survival and discrimination are shown.

    Parameters
    ----------
    survival
        The endpoint; patients without it are left out.
    chosen
        Times of the configuration, which are all kept.

    Returns
    -------
    numpy.ndarray
        The chosen times; otherwise 1, 3 and 5 years if ten patients are followed for three years, or 6, 12 and 24
        months, as far as ten patients are followed. Empty for another unit.
    """
    if len(chosen):
        return np.array(sorted(chosen), dtype=np.float64)
    if survival.unit not in HALF_A_DAY:
        return np.array([])
    year = HALF_A_DAY[survival.unit] / HALF_A_DAY["years"]
    last = _followed(survival)
    times = np.array(YEARS) * year if last >= LEAST_YEARS * year else np.array(MONTHS) * year / 12.0
    return times[times <= last]


def main_horizon(survival: Survival, chosen: Sequence[float] = ()) -> float:
    """Choose the one time at which calibration, decision curves, groups and effects are evaluated.

    Parameters
    ----------
    survival
        The endpoint; at least one patient has it.
    chosen
        Times of the configuration.

    Returns
    -------
    float
        The latest of :func:`horizon_times` to which half of the patients are followed (reverse Kaplan-Meier), or the
        earliest if none is. Without such a time, or an event by then, the median time of an event; without events, the
        median time.

    Examples
    --------
    >>> time = np.linspace(100.0, 3000.0, 60)
    >>> main_horizon(Survival(time, np.arange(60) % 2 == 0, np.ones(60, dtype=bool), "days"))
    1826.25
    """
    rows = survival.observed
    event, time = survival.event[rows], survival.time[rows]
    times = horizon_times(survival, chosen)
    known = [at for at in times if at <= _followed(survival) and (event & (time <= at)).any()]
    if not known:
        return float(np.median(time[event] if event.any() else time))
    median = follow_up(survival).median
    return float(max((at for at in known if not at > median), default=known[0]))


def _followed(survival: Survival) -> float:
    """Last time to which ten patients are followed."""
    rows = survival.observed
    return followed_until(survival.event[rows], survival.time[rows])
