"""The plan that starts with everybody and goes on with whom treatment seems to help."""

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
    ended,
    require_patients,
)
from stratomics.enrichment.virtual.patients import Draws, Patients, all_comers, enrol
from stratomics.enrichment.virtual.stratified import stage_of

__all__ = ["AdaptiveTrial"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class AdaptiveTrial:
    """Two stages, everybody in the first; who is enrolled in the second is decided at the interim look.

    Once all comers are dropped, candidates who test negative are turned away, and enrolment slows down. The second
    stage ends with its own number of events among those gone on with.

    Parameters
    ----------
    patients
        Randomised at most, over both stages.
    rule
        Events of the stages, selection and closed test; its `prevalence` is that of a positive test.
    split
        How the stages are kept independent. Left out, by the increments of the log-rank score, which holds because
        nothing but that score is looked at. A number: by patients, those of the first stage being read so long after
        the interim look, and the second stage resting on those who came later (Jenkins, Stone and Jennison 2011,
        doi 10.1002/pst.472); then the look may use anything.
    """

    patients: int
    rule: AdaptiveEnrichment
    split: float | None = None

    def __post_init__(self) -> None:
        require_patients(self.patients, self.rule.events[1])
        if round(self.rule.events[0]) < 1 or self._further < 1:
            raise DesignError(
                f"the stages have {self.rule.events[0]:g} and {self._further} events; each needs one"
            )
        if self.split is not None and not 0.0 <= self.split < np.inf:
            raise DesignError(
                f"the first stage is read {self.split:g} after the interim look; it must be at least 0"
            )

    @property
    def _further(self) -> int:
        """Events that the second stage waits for."""
        return round(self.rule.events[1]) - round(self.rule.events[0])

    def conduct(self, draws: Draws, setting: Setting, truth: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        start = all_comers(draws, setting, truth)
        waited = time_of_event(start.happens, round(self.rule.events[0]))
        interim = analysis_time(waited, start, setting)
        seen = _strata(start, True, interim)
        keep = self.rule.keep(seen[0].log_ratio, (seen[0] + seen[1]).log_ratio)
        patients = _go_on(start, draws, setting, truth, interim, keep[0] & ~keep[1])
        if self.split is None:
            early, late, until = _by_increments(patients, setting, seen, interim, keep[1], self._further)
        else:
            early, late, until = _by_patients(patients, setting, interim, keep[1], self._further, self.split)
        subgroup, everybody = self.rule.decide(early, late, keep)
        goes_on = keep[0] | keep[1]
        at = np.where(goes_on, analysis_time(until, patients, setting), interim)
        short = np.where(goes_on, np.maximum(waited, until), waited) > at
        return ended(patients, at, subgroup, everybody, candidates_screened(patients, at), short)


def _go_on(
    start: Patients, draws: Draws, setting: Setting, truth: TrialScenario, interim: Array, dropped: Mask
) -> Patients:
    """Enrol positives alone after the interim look, in the trials that dropped all comers."""
    passed = setting.candidates.cumulative(interim)[:, None]
    later = dropped[:, None] & (start.candidate > passed)
    slower = passed + (start.candidate - passed) / setting.positive.taken
    return enrol(draws, np.where(later, slower, start.candidate), start.positive | later, setting, truth)


def _by_increments(
    patients: Patients,
    setting: Setting,
    seen: tuple[LogRankScore, LogRankScore],
    interim: Array,
    everybody: Mask,
    further: int,
) -> tuple[Stage, Stage, Array]:
    """Evidence of both stages, the second being what the score gained after the interim look; and when it is read."""
    until = time_of_event(_events_of(patients, patients.happens > interim[:, None], everybody), further)
    last = _strata(patients, True, analysis_time(until, patients, setting))
    return stage_of(*seen), stage_of(last[0] - seen[0], last[1] - seen[1]), until


def _by_patients(
    patients: Patients, setting: Setting, interim: Array, everybody: Mask, further: int, split: float
) -> tuple[Stage, Stage, Array]:
    """Evidence of those who came before the interim look and of those who came after; and when all of it is read."""
    first, read = patients.entry <= interim[:, None], interim + split
    until = time_of_event(_events_of(patients, ~first, everybody), further)
    early = _strata(patients, first, analysis_time(read, patients, setting))
    late = _strata(patients, ~first, analysis_time(until, patients, setting))
    return stage_of(*early), stage_of(*late), np.maximum(until, read)


def _events_of(patients: Patients, among: Mask, everybody: Mask) -> Array:
    """Calendar times of the events that the second stage waits for."""
    gone_on_with = patients.positive | everybody[:, None]
    return np.where(among & gone_on_with, patients.happens, np.inf)


def _strata(patients: Patients, among: Mask | bool, at: Array) -> tuple[LogRankScore, LogRankScore]:
    """Evidence of those who test positive, and of those who test negative."""
    return (
        log_rank(patients, patients.positive & among, at),
        log_rank(patients, ~patients.positive & among, at),
    )
