"""What a virtual trial leaves behind, whatever its design, and what a design promises."""

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
    "ended",
    "require_patients",
    "utility",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Outcomes:
    """How virtual trials ended, (trials,) each.

    Attributes
    ----------
    subgroup, everybody
        Whether the null of those who test positive, and that of all comers, was rejected.
    duration
        Time from the first patient to the analysis that ended the trial.
    events
        Seen until then, of everybody randomised.
    randomised, tested
        Patients, and assays made.
    short
        Whether the trial ended before it had its events: too many were lost, or it had lasted too long.
    """

    subgroup: Mask
    everybody: Mask
    duration: Array
    events: NDArray[np.int64]
    randomised: NDArray[np.int64]
    tested: Array
    short: Mask

    @property
    def rejected(self) -> Mask:
        """Whether anything was rejected."""
        return self.subgroup | self.everybody

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """Join those of several chunks."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


class TrialPlan(Protocol):
    """A design that can be run on virtual patients."""

    @property
    def patients(self) -> int:
        """Patients randomised at most."""

    def conduct(self, draws: Draws, setting: Setting, truth: TrialScenario) -> Outcomes:
        """Run it on the patients drawn, under a truth."""


def cost(outcomes: Outcomes, setting: Setting) -> Array:
    """(trials,) cost of each trial."""
    price = setting.economics
    total: Array = (
        price.patient * outcomes.randomised + price.test * outcomes.tested + price.time * outcomes.duration
    )
    return total


def utility(outcomes: Outcomes, setting: Setting, truth: TrialScenario) -> Array:
    """(trials,) worth of what the trial brings future patients, minus its cost.

    Who is treated because of a rejection gains the log hazard ratio that is true of him, or loses it where treatment
    does harm. A delay is not taken off.
    """
    inside, outside = -truth.log_ratio
    positive, everybody = setting.positive, setting.all_comers
    among_positive = positive.taken * (positive.belonging * inside + (1.0 - positive.belonging) * outside)
    among_all = everybody.belonging * inside + (1.0 - everybody.belonging) * outside
    gain = np.select([outcomes.everybody, outcomes.subgroup], [among_all, among_positive], 0.0)
    worth: Array = setting.economics.benefit * gain - cost(outcomes, setting)
    return worth


def require_patients(patients: int, events: float) -> None:
    """Raise unless so many patients can have so many events."""
    if not patients >= events > 0:
        raise DesignError(
            f"{events:g} events of {patients} patients; there must be at least one, and a patient each"
        )


def analysis_time(waited: Array, patients: Patients, setting: Setting) -> Array:
    """(trials,) time of a look; where it would wait in vain, that of the last event or loss, or the longest."""
    last: Array = np.minimum((patients.entry + patients.time).max(axis=1), setting.longest)
    return np.minimum(waited, last)


def candidates_screened(patients: Patients, at: Array) -> Array:
    """(trials,) candidates that came until the last patient who was there at the time `at`."""
    last: Array = np.where(patients.entry <= at[:, None], patients.candidate, 0.0).max(axis=1)
    return last


def ended(
    patients: Patients, at: Array, subgroup: Mask, everybody: Mask, tested: Array, short: Mask
) -> Outcomes:
    """Count what there was at the time `at` (trials,) of the last analysis."""
    events = (patients.happens <= at[:, None]).sum(axis=1)
    randomised = (patients.entry <= at[:, None]).sum(axis=1)
    return Outcomes(subgroup, everybody, at, events, randomised, tested, short)
