"""Trials that test one population: all comers, or only patients who test positive."""

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
    outcomes_at,
    require_patients,
)
from stratomics.enrichment.virtual.patients import Draws, Patients, enrol_all_comers, enrol_positives

__all__ = ["AllComers", "EnrichmentTrial"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class AllComers:
    """Enrol all comers and compare the arms in all of them, without using the subgroup.

    Parameters
    ----------
    patients
        Largest number of randomised patients.
    events
        Events at the final look; earlier looks take place at their share of them.
    looks
        Boundaries; the trial stops for futility.
    """

    patients: int
    events: int
    looks: GroupSequential = field(default_factory=fixed_design)

    def __post_init__(self) -> None:
        require_patients(self.patients, self.events)

    def conduct(self, draws: Draws, setting: Setting, scenario: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        patients = enrol_all_comers(draws, setting, scenario)
        rejected, at, short = _sequential_test(patients, setting, self.events, self.looks)
        return outcomes_at(patients, at, np.zeros_like(rejected), rejected, np.zeros_like(at), short)


@dataclass(frozen=True)
class EnrichmentTrial:
    """Enrol only patients who test positive; parameters as in :class:`AllComers`."""

    patients: int
    events: int
    looks: GroupSequential = field(default_factory=fixed_design)

    def __post_init__(self) -> None:
        require_patients(self.patients, self.events)

    def conduct(self, draws: Draws, setting: Setting, scenario: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        patients = enrol_positives(draws, setting, scenario)
        rejected, at, short = _sequential_test(patients, setting, self.events, self.looks)
        return outcomes_at(
            patients, at, rejected, np.zeros_like(rejected), candidates_screened(patients, at), short
        )


def _sequential_test(
    patients: Patients, setting: Setting, events: int, looks: GroupSequential
) -> tuple[Mask, Array, Mask]:
    """(trials,) whether each trial rejects, when it ends, and whether it ends with too few events."""
    trials = len(patients.entry)
    ongoing, rejected, short = (
        np.ones(trials, dtype=bool),
        np.zeros(trials, dtype=bool),
        np.zeros(trials, dtype=bool),
    )
    end, event_calendar_time = np.zeros(trials), patients.event_calendar_time
    for look, share in enumerate(looks.information):
        reached = time_of_event(event_calendar_time, max(1, round(events * share)))
        at = analysis_time(reached, patients, setting)
        z = log_rank(patients, None, at).z
        crossed = ongoing & (z >= looks.efficacy[look])
        stops = ongoing if look == looks.looks - 1 else crossed | (ongoing & (z < looks.futility[look]))
        end, short = np.where(stops, at, end), np.where(stops, reached > at, short)
        rejected, ongoing = rejected | crossed, ongoing & ~stops
    return rejected, end, short
