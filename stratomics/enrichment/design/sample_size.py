"""How many events and patients a design needs where the effect is not the same in everybody."""

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

ROUNDS = 50
"""Of guessing the share of events and of the size that follows from it; five settle the third digit."""


@dataclass(frozen=True)
class Size:
    """Events, patients, candidates who are asked, and duration; at most, and not rounded."""

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
    """Size of a trial of one population, its log hazard ratio averaged over the events it expects.

    Parameters
    ----------
    setting, population, effect
        Who is enrolled, and what treatment does to them.
    power, looks
        Its boundaries and level.
    follow_up
        Of the last patient, at the final analysis.

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
        return _sized(setting, population, effect, events, follow_up)

    def share(found: Size) -> float:
        groups = calendar.events_of_groups(found.patients, found.duration)
        return sum(groups[:2]) / sum(groups)

    return _settled(size, share, population.belonging)


def size_of_two_tests(
    setting: Setting, effect: AssumedEffect, power: float, alpha: float, follow_up: float
) -> Size:
    """Size of a trial of all comers that claims positives, all comers, or both: power for any claim, one look.

    Parameters are those of :func:`size_of_one_test`; the closed test is that of Spiessens and Debois.
    """
    require_power(power, alpha)
    everybody, positive = setting.all_comers, setting.positive
    calendar, part = setting.calendar(everybody, effect), setting.calendar(positive, effect)
    inside, outside = positive.log_ratio(effect), setting.negative.log_ratio(effect)

    def size(share: float) -> Size:
        # A benefit of the others alone is no claim of this design.
        best = min(inside, share * inside + (1.0 - share) * outside)
        _require_benefit(best)
        few = schoenfeld_events(math.exp(best), power, alpha, setting.allocation)
        events = _root(
            lambda d: _power_of_any(d, share, inside, outside, alpha, setting.allocation) - power,
            0.1 * few,
            20.0 * few / share,
        )
        return _sized(setting, everybody, effect, events, follow_up)

    def share(found: Size) -> float:
        positives = part.events(found.patients * positive.taken, found.duration)
        return positives / calendar.events(found.patients, found.duration)

    return _settled(size, share, positive.taken)


def _power_of_any(
    events: float, share: float, inside: float, outside: float, alpha: float, allocation: float
) -> float:
    """Probability that the larger z of positives and all comers reaches the boundary of the intersection.

    Given the z of positives, that of all comers is normal with the z of the others: one integral.
    """
    critical = intersection_critical(alpha, share)
    scale = math.sqrt(events * allocation * (1.0 - allocation))
    mean_inside, mean_outside = -inside * scale * math.sqrt(share), -outside * scale * math.sqrt(1.0 - share)
    node, weight = np.polynomial.legendre.leggauss(200)
    low = mean_inside - 9.0
    if critical <= low:
        return 1.0
    z = low + (critical - low) * (node + 1.0) / 2.0
    rest = norm.cdf((critical - math.sqrt(share) * z) / math.sqrt(1.0 - share) - mean_outside)
    return 1.0 - float(weight @ (norm.pdf(z - mean_inside) * rest)) * (critical - low) / 2.0


def _sized(
    setting: Setting, population: Population, effect: AssumedEffect, events: float, follow_up: float
) -> Size:
    calendar = setting.calendar(population, effect)
    patients = calendar.patients(events, follow_up)
    return Size(events, patients, patients / population.taken, calendar.accrual_time(patients) + follow_up)


def _settled(size: Callable[[float], Size], share: Callable[[Size], float], start: float) -> Size:
    """Guess a share, size the trial, take the share that it has, until both agree."""
    guess, found = start, size(start)
    for _ in range(ROUNDS):
        before, guess = guess, share(found)
        found = size(guess)
        if abs(guess - before) < 1e-9:  # noqa: PLR2004  # of the events
            return found
    raise DesignError(
        f"the size of the trial swings between {guess:.0%} and {before:.0%} of the events; state other effects"
    )


def _require_benefit(log_ratio: float) -> None:
    if log_ratio >= 0.0:
        raise DesignError(
            f"the hazard ratio is {math.exp(log_ratio):.3g} on average in those enrolled: no benefit to show"
        )


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-9))
