"""Events and patients that a design needs if the effect differs between the subgroup and the other patients."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.stats import norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_power
from stratomics.enrichment.design.combination import intersection_critical
from stratomics.enrichment.design.events import schoenfeld_events
from stratomics.enrichment.design.group_sequential import GroupSequential
from stratomics.enrichment.design.setting import AssumedEffect, Population, Setting

__all__ = ["Size", "size_of_one_test", "size_of_two_tests"]

MAX_ITERATIONS = 50
"""Iterations between the share of events and the sample size; five of them fix three digits."""


@dataclass(frozen=True)
class Size:
    """Largest numbers of events, patients and screened candidates, and the duration; not rounded."""

    events: float
    patients: float
    candidates: float
    duration: float


def size_of_one_test(
    setting: Setting,
    population: Population,
    effect: AssumedEffect,
    power: float,
    looks: GroupSequential,
    follow_up: float,
) -> Size:
    """Sample size of a trial of one population, with the log hazard ratio averaged over the expected events.

    Parameters
    ----------
    setting, population, effect
        Disease and enrolment, population to enrol, and assumed effect.
    power, looks
        Power; boundaries and level.
    follow_up
        Follow-up of the last patient at the final analysis, in the unit of the rates.

    Returns
    -------
    Size
        Events, patients, candidates and duration.

    Raises
    ------
    DesignError
        If there is no benefit on average.
    """
    calendar = setting.calendar(population, effect)

    def size(inside: float) -> Size:
        average = inside * math.log(effect.inside) + (1.0 - inside) * math.log(effect.outside)
        _require_benefit(average)
        events = looks.maximum_events(math.exp(average), power, setting.allocation)
        return _size_for_events(setting, population, effect, events, follow_up)

    def share(result: Size) -> float:
        groups = calendar.events_of_groups(result.patients, result.duration)
        return sum(groups[:2]) / sum(groups)

    return _fixed_point(size, share, population.belonging)


def size_of_two_tests(
    setting: Setting, effect: AssumedEffect, power: float, alpha: float, follow_up: float
) -> Size:
    """Sample size of a stratified trial of all comers that may reject for the subgroup, all comers, or both.

    The trial has one look and the closed test of Spiessens and Debois (2010, doi 10.1016/j.cct.2010.08.011).

    Parameters
    ----------
    setting, effect
        Disease and enrolment, and assumed effect.
    power, alpha
        Power to reject any null hypothesis; `alpha` is one-sided and familywise.
    follow_up
        Follow-up of the last patient at the final analysis, in the unit of the rates.

    Returns
    -------
    Size
        Events, patients, candidates and duration.
    """
    require_power(power, alpha)
    all_comers, positive = setting.all_comers, setting.positive
    calendar, part = setting.calendar(all_comers, effect), setting.calendar(positive, effect)
    inside, outside = positive.log_ratio(effect), setting.negative.log_ratio(effect)

    def size(share: float) -> Size:
        # This design cannot claim a benefit of the test-negative patients alone.
        best = min(inside, share * inside + (1.0 - share) * outside)
        _require_benefit(best)
        few = schoenfeld_events(math.exp(best), power, alpha, setting.allocation)
        events = _root(
            lambda d: _power_of_any(d, share, inside, outside, alpha, setting.allocation) - power,
            0.1 * few,
            20.0 * few / share,
        )
        return _size_for_events(setting, all_comers, effect, events, follow_up)

    def share(result: Size) -> float:
        positives = part.events(result.patients * positive.taken, result.duration)
        return positives / calendar.events(result.patients, result.duration)

    return _fixed_point(size, share, positive.taken)


def _power_of_any(
    events: float, share: float, inside: float, outside: float, alpha: float, allocation: float
) -> float:
    """Probability that the larger z of the subgroup and all comers reaches the boundary of the intersection.

    Given the z of the subgroup, the z of all comers is normal, so that one integral is enough.
    """
    critical = intersection_critical(alpha, share)
    scale = math.sqrt(events * allocation * (1.0 - allocation))
    mean_inside, mean_outside = -inside * scale * math.sqrt(share), -outside * scale * math.sqrt(1.0 - share)
    node, weight = np.polynomial.legendre.leggauss(200)
    low = mean_inside - 9.0
    if critical <= low:
        return 1.0
    z = low + (critical - low) * (node + 1.0) / 2.0
    below = norm.cdf((critical - math.sqrt(share) * z) / math.sqrt(1.0 - share) - mean_outside)
    return 1.0 - float(weight @ (norm.pdf(z - mean_inside) * below)) * (critical - low) / 2.0


def _size_for_events(
    setting: Setting, population: Population, effect: AssumedEffect, events: float, follow_up: float
) -> Size:
    calendar = setting.calendar(population, effect)
    patients = calendar.patients(events, follow_up)
    return Size(events, patients, patients / population.taken, calendar.accrual_time(patients) + follow_up)


def _fixed_point(size: Callable[[float], Size], share: Callable[[Size], float], start: float) -> Size:
    """Iterate between the share of events and the sample size until both agree."""
    guess, result = start, size(start)
    for _ in range(MAX_ITERATIONS):
        before, guess = guess, share(result)
        result = size(guess)
        if abs(guess - before) < 1e-9:  # noqa: PLR2004  # of the events
            return result
    raise DesignError(
        f"the share of events does not converge ({guess:.0%} and {before:.0%} in turn); state other effects"
    )


def _require_benefit(log_ratio: float) -> None:
    if log_ratio >= 0.0:
        raise DesignError(
            f"the mean hazard ratio of the enrolled patients is {math.exp(log_ratio):.3g}: there is no benefit to show"
        )


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-9))
