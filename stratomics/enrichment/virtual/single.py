"""Plans that test one population: all comers, or those alone who test positive."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.design.group_sequential import GroupSequential, fixed_design
from stratomics.enrichment.design.setting import Setting
from stratomics.enrichment.virtual.effect_scenarios import TrialScenario
from stratomics.enrichment.virtual.log_rank import log_rank, time_of_event
from stratomics.enrichment.virtual.outcomes import (
    Outcomes,
    analysis_time,
    candidates_screened,
    ended,
    require_patients,
)
from stratomics.enrichment.virtual.patients import Draws, Patients, all_comers, positives

__all__ = ["AllComers", "EnrichmentTrial"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class AllComers:
    """Enrol everybody, test everybody, know nothing of the subgroup.

    Parameters
    ----------
    patients
        Randomised at most.
    events
        At the final look; earlier looks come at their share of them.
    looks
        Boundaries; futility is obeyed.
    """

    patients: int
    events: int
    looks: GroupSequential = field(default_factory=fixed_design)

    def __post_init__(self) -> None:
        require_patients(self.patients, self.events)

    def conduct(self, draws: Draws, setting: Setting, truth: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        patients = all_comers(draws, setting, truth)
        rejected, at, short = _looked_at(patients, setting, self.events, self.looks)
        return ended(patients, at, np.zeros_like(rejected), rejected, np.zeros_like(at), short)


@dataclass(frozen=True)
class EnrichmentTrial:
    """Enrol and test those alone who test positive; parameters as those of :class:`AllComers`."""

    patients: int
    events: int
    looks: GroupSequential = field(default_factory=fixed_design)

    def __post_init__(self) -> None:
        require_patients(self.patients, self.events)

    def conduct(self, draws: Draws, setting: Setting, truth: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        patients = positives(draws, setting, truth)
        rejected, at, short = _looked_at(patients, setting, self.events, self.looks)
        return ended(patients, at, rejected, np.zeros_like(rejected), candidates_screened(patients, at), short)


def _looked_at(
    patients: Patients, setting: Setting, events: int, looks: GroupSequential
) -> tuple[Mask, Array, Mask]:
    """Look until the trial ends; (trials,) whether it rejects, when it ends, whether events ran out."""
    trials = len(patients.entry)
    going, rejected, short = (
        np.ones(trials, dtype=bool),
        np.zeros(trials, dtype=bool),
        np.zeros(trials, dtype=bool),
    )
    end, happens = np.zeros(trials), patients.happens
    for look, share in enumerate(looks.information):
        waited = time_of_event(happens, max(1, round(events * share)))
        at = analysis_time(waited, patients, setting)
        z = log_rank(patients, None, at).z
        hit = going & (z >= looks.efficacy[look])
        stops = going if look == looks.looks - 1 else hit | (going & (z < looks.futility[look]))
        end, short = np.where(stops, at, end), np.where(stops, waited > at, short)
        rejected, going = rejected | hit, going & ~stops
    return rejected, end, short
