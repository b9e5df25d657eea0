"""Stratified trial: all comers are enrolled and tested, and the subgroup, all comers or both may be rejected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from omics.common.registry import check_choice
from stratomics.enrichment.design.checks import require_share
from stratomics.enrichment.design.combination import INTERSECTIONS, Stage, closed_test_one_stage
from stratomics.enrichment.design.setting import Setting
from stratomics.enrichment.virtual.effect_scenarios import TrialScenario
from stratomics.enrichment.virtual.log_rank import LogRankScore, log_rank, time_of_event
from stratomics.enrichment.virtual.outcomes import Outcomes, analysis_time, outcomes_at, require_patients
from stratomics.enrichment.virtual.patients import Draws, enrol_all_comers

__all__ = ["StratifiedTrial", "stage_of"]


@dataclass(frozen=True)
class StratifiedTrial:
    """Enrol and test all comers, with a closed test of the test-positive patients and all comers.

    Freidlin, McShane and Korn 2010 (doi 10.1093/jnci/djp477). All comers are compared within strata of the test result.

    Parameters
    ----------
    patients
        Number of randomised patients.
    events
        Events of all patients at the only look.
    alpha
        One-sided familywise level.
    intersection
        Name of a test in ``combination.INTERSECTIONS``.
    """

    patients: int
    events: int
    alpha: float = 0.025
    intersection: str = "spiessens_debois"

    def __post_init__(self) -> None:
        require_patients(self.patients, self.events)
        require_share("alpha (one-sided)", self.alpha)
        check_choice(INTERSECTIONS, self.intersection, "test of the intersection")

    def conduct(self, draws: Draws, setting: Setting, scenario: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        patients = enrol_all_comers(draws, setting, scenario)
        reached = time_of_event(patients.event_calendar_time, self.events)
        at = analysis_time(reached, patients, setting)
        positive, negative = (
            log_rank(patients, patients.positive, at),
            log_rank(patients, ~patients.positive, at),
        )
        critical = float(norm.isf(self.alpha))
        subgroup, all_comers = closed_test_one_stage(
            stage_of(positive, negative), critical, INTERSECTIONS[self.intersection]
        )
        tested = (patients.entry <= at[:, None]).sum(axis=1).astype(np.float64)
        return outcomes_at(patients, at, subgroup, all_comers, tested, reached > at)


def stage_of(positive: LogRankScore, negative: LogRankScore) -> Stage:
    """Combine the two strata of a test for a closed test.

    Parameters
    ----------
    positive, negative
        Log-rank scores of the patients who test positive and negative.

    Returns
    -------
    Stage
        Test statistics of the subgroup and of all comers.
    """
    all_comers = positive + negative
    whole = np.ones_like(all_comers.variance)
    share = np.divide(positive.variance, all_comers.variance, out=whole, where=all_comers.variance > 0.0)
    # The variance of a stage is a difference, and may be below 0 in a stratum.
    return Stage(positive.z, all_comers.z, np.minimum(share, 1.0))
