"""Patients and events that a planned trial is expected to have over time, and the effects at which its looks stop."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from omics.common.errors import DesignError
from stratomics.enrichment.design.setting import AssumedEffect, Setting
from stratomics.enrichment.design.trial_design import TrialDesign

__all__ = ["ExpectedEvents", "ExpectedLook", "ExpectedTrial", "expected_trial"]

POINTS = 41
BEYOND = 1.15
"""End of the shown time, in expected durations of the trial."""


@dataclass(frozen=True)
class ExpectedEvents:
    """What is expected by one time.

    Attributes
    ----------
    time
        Time from the first patient, in the unit of the endpoint.
    randomised
        Patients.
    events, without_effect
        Events if the effect is as planned, and if there is none.
    """

    time: float
    randomised: float
    events: float
    without_effect: float


@dataclass(frozen=True)
class ExpectedLook:
    """One analysis.

    Attributes
    ----------
    time
        When its events are expected, if the effect is as planned.
    events
        Number of events.
    efficacy, futility
        Hazard ratio at or below which the trial shows an effect, and at or above which it stops for futility; None
        without that boundary.
    """

    time: float
    events: int
    efficacy: float | None
    futility: float | None


@dataclass(frozen=True)
class ExpectedTrial:
    """Events over time and looks of one design."""

    events: tuple[ExpectedEvents, ...]
    looks: tuple[ExpectedLook, ...]


def expected_trial(design: TrialDesign, setting: Setting, effect: AssumedEffect) -> ExpectedTrial | None:
    """Compute the expected calendar of a design of one enrolled population.

    Parameters
    ----------
    design
        The planned trial.
    setting
        Disease, assay, candidates and dropout.
    effect
        Hazard ratios that the trial is planned for.

    Returns
    -------
    ExpectedTrial or None
        None for an adaptive design, whose population depends on its results, and for a design without a duration.
    """
    if design.name == "adaptive" or design.duration is None:
        return None
    population = setting.positive if design.name == "enrichment" else setting.all_comers
    planned = setting.calendar(population, effect)
    null = setting.calendar(population, AssumedEffect(1.0, 1.0))
    n = float(design.patients)
    times = np.linspace(0.0, BEYOND * design.duration, POINTS)[1:]
    rows = [ExpectedEvents(0.0, 0.0, 0.0, 0.0)] + [
        ExpectedEvents(float(at), planned.randomised(n, at), planned.events(n, at), null.events(n, at))
        for at in times
    ]
    looks = []
    for events, efficacy, futility in zip(design.events, design.efficacy, design.futility, strict=True):
        try:
            when = planned.duration(n, events)
        except DesignError:
            # Numbers are rounded up, so that the last event may be expected just after everyone has left.
            when = design.duration
        ends = (_hazard_ratio(z, events, design.allocation) for z in (efficacy, futility))
        looks.append(ExpectedLook(when, events, *ends))
    return ExpectedTrial(tuple(rows), tuple(looks))


def _hazard_ratio(z: float | None, events: int, allocation: float) -> float | None:
    """Hazard ratio whose log-rank statistic is z, by Schoenfeld's variance (doi 10.1093/biomet/68.1.316)."""
    if z is None:
        return None
    return math.exp(-z / math.sqrt(events * allocation * (1.0 - allocation)))
