"""The trial that follows from a survival run: four designs side by side, and virtual trials of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import DesignError
from omics.common.registry import check_choice
from stratomics.enrichment.design.setting import AssumedEffect, Economics, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.effects.cross_fitted import chosen_most_often
from stratomics.enrichment.plan.side_by_side import DESIGNS, Question, SideBySide, side_by_side
from stratomics.enrichment.plan.trial_assumptions import TrialAssumptions, TrialRequest, trial_assumptions
from stratomics.enrichment.virtual.baseline_hazard import baseline_hazard
from stratomics.enrichment.virtual.effect_scenarios import LogHazardRatio, NormalPrior
from stratomics.enrichment.virtual.trials import VirtualTrials, virtual_trials

__all__ = ["MOST", "Chosen", "plan_survival", "setting_of"]

MOST = 20_000
"""Patients of a trial."""


@dataclass(frozen=True)
class Chosen:
    """A subgroup as the planning needs it.

    Attributes
    ----------
    label, treatment, endpoint
        In words, for the estimand.
    sample_ids, chosen
        Patients (n,), and whether each cross-fit took them, (repeats, n).
    inside, outside
        Honest effects, as an answer holds them: estimate, low, high, se.
    source
        Where the effects come from.
    """

    label: str
    treatment: str
    endpoint: str
    sample_ids: NDArray[np.str_]
    chosen: NDArray[np.bool_]
    inside: Mapping[str, float]
    outside: Mapping[str, float]
    source: str

    @property
    def prevalence(self) -> float:
        """Share taken, the mean over cross-fits."""
        return float(self.chosen.mean())


def plan_survival(
    subgroup: Chosen,
    outcome: Any,
    curves: pd.DataFrame,
    request: TrialRequest,
    follow_up: float | None,
    seed: int,
) -> dict[str, Any]:
    """Lay four designs side by side and run virtual trials of each that can be planned.

    Parameters
    ----------
    subgroup
        Whom to enrol, and the honest effects.
    outcome
        Survival of the patients.
    curves
        ``survival.parquet`` of the run.
    asked, follow_up
        What was asked for, and the follow-up of the last patient.
    seed
        Of the virtual trials.

    Returns
    -------
    dict
        ``designs`` (a row each), ``refused`` (name -> why), ``assumptions``, ``virtual`` (a row a truth and design),
        ``better`` (pairs), ``design`` (of ``design.json``), ``believed``; or ``refused`` alone where nothing can be
        planned.
    """
    check_choice(DESIGNS, request.design, "design")
    assumptions = trial_assumptions(outcome, request, follow_up)
    try:
        setting = setting_of(subgroup, curves, assumptions, request)
        beside = _feasible(side_by_side(_question(subgroup, setting, assumptions, request, seed)))
        prior = NormalPrior(_log(subgroup.inside), _log(subgroup.outside))
    except DesignError as error:
        return {"refused": {"every design": str(error)}, "design": None}
    run = virtual_trials(beside.plans, setting, prior, request.trials, seed)
    kept = beside.planned.get(request.design) or next(iter(beside.planned.values()))
    return {
        "designs": beside.table.to_dict("records"),
        "refused": dict(beside.refused),
        "assumptions": kept.design.to_json()["assumptions"] + [_follow_up(assumptions)],
        "virtual": run.table.to_dict("records"),
        "trials": request.trials,
        "asked": request.design,
        "better": _better(run, beside),
        "believed": {
            "inside": dict(subgroup.inside),
            "outside": dict(subgroup.outside),
            "source": subgroup.source,
        },
        "design": kept.design.to_json(),
    }


def setting_of(
    subgroup: Chosen, curves: pd.DataFrame, assumptions: TrialAssumptions, request: TrialRequest
) -> Setting:
    """Disease, assay, candidates and costs; hazards of the controls from their curves, inside and outside."""
    if "arm" not in curves:
        raise DesignError("this run has no curves under the control arm; run it again with this release")
    control = curves[curves["arm"] == "control"]
    most = chosen_most_often(subgroup.chosen)
    return Setting(
        request.assay(subgroup.prevalence),
        baseline_hazard(control, subgroup.sample_ids[most]),
        baseline_hazard(control, subgroup.sample_ids[~most]),
        StepRate.constant(assumptions.candidates),
        assumptions.dropout,
        economics=Economics(patient=request.patient, test=request.test),
    )


def _feasible(beside: SideBySide) -> SideBySide:
    """Leave out designs of more patients than anybody enrols, where effects all but cancel."""
    large = {name: one.design.patients for name, one in beside.planned.items() if one.design.patients > MOST}
    refused = {
        name: f"it would take {patients:,} patients, and {MOST:,} are the most that is looked at"
        for name, patients in large.items()
    }
    if len(large) == len(beside.planned):
        raise DesignError(next(iter(refused.values())))
    planned = {name: one for name, one in beside.planned.items() if name not in large}
    return SideBySide(planned, {**beside.refused, **refused})


def _question(
    subgroup: Chosen, setting: Setting, assumptions: TrialAssumptions, request: TrialRequest, seed: int
) -> Question:
    inside = subgroup.inside["estimate"] if request.plan_for is None else request.plan_for
    hazard = "mean of the recalibrated curves under the control arm, of models that did not see the patients"
    sources = {
        "hazard ratio inside": subgroup.source
        if request.plan_for is None
        else "asked for, not found in these patients",
        "hazard ratio outside": "the effect outside the same cut, with its interval, uncorrected",
        "prevalence": f"share of these {len(subgroup.sample_ids)} patients, by cross-fitted rules",
        "sensitivity": request.assay_source,
        "specificity": request.assay_source,
        "hazard of controls inside": f"{hazard}, inside",
        "hazard of controls outside": f"{hazard}, outside",
        **assumptions.sources,
    }
    return Question(
        setting,
        AssumedEffect(inside, subgroup.outside["estimate"]),
        sources,
        subgroup=subgroup.label,
        treatment=subgroup.treatment,
        endpoint=subgroup.endpoint,
        follow_up=assumptions.follow_up,
        power=request.power,
        alpha=request.alpha,
        seed=seed,
    )


def _log(effect: Mapping[str, float]) -> LogHazardRatio:
    return LogHazardRatio(float(np.log(effect["estimate"])), effect["se"])


def _follow_up(assumptions: TrialAssumptions) -> dict[str, Any]:
    return {
        "name": "follow-up of the last patient",
        "value": assumptions.follow_up,
        "source": assumptions.sources["follow-up"],
    }


def _better(run: VirtualTrials, beside: SideBySide) -> list[dict[str, Any]]:
    """Probability that one design's utility exceeds another's, under effects drawn from the honest interval."""
    pairs = []
    for a, b in combinations(beside.planned, 2):
        probability, error = run.better(a, b)
        pairs.append({"a": a, "b": b, "probability": probability, "se": error})
    return pairs
