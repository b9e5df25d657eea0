"""The plan that enrols and tests everybody, and claims the subgroup, all comers, or both."""

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
from stratomics.enrichment.virtual.outcomes import Outcomes, analysis_time, ended, require_patients
from stratomics.enrichment.virtual.patients import Draws, all_comers

__all__ = ["StratifiedTrial", "stage_of"]


@dataclass(frozen=True)
class StratifiedTrial:
    """Enrol everybody, test everybody, and close the test over positives and all comers.

    Freidlin, McShane and Korn 2010 (doi 10.1093/jnci/djp477). All comers are compared within the strata of the test.

    Parameters
    ----------
    patients
        Randomised.
    events
        Of all, at the only look.
    alpha
        One-sided, familywise.
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

    def conduct(self, draws: Draws, setting: Setting, truth: TrialScenario) -> Outcomes:
        """Run the trial on virtual patients."""
        patients = all_comers(draws, setting, truth)
        waited = time_of_event(patients.happens, self.events)
        at = analysis_time(waited, patients, setting)
        positive, negative = (
            log_rank(patients, patients.positive, at),
            log_rank(patients, ~patients.positive, at),
        )
        critical = float(norm.isf(self.alpha))
        subgroup, everybody = closed_test_one_stage(
            stage_of(positive, negative), critical, INTERSECTIONS[self.intersection]
        )
        tested = (patients.entry <= at[:, None]).sum(axis=1).astype(np.float64)
        return ended(patients, at, subgroup, everybody, tested, waited > at)


def stage_of(positive: LogRankScore, negative: LogRankScore) -> Stage:
    """Evidence of the two strata of a test, as a closed test takes it."""
    everybody = positive + negative
    whole = np.ones_like(everybody.variance)
    share = np.divide(positive.variance, everybody.variance, out=whole, where=everybody.variance > 0.0)
    # A stage is a difference, whose variance may fall below 0 in a stratum.
    return Stage(positive.z, everybody.z, np.minimum(share, 1.0))
