"""Expected calendar of a trial: enrolment, dropout, and the time until the events have occurred."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_above_zero
from stratomics.enrichment.design.step_rate import StepRate

__all__ = ["Calendar", "Group", "integrated_event_probability"]

Array = NDArray[np.float64]

SMALL = 1e-3
"""Below this value a series is more accurate than a difference."""
MAX_WAIT = 1e6
"""Longest wait for events, in mean times to an event."""


@dataclass(frozen=True)
class Group:
    """Part of the randomised patients with a common hazard.

    Attributes
    ----------
    share
        Share of all randomised patients; the shares of a trial add up to 1.
    hazard
        Hazard of the event, from randomisation.
    """

    share: float
    hazard: StepRate


@dataclass(frozen=True)
class Calendar:
    """Expected calendar of a trial (Lachin and Foulkes 1986, doi 10.2307/2531201), in the time unit of the rates.

    Parameters
    ----------
    groups
        Arms, or arms by subgroup.
    accrual
        Patients randomised per unit of time, until the planned number is reached.
    dropout
        Hazard of dropout, the same for all patients; 0 for no dropout.

    Examples
    --------
    >>> arms = (Group(0.5, StepRate.of_median(12.0)), Group(0.5, StepRate.of_median(18.0)))
    >>> calendar = Calendar(arms, StepRate.constant(20.0), dropout=0.005)
    >>> round(calendar.events(300, at=24.0), 1)
    154.1
    >>> round(calendar.duration(300, events=125.0), 1)
    19.7
    """

    groups: Sequence[Group]
    accrual: StepRate
    dropout: float = 0.0

    def __post_init__(self) -> None:
        total = sum(group.share for group in self.groups)
        if not math.isclose(total, 1.0, abs_tol=1e-9) or any(group.share < 0.0 for group in self.groups):
            raise DesignError(
                f"the groups hold {total:g} of the randomised patients; their shares must add up to 1"
            )
        if not 0.0 <= self.dropout < math.inf:
            raise DesignError(f"the hazard of dropout is {self.dropout:g}; it must be at least 0")

    def accrual_time(self, patients: float) -> float:
        """Time at which the last of `patients` is randomised."""
        require_above_zero("the number of patients", patients)
        return float(self.accrual.inverse(patients))

    def randomised(self, patients: float, at: float) -> float:
        """Compute the number of patients expected to be randomised by the time `at`, out of `patients` planned."""
        return min(patients, float(self.accrual.cumulative(at)))

    def events(self, patients: float, at: float) -> float:
        """Compute the number of events expected by the time `at`, with `patients` randomised in total."""
        return sum(self.events_of_groups(patients, at))

    def events_of_groups(self, patients: float, at: float) -> tuple[float, ...]:
        """Compute the number of events expected in each group by the time `at`; they add up to :meth:`events`."""
        last = self.accrual_time(patients)
        edges = np.array([*(start for start in self.accrual.starts if start < last), last])
        since = np.maximum(at - edges, 0.0)
        return tuple(group.share * self._of_group(group.hazard, since) for group in self.groups)

    def duration(self, patients: float, events: float) -> float:
        """Time at which `events` are expected, with `patients` randomised in total.

        Raises
        ------
        DesignError
            If the patients never have that many events.
        """
        require_above_zero("the number of events", events)
        slowest = min(group.hazard.rates[-1] for group in self.groups)
        end = self.accrual_time(patients) + MAX_WAIT / (slowest + self.dropout)
        most = self.events(patients, end)
        if most <= events:
            raise DesignError(
                f"{events:.0f} events never occur: {patients:.0f} patients have at most {most:.0f} events, and the "
                "others drop out; randomise more patients"
            )
        return _root(lambda at: self.events(patients, at) - events, 0.0, end)

    def patients(self, events: float, follow_up: float) -> float:
        """Patients to randomise so that `events` are expected `follow_up` after the last enrolment; not rounded.

        Examples
        --------
        >>> calendar = Calendar((Group(1.0, StepRate.of_median(12.0)),), StepRate.constant(20.0))
        >>> round(calendar.patients(events=200, follow_up=12.0), 1)
        300.4
        """
        require_above_zero("the number of events", events)
        if not 0.0 <= follow_up < math.inf:
            raise DesignError(f"the follow-up after the last patient is {follow_up:g}; it must be at least 0")

        def missing(patients: float) -> float:
            return self.events(patients, self.accrual_time(patients) + follow_up) - events

        most = 2.0 * events
        while missing(most) < 0.0:
            most *= 2.0
        return _root(missing, events * 1e-6, most)

    def _of_group(self, hazard: StepRate, since: Array) -> float:
        """Events of a trial of this group only; `since` (edges,) is the time since each change of accrual."""
        integral = integrated_event_probability(hazard, self.dropout, since)
        return float(np.array(self.accrual.rates[: len(since) - 1]) @ (integral[:-1] - integral[1:]))


def integrated_event_probability(hazard: StepRate, dropout: float, time: Array) -> Array:
    """Integral from 0 to `time` of the cumulative probability of an observed event.

    It equals the expected events by `time` of a trial that enrols one patient per unit of time.

    Parameters
    ----------
    hazard
        Hazard of the event.
    dropout
        Hazard of dropout.
    time
        Times since the start of accrual, any shape.

    Returns
    -------
    ndarray
        Integrals, in the shape of `time`.
    """
    starts, rates = np.array(hazard.starts), np.array(hazard.rates)
    totals, at_risk, probability = _at_starts(hazard, dropout)
    # Each time lies in one piece; the pieces before it are complete.
    piece = np.clip(np.searchsorted(starts, time, side="right") - 1, 0, len(starts) - 1)
    width = np.maximum(time - starts[piece], 0.0)
    both = (rates[piece] + dropout) * width
    grown = rates[piece] * at_risk[piece] * width**2 * _second(both)
    total: Array = totals[piece] + probability[piece] * width + grown
    return total


# A search for a size asks for the same hazards again and again.
@lru_cache(maxsize=64)
def _at_starts(hazard: StepRate, dropout: float) -> tuple[Array, Array, Array]:
    """Integral, probability of being at risk, and cumulative probability of an event, where each hazard begins."""
    totals, at_risk, probability = [0.0], [1.0], [0.0]
    for start, end, rate in zip(hazard.starts[:-1], hazard.starts[1:], hazard.rates[:-1], strict=True):
        width = end - start
        leaving = np.array((rate + dropout) * width)
        grown = rate * at_risk[-1] * width**2 * float(_second(leaving))
        totals.append(totals[-1] + probability[-1] * width + grown)
        probability.append(probability[-1] + rate * at_risk[-1] * width * float(_first(leaving)))
        at_risk.append(at_risk[-1] * math.exp(-float(leaving)))
    return np.array(totals), np.array(at_risk), np.array(probability)


def _first(x: Array) -> Array:
    """``(1 - exp(-x)) / x``, 1 at 0."""
    safe = np.where(x > 0.0, x, 1.0)
    return np.where(x > 0.0, -np.expm1(-safe) / safe, 1.0)


def _second(x: Array) -> Array:
    """``(1 - first(x)) / x``, 1/2 at 0; near 0 it is computed as a series, because the difference loses digits."""
    safe = np.where(x > SMALL, x, 1.0)
    return np.where(x > SMALL, (1.0 - _first(safe)) / safe, 0.5 - x / 6.0 + x**2 / 24.0)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-10, rtol=1e-12))
