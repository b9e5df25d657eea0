"""Plan the trial that follows from a survival run: four designs side by side, and virtual trials of each."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import DesignError
from omics.common.registry import check_choice
from stratomics.enrichment.design.setting import AssumedEffect, Economics, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.design.trial_design import Assumption
from stratomics.enrichment.effects.cross_fitted import chosen_most_often
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.from_run import RunTrial
from stratomics.enrichment.plan.expected_events import expected_trial
from stratomics.enrichment.plan.planned_trials import (
    DesignComparison,
    PlannedTrials,
    VirtualTrialRow,
)
from stratomics.enrichment.plan.question import Question
from stratomics.enrichment.plan.side_by_side import DESIGNS, SideBySide, side_by_side
from stratomics.enrichment.plan.trial_assumptions import TrialAssumptions, TrialRequest, trial_assumptions
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.virtual.baseline_hazard import baseline_hazard
from stratomics.enrichment.virtual.effect_scenarios import LogHazardRatio, NormalPrior
from stratomics.enrichment.virtual.trials import VirtualTrials, virtual_trials

__all__ = ["MOST", "plan_survival", "setting_of"]

MOST = 20_000
"""Largest number of patients of a trial that is planned."""


def plan_survival(
    subgroup: Subgroup,
    of_run: RunTrial,
    curves: pd.DataFrame,
    request: TrialRequest,
    follow_up: float | None,
    seed: int,
) -> PlannedTrials:
    """Plan four designs side by side, and run virtual trials of each design that is feasible.

    Parameters
    ----------
    subgroup
        The patients to enrol, with sizing effects.
    of_run
        The trial of the run.
    curves
        ``survival.parquet`` of the run.
    request, follow_up
        What the trial designer specifies, and the follow-up of the last patient.
    seed
        Seed of the virtual trials.

    Returns
    -------
    PlannedTrials
        Without a design where none is feasible.
    """
    check_choice(DESIGNS, request.design, "design")
    assumptions = trial_assumptions(of_run.trial.survival, request, follow_up)
    _, sizing = subgroup.sized()
    try:
        setting = setting_of(subgroup, of_run, curves, assumptions, request)
        question = _question(subgroup, of_run, setting, assumptions, request, seed)
        beside = _feasible(side_by_side(question))
        prior = NormalPrior(_log(sizing.inside), _log(sizing.outside))
    except DesignError as error:
        return PlannedTrials({"every design": str(error)})
    run = virtual_trials(beside.plans, setting, prior, request.trials, seed)
    stored = beside.planned.get(request.design) or next(iter(beside.planned.values()))
    follow_up_assumed = Assumption(
        "follow-up of the last patient", assumptions.follow_up, assumptions.sources["follow-up"]
    )
    return PlannedTrials(
        refused=beside.refused,
        design=stored.design,
        designs=beside.rows,
        assumptions=(*stored.design.assumptions, follow_up_assumed),
        virtual=tuple(_virtual_row(row) for row in run.table.to_dict("records")),
        trials=request.trials,
        requested=request.design,
        comparisons=_comparisons(run, beside),
        effects=sizing,
        expected=expected_trial(stored.design, setting, question.effect),
    )


def setting_of(
    subgroup: Subgroup,
    of_run: RunTrial,
    curves: pd.DataFrame,
    assumptions: TrialAssumptions,
    request: TrialRequest,
) -> Setting:
    """Describe disease, assay, candidates and costs of the coming trial.

    Parameters
    ----------
    subgroup, of_run
        The patients to enrol, and the trial of the run.
    curves
        ``survival.parquet`` of the run: hazards of the controls are those of their curves, inside and outside.
    assumptions, request
        Accrual and loss, and what the trial designer specifies.

    Returns
    -------
    Setting
        What all designs share.

    Raises
    ------
    DesignError
        If the run has no curves under the control arm.
    """
    if "arm" not in curves:
        raise DesignError("this run has no curves under the control arm; run it again with this release")
    members, _ = subgroup.sized()
    control = curves[curves["arm"] == "control"]
    most = chosen_most_often(members)
    return Setting(
        request.assay(float(members.mean())),
        baseline_hazard(control, of_run.sample_ids[most]),
        baseline_hazard(control, of_run.sample_ids[~most]),
        StepRate.constant(assumptions.candidates),
        assumptions.dropout,
        economics=Economics(patient=request.patient, test=request.test),
    )


def _feasible(beside: SideBySide) -> SideBySide:
    """Refuse designs that need too many patients, because the effects inside and outside nearly cancel."""
    large = {name: one.design.patients for name, one in beside.planned.items() if one.design.patients > MOST}
    refused = {
        name: f"it would need {patients:,} patients, and {MOST:,} are the most that is planned"
        for name, patients in large.items()
    }
    if len(large) == len(beside.planned):
        raise DesignError(next(iter(refused.values())))
    planned = {name: one for name, one in beside.planned.items() if name not in large}
    return SideBySide(planned, {**beside.refused, **refused})


def _question(
    subgroup: Subgroup,
    of_run: RunTrial,
    setting: Setting,
    assumptions: TrialAssumptions,
    request: TrialRequest,
    seed: int,
) -> Question:
    _, sizing = subgroup.sized()
    inside = sizing.inside.estimate if request.plan_for is None else request.plan_for
    hazard = "mean of the recalibrated out-of-fold curves under the control arm"
    sources = {
        "hazard ratio inside": sizing.source
        if request.plan_for is None
        else "as requested, not found in these patients",
        "hazard ratio outside": "the effect outside the same cut, with its interval, by cross-fitted rules",
        "prevalence": f"share of these {len(of_run.sample_ids)} patients, by cross-fitted rules",
        "sensitivity": request.assay_source,
        "specificity": request.assay_source,
        "hazard of controls inside": f"{hazard}, inside",
        "hazard of controls outside": f"{hazard}, outside",
        **assumptions.sources,
    }
    return Question(
        setting,
        AssumedEffect(inside, sizing.outside.estimate),
        sources,
        subgroup=subgroup.rule,
        treatment=of_run.arms,
        endpoint=of_run.endpoint,
        follow_up=assumptions.follow_up,
        power=request.power,
        alpha=request.alpha,
        seed=seed,
    )


def _log(effect: Effect) -> LogHazardRatio:
    return LogHazardRatio(float(np.log(effect.estimate)), effect.se)


def _virtual_row(row: Mapping[Hashable, Any]) -> VirtualTrialRow:
    """Convert a row of the table of virtual trials, which mixes text and numbers."""
    return VirtualTrialRow(**{str(key): value for key, value in row.items()})


def _comparisons(run: VirtualTrials, beside: SideBySide) -> tuple[DesignComparison, ...]:
    """Compare the utilities of each pair of designs, under effects drawn from the interval of the estimate."""
    return tuple(DesignComparison(a, b, *run.better(a, b)) for a, b in combinations(beside.planned, 2))
