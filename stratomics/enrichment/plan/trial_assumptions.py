"""How the coming trial would run, as far as this cohort's own follow-up tells: each number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from omics.cohort.endpoints import Survival
from omics.common.errors import require_range
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.selection.threshold_table import median_follow_up

__all__ = ["TrialAssumptions", "TrialRequest", "trial_assumptions"]

EARLY = 0.5
"""Part of the median follow-up in which whoever is censored counts as lost, not as still followed at the end."""


@dataclass(frozen=True)
class TrialRequest:
    """What a trial designer may ask for; None is answered from the cohort, and its source says so.

    Attributes
    ----------
    plan_for
        Effect inside the subgroup to size for, a hazard ratio or a difference of response rates; the honest one if
        None.
    accrual
        Candidates a unit of time.
    dropout
        Hazard of being lost.
    sensitivity, specificity
        Of the assay that tells who is inside.
    power, alpha
        `alpha` is one-sided and familywise.
    design
        The one that ``design.json`` keeps.
    trials
        Virtual trials of each design under each truth.
    patient, test
        Costs, in one unit.
    """

    plan_for: float | None = None
    accrual: float | None = None
    dropout: float | None = None
    sensitivity: float = 1.0
    specificity: float = 1.0
    power: float = 0.8
    alpha: float = 0.025
    design: str = "enrichment"
    trials: int = 2000
    patient: float = 1.0
    test: float = 0.0

    def __post_init__(self) -> None:
        require_range("trials", self.trials, 100)

    def assay(self, prevalence: float) -> Assay:
        """Tell who is inside."""
        return Assay(prevalence, self.sensitivity, self.specificity)

    @property
    def assay_source(self) -> str:
        """Where sensitivity and specificity come from."""
        if self.sensitivity == self.specificity == 1.0:
            return "assumed: the rule itself says who belongs, so it makes no mistakes; its repeatability is not known"
        return "asked for"


@dataclass(frozen=True)
class TrialAssumptions:
    """Candidates a unit of time, hazard of loss and follow-up of the last patient, with their sources by name."""

    candidates: float
    dropout: float
    follow_up: float
    sources: Mapping[str, str] = field(default_factory=dict)


def trial_assumptions(
    outcome: Survival, request: TrialRequest, follow_up: float | None = None
) -> TrialAssumptions:
    """Answer what was not asked for from the patients of a cohort (all observed).

    Examples
    --------
    >>> time = np.repeat([10.0, 100.0, 110.0, 120.0], 5)
    >>> outcome = Survival(time, np.repeat([False, True, False, False], 5), np.ones(20, dtype=bool), "days")
    >>> assumptions = trial_assumptions(outcome, TrialRequest())
    >>> assumptions.follow_up, round(assumptions.candidates, 3), round(assumptions.dropout, 4)
    (110.0, 0.182, 0.0057)
    """
    median, unit = median_follow_up(outcome), outcome.unit or "units of time"
    early = median * EARLY
    lost, at_risk = (
        int((~outcome.event & (outcome.time < early)).sum()),
        np.minimum(outcome.time, early).sum(),
    )
    rate = float(len(outcome.time) / median)
    sources = {
        "candidates": (
            f"assumed: {len(outcome.time)} patients in as long a time as they were followed at the median "
            f"({median:.4g} {unit}), since dates of enrolment are not in the run"
        ),
        "dropout": (
            f"{lost} patients of this cohort were censored in the first {early:.4g} {unit}; who is censored later "
            "counts as followed to the end of the study"
        ),
        "follow-up": f"median follow-up of this cohort, {median:.4g} {unit}",
    }
    asked_for = {"candidates": request.accrual, "dropout": request.dropout, "follow-up": follow_up}
    sources |= dict.fromkeys((name for name, value in asked_for.items() if value is not None), "asked for")
    return TrialAssumptions(
        rate if request.accrual is None else request.accrual,
        lost / float(at_risk) if request.dropout is None else request.dropout,
        median if follow_up is None else follow_up,
        sources,
    )
