"""Sample sizes of one test, and its power, for many assays at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from stratomics.enrichment.design.calendar import integrated_event_probability
from stratomics.enrichment.design.group_sequential import fixed_design
from stratomics.enrichment.design.setting import AssumedEffect, Setting

__all__ = ["Sizes", "power_of_one_test", "sizes_of_one_test"]

Array = NDArray[np.float64]

BISECTIONS = 48
"""Bisections of the enrolment time; they determine the number of patients to one billionth."""


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
    size; here the enrolment time is found by bisection, for all trials together.

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

    def calendar(time: Array) -> tuple[Array, Array]:
        return _events(setting, effect, belonging, rate, time, follow_up)

    def enough(time: Array) -> NDArray[np.bool_]:
        events, log_ratio = calendar(time)
        return (log_ratio < 0.0) & (events * log_ratio**2 >= needed)

    low, high = np.zeros_like(rate), most / rate
    possible = enough(high)
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        reached = enough(middle)
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    events, _ = calendar(high)
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
