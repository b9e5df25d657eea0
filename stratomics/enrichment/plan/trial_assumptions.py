"""How the coming trial would run, as far as the follow-up of this cohort shows: each number with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from omics.common.errors import require_range
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.selection.threshold_table import median_follow_up

__all__ = ["TrialAssumptions", "TrialRequest", "trial_assumptions"]

EARLY = 0.5
"""Patients censored within this share of the median follow-up count as lost; later ones as followed to the end."""


@dataclass(frozen=True)
class TrialRequest:
    """What a trial designer may specify; None is estimated from the cohort, and its source says so.

    Attributes
    ----------
    plan_for
        Effect inside the subgroup to size the trial for, a hazard ratio or a difference of response rates; the
        corrected effect found in the cohort if None.
    accrual
        Candidates per unit of time.
    dropout
        Hazard of loss to follow-up.
    sensitivity, specificity
        Accuracy of the assay that decides who is inside.
    power, alpha
        `alpha` is one-sided and familywise.
    design
        Name of the design that ``design.json`` stores.
    trials
        Virtual trials of each design under each scenario; at least 100.
    patient, test
        Costs of a patient and of an assay, in one unit.
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
        """Build the assay that decides who is inside, among candidates of whom `prevalence` truly are."""
        return Assay(prevalence, self.sensitivity, self.specificity)

    @property
    def assay_source(self) -> str:
        """Where sensitivity and specificity come from."""
        if self.sensitivity == self.specificity == 1.0:
            return "assumed: the rule itself defines the subgroup, so it makes no errors; its repeatability is unknown"
        return "as requested"


@dataclass(frozen=True)
class TrialAssumptions:
    """How the coming trial would run.

    Attributes
    ----------
    candidates
        Candidates per unit of time.
    dropout
        Hazard of loss to follow-up.
    follow_up
        Follow-up of the last patient.
    sources
        Where each comes from: ``candidates``, ``dropout``, ``follow-up``.
    """

    candidates: float
    dropout: float
    follow_up: float
    sources: Mapping[str, str] = field(default_factory=dict)


def trial_assumptions(
    outcome: Survival, request: TrialRequest, follow_up: float | None = None
) -> TrialAssumptions:
    """Estimate from the patients of a cohort what was not requested.

    Parameters
    ----------
    outcome
        Survival of the patients; all are observed.
    request
        What was specified.
    follow_up
        Follow-up of the last patient; the median of the cohort if left out.

    Returns
    -------
    TrialAssumptions
        Each number with its source.

    Examples
    --------
    >>> time = np.repeat([10.0, 100.0, 110.0, 120.0], 5)
    >>> outcome = Survival(time, np.repeat([False, True, False, False], 5), np.ones(20, dtype=bool), "days")
    >>> assumptions = trial_assumptions(outcome, TrialRequest())
    >>> assumptions.follow_up, round(assumptions.candidates, 3), round(assumptions.dropout, 4)
    (110.0, 0.182, 0.0057)
    """
    median, unit = median_follow_up(outcome), survival_unit(outcome)
    early = median * EARLY
    lost, at_risk = (
        int((~outcome.event & (outcome.time < early)).sum()),
        np.minimum(outcome.time, early).sum(),
    )
    rate = float(len(outcome.time) / median)
    sources = {
        "candidates": (
            f"assumed: {len(outcome.time)} patients within the median follow-up ({unit.text(median)}), since dates of "
            "enrolment are not in the run"
        ),
        "dropout": (
            f"{lost} patients of this cohort were censored in the first {unit.text(early)}; patients censored later "
            "count as followed to the end of the study"
        ),
        "follow-up": f"median follow-up of this cohort, {unit.text(median)}",
    }
    requested = {"candidates": request.accrual, "dropout": request.dropout, "follow-up": follow_up}
    sources |= dict.fromkeys((name for name, value in requested.items() if value is not None), "as requested")
    return TrialAssumptions(
        rate if request.accrual is None else request.accrual,
        lost / float(at_risk) if request.dropout is None else request.dropout,
        median if follow_up is None else follow_up,
        sources,
    )
