"""Sample sizes of one test, and its power, for many assays at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from stratomics.enrichment.design.calendar import integrated_event_probability
from stratomics.enrichment.design.group_sequential import fixed_design
from stratomics.enrichment.design.setting import AssumedEffect, Setting

__all__ = ["Sizes", "power_of_one_test", "sizes_of_one_test"]

Array = NDArray[np.float64]

PRECISION, MOST_STEPS = 1e-10, 100
"""Relative precision of the enrolment time, and the largest number of steps that look for it."""


@dataclass(frozen=True)
class Sizes:
    """Sizes (n,) as in ``Size``; infinite if there is no benefit, or if more patients are needed than allowed."""

    events: Array
    patients: Array
    duration: Array


def sizes_of_one_test(
    setting: Setting,
    effect: AssumedEffect,
    belonging: Array,
    taken: Array,
    power: float,
    alpha: float,
    follow_up: float,
    most: float,
) -> Sizes:
    """Sample sizes of many trials with one look that differ only in the enrolled population.

    The result solves the equation of ``size_of_one_test``. That function iterates between the share of events and the
    size; here the enrolment time is found for all trials together.

    Parameters
    ----------
    setting
        Hazards, allocation, dropout, and candidates at a constant rate; its assay is ignored.
    effect
        Hazard ratios inside and outside the subgroup.
    belonging, taken
        (n,) share of the enrolled patients who are in the subgroup, and share of the candidates who are eligible.
    power, alpha, follow_up
        As in ``Question``.
    most
        Largest number of patients allowed.

    Returns
    -------
    Sizes
        Events, patients and duration of each trial.

    Examples
    --------
    >>> from stratomics.enrichment.design.assay import Assay
    >>> from stratomics.enrichment.design.step_rate import StepRate
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> one, share = np.ones(1), np.array([0.4])
    >>> np.ceil(sizes_of_one_test(setting, AssumedEffect(0.6, 0.9), one, share, 0.8, 0.025, 12.0, 2e4).events)
    array([121.])
    """
    rate = _rate(setting, taken)
    # The number of events is inversely proportional to the squared log hazard ratio.
    needed = fixed_design(alpha).maximum_events(math.exp(-1.0), power, setting.allocation)

    def missing(time: Array) -> Array:
        """Compute what is missing of the information that the test needs; negative where there is enough."""
        events, log_ratio = _events(setting, effect, belonging, rate, time, follow_up)
        return needed - np.where(log_ratio < 0.0, events * log_ratio**2, 0.0)

    high, possible = _first_enough(missing, most / rate, needed)
    events, _ = _events(setting, effect, belonging, rate, high, follow_up)
    values = (events, rate * high, high + follow_up)
    return Sizes(*(np.where(possible, value, np.inf) for value in values))


def power_of_one_test(
    setting: Setting,
    effect: AssumedEffect,
    belonging: Array,
    taken: Array,
    patients: float,
    alpha: float,
    follow_up: float,
) -> Array:
    """Power of many trials of the same number of patients, by the equation of :func:`sizes_of_one_test`.

    Parameters
    ----------
    setting, effect, belonging, taken, alpha, follow_up
        As in :func:`sizes_of_one_test`.
    patients
        Patients in both arms together.

    Returns
    -------
    ndarray
        (n,) power to show a benefit.

    Examples
    --------
    >>> from stratomics.enrichment.design.assay import Assay
    >>> from stratomics.enrichment.design.step_rate import StepRate
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> one, share, effect = np.ones(1), np.array([0.4]), AssumedEffect(0.6, 0.9)
    >>> size = sizes_of_one_test(setting, effect, one, share, 0.8, 0.025, 12.0, 2e4)
    >>> power_of_one_test(setting, effect, one, share, float(size.patients[0]), 0.025, 12.0).round(4)
    array([0.8])
    """
    rate = _rate(setting, taken)
    events, log_ratio = _events(setting, effect, belonging, rate, patients / rate, follow_up)
    share = setting.allocation * (1.0 - setting.allocation)
    reach: Array = norm.cdf(-log_ratio * np.sqrt(events * share) - norm.isf(alpha))
    return reach


def _first_enough(
    missing: Callable[[Array], Array], longest: Array, needed: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Find the time at which nothing is missing any more, by the Illinois form of the method of false position.

    Dowell and Jarratt 1971, doi 10.1007/BF01934364.

    Returns
    -------
    tuple
        (n,) times, and whether the longest time is enough.
    """
    low, high = np.zeros_like(longest), longest.copy()
    at_low, at_high = np.full_like(longest, needed), missing(longest)
    possible = at_high <= 0.0
    before = np.zeros_like(possible)
    for step in range(MOST_STEPS):
        if not (possible & (high - low > PRECISION * high)).any():
            break
        middle = (low + high) / 2.0
        if step:
            with np.errstate(invalid="ignore", divide="ignore"):
                secant = high - at_high * (high - low) / (at_high - at_low)
            middle = np.where((secant > low) & (secant < high), secant, middle)
        found = missing(middle)
        reached = found <= 0.0
        # An end that stays twice counts half, so that both ends move.
        again = (reached == before) & (step > 0)
        at_low = np.where(reached, np.where(again, at_low / 2.0, at_low), found)
        at_high = np.where(reached, found, np.where(again, at_high / 2.0, at_high))
        low, high, before = np.where(reached, low, middle), np.where(reached, middle, high), reached
    return high, possible


def _rate(setting: Setting, taken: Array) -> Array:
    """Patients enrolled per unit of time."""
    assert len(setting.candidates.rates) == 1
    return setting.candidates.rates[0] * taken


def _events(
    setting: Setting, effect: AssumedEffect, belonging: Array, rate: Array, time: Array, follow_up: float
) -> tuple[Array, Array]:
    """Compute the expected events, and their mean log hazard ratio, if enrolment takes `time`."""
    events, log_ratio = np.zeros_like(time), np.zeros_like(time)
    end, start = time + follow_up, np.array([follow_up])
    sides = ((belonging, setting.inside, effect.inside), (1.0 - belonging, setting.outside, effect.outside))
    for share, hazard, ratio in sides:
        arms = ((1.0 - setting.allocation, hazard), (setting.allocation, hazard.scaled(ratio)))
        of_arms = (
            part
            * (
                integrated_event_probability(of_arm, setting.dropout, end)
                - integrated_event_probability(of_arm, setting.dropout, start)
            )
            for part, of_arm in arms
        )
        group_events = rate * share * sum(of_arms)
        events, log_ratio = events + group_events, log_ratio + group_events * math.log(ratio)
    return events, log_ratio / events
