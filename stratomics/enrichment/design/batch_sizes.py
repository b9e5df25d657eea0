"""Sizes of one test for many assays at once: what they share is worked out a single time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.design.calendar import waited
from stratomics.enrichment.design.group_sequential import fixed_design
from stratomics.enrichment.design.setting import AssumedEffect, Setting

__all__ = ["Sizes", "sizes_of_one_test"]

Array = NDArray[np.float64]

HALVINGS = 48
"""Of the time in which all are enrolled: a billionth of a patient."""


@dataclass(frozen=True)
class Sizes:
    """As ``Size``, (n,) each; infinite where there is no benefit, or more patients are needed than may be."""

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
    """Size trials that differ in who is enrolled alone, by the equation of ``size_of_one_test``, looked at once.

    That one guesses the share of events inside and sizes again until both agree; here the time of enrolment at which
    they agree is found by halving, for all trials together.

    Parameters
    ----------
    setting
        Its hazards, allocation, dropout and candidates, who come at one rate; its assay says nothing here.
    effect
        Hazard ratios inside and outside.
    belonging, taken
        (n,) share of those enrolled who truly belong, and share of the candidates taken.
    power, alpha, follow_up
        As in ``Question``.
    most
        Patients beyond which nobody asks.

    Examples
    --------
    >>> from stratomics.enrichment.design.assay import Assay
    >>> from stratomics.enrichment.design.step_rate import StepRate
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> one, share = np.ones(1), np.array([0.4])
    >>> np.ceil(sizes_of_one_test(setting, AssumedEffect(0.6, 0.9), one, share, 0.8, 0.025, 12.0, 2e4).events)
    array([121.])
    """
    assert len(setting.candidates.rates) == 1
    rate = setting.candidates.rates[0] * taken
    of_both = [
        (hazard, hazard.times(ratio), math.log(ratio))
        for hazard, ratio in ((setting.inside, effect.inside), (setting.outside, effect.outside))
    ]
    allocation = setting.allocation
    # What a trial needs falls with the square of the log hazard ratio.
    needed = fixed_design(alpha).maximum_events(math.exp(-1.0), power, allocation)

    def calendar(time: Array) -> tuple[Array, Array]:
        """Events expected, and the mean log hazard ratio over them, where enrolment takes `time`."""
        events, log_ratio = np.zeros_like(time), np.zeros_like(time)
        end, start = time + follow_up, np.array([follow_up])
        for share, (control, treated, log) in zip((belonging, 1.0 - belonging), of_both, strict=True):
            of_arms = (
                part * (waited(hazard, setting.dropout, end) - waited(hazard, setting.dropout, start))
                for part, hazard in ((1.0 - allocation, control), (allocation, treated))
            )
            some = rate * share * sum(of_arms)
            events, log_ratio = events + some, log_ratio + some * log
        return events, log_ratio / events

    def enough(time: Array) -> NDArray[np.bool_]:
        events, log_ratio = calendar(time)
        return (log_ratio < 0.0) & (events * log_ratio**2 >= needed)

    low, high = np.zeros_like(rate), most / rate
    possible = enough(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        reached = enough(middle)
        low, high = np.where(reached, low, middle), np.where(reached, middle, high)
    events, _ = calendar(high)
    found = (events, rate * high, high + follow_up)
    return Sizes(*(np.where(possible, value, np.inf) for value in found))
