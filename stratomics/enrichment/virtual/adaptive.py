"""Adaptive enrichment trial: all comers at first, then the population selected at the interim look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.adaptive_enrichment import AdaptiveEnrichment
from stratomics.enrichment.design.combination import Stage
from stratomics.enrichment.design.setting import Setting
from stratomics.enrichment.virtual.effect_scenarios import TrialScenario
from stratomics.enrichment.virtual.log_rank import LogRankScore, log_rank, time_of_event
from stratomics.enrichment.virtual.outcomes import (
    Outcomes,
    analysis_time,
    candidates_screened,
    outcomes_at,
    require_patients,
)
from stratomics.enrichment.virtual.patients import Draws, Patients, enrol, enrol_all_comers
from stratomics.enrichment.virtual.stratified import stage_of

__all__ = ["AdaptiveTrial"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class AdaptiveTrial:
    """Two stages: all comers in the first, and the population selected at the interim look in the second.

    Once all comers are dropped, candidates who test negative are not enrolled, and enrolment slows down. The second
    stage ends after its number of events in the selected population.

    Parameters
    ----------
    patients
        Largest number of randomised patients, over both stages.
    rule
        Events of the stages, selection and closed test; its `prevalence` is that of a positive test.
    split
        How the stages are made independent. None: by increments of the log-rank score, which is valid because the
        interim look uses nothing but that score. A number: by patients. Those enrolled before the interim look are
        analysed this long after it, and the second stage uses later patients only (Jenkins, Stone and Jennison 2011,
        doi 10.1002/pst.472). The interim look may then use any data.
    """

    patients: int
    rule: AdaptiveEnrichment
    split: float | None = None

    def __post_init__(self) -> None:
        require_patients(self.patients, self.rule.events[1])
        if round(self.rule.events[0]) < 1 or self._second_stage_events < 1:
            raise DesignError(
                f"the stages have {self.rule.events[0]:g} and {self._second_stage_events} events; each needs one"
            )
        if self.split is not None and not 0.0 <= self.split < np.inf:
            raise DesignError(
                f"the first stage is analysed {self.split:g} after the interim look; this must be at least 0"
            )

    @property
    def _second_stage_events(self) -> int:
        """Number of events of the second stage."""
        return round(self.rule.events[1]) - round(self.rule.events[0])

    def conduct(self, draws: Draws, setting: Setting, scenario: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        start = enrol_all_comers(draws, setting, scenario)
        reached = time_of_event(start.event_calendar_time, round(self.rule.events[0]))
        interim = analysis_time(reached, start, setting)
        at_interim = _strata(start, True, interim)
        selected = self.rule.select(at_interim[0].log_ratio, (at_interim[0] + at_interim[1]).log_ratio)
        patients = _continue(start, draws, setting, scenario, interim, selected[0] & ~selected[1])
        if self.split is None:
            early, late, until = _by_increments(
                patients, setting, at_interim, interim, selected[1], self._second_stage_events
            )
        else:
            early, late, until = _by_patients(
                patients, setting, interim, selected[1], self._second_stage_events, self.split
            )
        subgroup, all_comers = self.rule.decide(early, late, selected)
        continues = selected[0] | selected[1]
        at = np.where(continues, analysis_time(until, patients, setting), interim)
        short = np.where(continues, np.maximum(reached, until), reached) > at
        return outcomes_at(patients, at, subgroup, all_comers, candidates_screened(patients, at), short)


def _continue(
    start: Patients, draws: Draws, setting: Setting, scenario: TrialScenario, interim: Array, dropped: Mask
) -> Patients:
    """Enrol only test-positive patients after the interim look, in trials that dropped all comers."""
    passed = setting.candidates.cumulative(interim)[:, None]
    later = dropped[:, None] & (start.candidate > passed)
    slower = passed + (start.candidate - passed) / setting.positive.taken
    return enrol(draws, np.where(later, slower, start.candidate), start.positive | later, setting, scenario)


def _by_increments(
    patients: Patients,
    setting: Setting,
    at_interim: tuple[LogRankScore, LogRankScore],
    interim: Array,
    all_comers: Mask,
    events: int,
) -> tuple[Stage, Stage, Array]:
    """Stages by increments of the score before and after the interim look, and the time of the second analysis."""
    until = time_of_event(
        _events_of(patients, patients.event_calendar_time > interim[:, None], all_comers), events
    )
    last = _strata(patients, True, analysis_time(until, patients, setting))
    return stage_of(*at_interim), stage_of(last[0] - at_interim[0], last[1] - at_interim[1]), until


def _by_patients(
    patients: Patients, setting: Setting, interim: Array, all_comers: Mask, events: int, split: float
) -> tuple[Stage, Stage, Array]:
    """Stages by patients enrolled before and after the interim look, and the time of the last analysis."""
    first, first_analysis = patients.entry <= interim[:, None], interim + split
    until = time_of_event(_events_of(patients, ~first, all_comers), events)
    early = _strata(patients, first, analysis_time(first_analysis, patients, setting))
    late = _strata(patients, ~first, analysis_time(until, patients, setting))
    return stage_of(*early), stage_of(*late), np.maximum(until, first_analysis)


def _events_of(patients: Patients, among: Mask, all_comers: Mask) -> Array:
    """Calendar times of the events that count for the second stage."""
    counted = patients.positive | all_comers[:, None]
    return np.where(among & counted, patients.event_calendar_time, np.inf)


def _strata(patients: Patients, among: Mask | bool, at: Array) -> tuple[LogRankScore, LogRankScore]:
    """Log-rank scores of the patients who test positive and of those who test negative."""
    return (
        log_rank(patients, patients.positive & among, at),
        log_rank(patients, ~patients.positive & among, at),
    )
