"""Outcomes of virtual trials of any design, and the protocol of a design."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.setting import Setting
from stratomics.enrichment.virtual.effect_scenarios import TrialScenario
from stratomics.enrichment.virtual.patients import Draws, Patients

__all__ = [
    "Outcomes",
    "TrialPlan",
    "analysis_time",
    "candidates_screened",
    "cost",
    "outcomes_at",
    "require_patients",
    "utility",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of virtual trials, (trials,) each.

    Attributes
    ----------
    subgroup, all_comers
        Whether the null hypotheses of the test-positive patients and of all comers were rejected.
    duration
        Time from the first patient to the analysis that ended the trial.
    events
        Events until then, among all randomised patients.
    randomised, tested
        Numbers of randomised patients and of assays.
    short
        Whether the trial ended with too few events: too many patients dropped out, or the longest duration was reached.
    """

    subgroup: Mask
    all_comers: Mask
    duration: Array
    events: NDArray[np.int64]
    randomised: NDArray[np.int64]
    tested: Array
    short: Mask

    @property
    def rejected(self) -> Mask:
        """Whether any null hypothesis was rejected."""
        return self.subgroup | self.all_comers

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Join the outcomes of several chunks of trials."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


class TrialPlan(Protocol):
    """A design that can be run on virtual patients."""

    @property
    def patients(self) -> int:
        """Largest number of randomised patients."""

    def conduct(self, draws: Draws, setting: Setting, scenario: TrialScenario) -> Outcomes:
        """Run the design on the drawn patients under a scenario."""


def cost(outcomes: Outcomes, setting: Setting) -> Array:
    """Compute the cost of each trial.

    Parameters
    ----------
    outcomes
        Outcomes of the trials.
    setting
        Setting with the costs.

    Returns
    -------
    ndarray
        (trials,) costs.
    """
    price = setting.economics
    total: Array = (
        price.patient * outcomes.randomised + price.test * outcomes.tested + price.time * outcomes.duration
    )
    return total


def utility(outcomes: Outcomes, setting: Setting, scenario: TrialScenario) -> Array:
    """Benefit of future patients minus the cost of the trial.

    Patients who are treated because of a rejection gain their true log hazard ratio, or lose it if the treatment is
    harmful. A delayed effect is not subtracted.

    Parameters
    ----------
    outcomes
        Outcomes of the trials.
    setting
        Setting with assay, costs and benefit.
    scenario
        True effects.

    Returns
    -------
    ndarray
        (trials,) utilities, in the unit of the costs.
    """
    inside, outside = -scenario.log_ratio
    positive, all_comers = setting.positive, setting.all_comers
    among_positive = positive.taken * (positive.belonging * inside + (1.0 - positive.belonging) * outside)
    among_all = all_comers.belonging * inside + (1.0 - all_comers.belonging) * outside
    gain = np.select([outcomes.all_comers, outcomes.subgroup], [among_all, among_positive], 0.0)
    value: Array = setting.economics.benefit * gain - cost(outcomes, setting)
    return value


def require_patients(patients: int, events: float) -> None:
    """Check that a trial of `patients` can have `events`.

    Parameters
    ----------
    patients
        Largest number of randomised patients.
    events
        Events at the final look.

    Raises
    ------
    DesignError
        If there are no events, or more events than patients.
    """
    if not patients >= events > 0:
        raise DesignError(
            f"{events:g} events of {patients} patients; there must be at least one event, and no more than patients"
        )


def analysis_time(reached: Array, patients: Patients, setting: Setting) -> Array:
    """Calendar time of an analysis.

    If the events never occur, it is the time of the last event or dropout, or the longest duration of a trial.

    Parameters
    ----------
    reached
        (trials,) calendar time at which the events are reached; infinite if they are not.
    patients
        Patients of the trials.
    setting
        Setting with the longest duration.

    Returns
    -------
    ndarray
        (trials,) calendar times.
    """
    last: Array = np.minimum((patients.entry + patients.time).max(axis=1), setting.longest)
    return np.minimum(reached, last)


def candidates_screened(patients: Patients, at: Array) -> Array:
    """Count the candidates screened by the time of an analysis.

    Parameters
    ----------
    patients
        Patients of the trials.
    at
        (trials,) calendar time of the analysis.

    Returns
    -------
    ndarray
        (trials,) number of the last candidate randomised by then.
    """
    last: Array = np.where(patients.entry <= at[:, None], patients.candidate, 0.0).max(axis=1)
    return last


def outcomes_at(
    patients: Patients, at: Array, subgroup: Mask, all_comers: Mask, tested: Array, short: Mask
) -> Outcomes:
    """Summarize the trials at their last analysis.

    Parameters
    ----------
    patients
        Patients of the trials.
    at
        (trials,) calendar time of the last analysis.
    subgroup, all_comers
        (trials,) whether each null hypothesis was rejected.
    tested
        (trials,) number of assays.
    short
        (trials,) whether the trial ended with too few events.

    Returns
    -------
    Outcomes
        Outcomes of the trials.
    """
    events = (patients.event_calendar_time <= at[:, None]).sum(axis=1)
    randomised = (patients.entry <= at[:, None]).sum(axis=1)
    return Outcomes(subgroup, all_comers, at, events, randomised, tested, short)
