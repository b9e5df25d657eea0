"""Enrich a finished run: the threshold table of its predicted benefit, and the trial that follows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from omics.common.errors import ConfigError
from stratomics.enrichment.analysis import EnrichOptions, enrich, excluded_patients
from stratomics.enrichment.doses import dose_table
from stratomics.enrichment.duplicate_endpoint import duplicate_endpoint_note
from stratomics.enrichment.effects.cross_fitted import chosen_most_often
from stratomics.enrichment.effects.effect import Measure, measure_of
from stratomics.enrichment.effects.horizon import furthest_horizon
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.from_run import (
    RunTrial,
    arms_of,
    declared,
    has_two_arms,
    run_covariates,
    run_score,
    run_trial,
)
from stratomics.enrichment.panel_score import panel_score, with_panel_assay
from stratomics.enrichment.plan.explorer import explorer_table
from stratomics.enrichment.plan.plan_trial import plan_of, with_sizing
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.read_trial import column_of, numbers, truth_of
from stratomics.enrichment.result import EnrichmentResult, PrognosticResult, RunFindings
from stratomics.enrichment.selection.cuts import SHARES, Score, marker_cuts, share_cuts
from stratomics.enrichment.selection.evidence_grade import evidence_grade
from stratomics.enrichment.selection.prognostic import ONE_ARM, prognostic_table
from stratomics.enrichment.selection.subgroup import SelectionRate, selection_rates
from stratomics.enrichment.selection.surrogate_tree import SurrogateTree, surrogate_tree
from stratomics.enrichment.selection.threshold_table import median_follow_up
from stratomics.enrichment.simulated_truth import simulated_truth
from stratomics.evaluation.patient_groups import patient_groups
from stratomics.evaluation.treatment_interaction import Interaction
from stratomics.runs.run_directory import RunDirectory

__all__ = ["enrich_run", "enrich_run_of_one_arm"]


def enrich_run(
    run: RunDirectory,
    control: str | None = None,
    treated: Sequence[str] = (),
    shares: Sequence[float] | None = None,
    randomised: str | None = None,
    *,
    request: TrialRequest | None = None,
    markers: Sequence[str] = (),
    toxicity: str | None = None,
    panel: bool = False,
    **options: Unpack[EnrichOptions],
) -> EnrichmentResult:
    """Enrich a run by the benefit that it predicts out of fold, and plan the trial that follows. Nothing is written.

    Parameters
    ----------
    run
        A finished run of two arms or more.
    control, treated
        Value of the control arm, and those of the treated arm, pooled if several; as the cohort declares them, or all
        others, if left out.
    shares
        Shares of highest predicted benefit to compare; those of `cuts.SHARES` if left out.
    randomised
        ``"yes"``, ``"adaptive"`` or ``"no"``; as the cohort declares it if left out.
    request
        What the trial designer specifies of the coming trial.
    markers
        Covariates to examine beside the benefit, by their raw values.
    toxicity
        Endpoint to weigh benefit against; ``toxicity`` if the run has one.
    panel
        Enrich by the out-of-fold score of the locked panel instead, whose assay has the accuracy of its noise.
    **options
        As in :func:`stratomics.enrichment.analysis.enrich`; ``horizon`` is that of the run if left out.

    Returns
    -------
    EnrichmentResult
        With ``run``, the findings that only a run has.

    Raises
    ------
    ConfigError
        If no control is named.
    """
    declared_control, declared_treated, allocation = declared(run)
    control, treated = control or declared_control, treated or declared_treated
    randomised = randomised or allocation
    if control is None:
        arms = ", ".join(arms_of(run))
        raise ConfigError(f"{run.path}: which arm is the control? Add --control with one of {arms}")
    of_run = run_trial(run, control, treated, randomised)
    trial, ids = of_run.trial, of_run.sample_ids
    score = panel_score(run, ids) if panel else run_score(run, ids)
    cuts = share_cuts(trial, score.value, score.fold, shares or SHARES)
    options["looked_at"] = max(options.get("looked_at", 1), 1 + len(markers))
    covariates, toxic = run_covariates(run, ids), _toxic(run, ids, toxicity)
    if trial.is_survival and options.get("horizon") is None:
        options["horizon"] = _horizon(run, trial, options.get("follow_up"))
    result = enrich(trial, score, cuts, covariates=covariates, toxic=toxic, **options)
    members, horizon = cuts.members[result.best], result.benefit.horizon
    measure = measure_of(trial, result.measure, float("nan") if horizon is None else horizon)
    subgroup = with_sizing(result.subgroup, trial, members, result.search, measure)
    warnings = [*result.warnings, *excluded_patients(len(run.patients) - len(trial))]
    if trial.is_survival:
        warnings += duplicate_endpoint_note(run.survival, run.patients, run.endpoint)
    seed, share = options.get("seed", 0), float(cuts.values[result.best])
    request, follow_up = request or TrialRequest(), options.get("follow_up")
    request = with_panel_assay(run, request) if panel else request
    plan = plan_of(run, of_run, subgroup, request, follow_up, seed)
    interaction = _interaction(run)
    findings = RunFindings(
        repeats=len(score.value),
        randomised=randomised,
        interaction=interaction,
        evidence_grade=evidence_grade(
            inside=result.corrected,
            ratio=result.ratio,
            search=result.search,
            p_order=result.evidence.p_adjusted,
            interaction=interaction,
            repeats=len(score.value),
            randomised=randomised,
        ),
        groups=_groups(run, ids, members),
        surrogate_tree=_surrogate_tree(run, ids, measure, members),
        arms=of_run.arms,
        markers={name: _marker(run, of_run, name, covariates, toxic, options) for name in markers},
        doses=dose_table(run, control, randomised, measure.name, horizon or float("nan"), share),
        plan=plan,
        truth=simulated_truth(
            str(run.provenance.get("source", "")),
            ids,
            score,
            members,
            result.follow_up if trial.is_survival else None,
            seed,
        ),
        explorer=explorer_table(
            run,
            of_run,
            subgroup,
            score,
            cuts,
            measure,
            result,
            request=request,
            patients=None if plan.design is None else plan.design.patients,
            follow_up=follow_up,
            toxic=toxic,
        ),
    )
    return replace(result, subgroup=subgroup, warnings=tuple(warnings), run=findings)


def _horizon(run: RunDirectory, trial: Trial, follow_up: float | None) -> float:
    """Time up to which survival counts: that of the run, as far as both arms and the coming trial are followed."""
    return min(run.horizon, furthest_horizon(trial), math.inf if follow_up is None else follow_up)


def _interaction(run: RunDirectory) -> Interaction | None:
    """Interaction of treatment and predicted effect, of ``metrics.json``; None where it was not tested."""
    content = run.metrics.get("interaction") if (run.path / "metrics.json").exists() else None
    if content is None:
        return None
    se = float("nan") if content["se"] is None else content["se"]
    return Interaction(content["slope"], se, content["p"], content["n"])


def _marker(
    run: RunDirectory,
    of_run: RunTrial,
    name: str,
    covariates: NDArray[np.float64] | None,
    toxic: NDArray[np.bool_] | None,
    options: EnrichOptions,
) -> EnrichmentResult:
    """Enrich the same trial by the raw values of one covariate."""
    patients = run.patients.set_index("sample_id").loc[list(of_run.sample_ids)]
    value = numbers(
        column_of(patients.rename(columns=lambda c: str(c).removeprefix("covariate.")), name), name
    )
    cuts = marker_cuts(of_run.trial, value)
    # The signature is one of all covariates, and stands in the result of the run.
    options = {**options, "signature": None}
    return enrich(
        of_run.trial, Score.marker(name, value), cuts, covariates=covariates, toxic=toxic, **options
    )


def _toxic(run: RunDirectory, ids: NDArray[np.str_], name: str | None) -> NDArray[np.bool_] | None:
    """(n,) whether a patient had toxicity; None where it is unknown."""
    if name is None and "toxicity" not in run.patients:
        return None
    column = column_of(run.patients.set_index("sample_id").loc[list(ids)], name or "toxicity")
    if column.isna().any():
        return None
    return truth_of(column, str(column.name))


def enrich_run_of_one_arm(run: RunDirectory, follow_up: float | None = None) -> PrognosticResult:
    """Offer prognostic enrichment, by the risk or the probability of response that the run predicts out of fold.

    Parameters
    ----------
    run
        A finished run of one arm.
    follow_up
        Time that patients of the coming trial are followed; the median of this cohort if left out.

    Returns
    -------
    PrognosticResult
        Patients of ever higher risk.
    """
    assert not has_two_arms(run)
    observed = np.flatnonzero(run.outcome.observed)
    seen = run.outcome.take(observed)
    column = "risk" if isinstance(seen, Survival) else "response_probability"
    score = run_score(run, run.sample_ids[observed], column)
    if follow_up is None and isinstance(seen, Survival):
        follow_up = median_follow_up(seen)
    rows = prognostic_table(seen, score.value, score.fold, follow_up)
    return PrognosticResult(score=column, follow_up=follow_up, prognostic=tuple(rows), warnings=(ONE_ARM,))


def _groups(
    run: RunDirectory, ids: NDArray[np.str_], members: NDArray[np.bool_]
) -> dict[str, dict[str, SelectionRate]]:
    """Share selected by sex, age, site, arm and completeness of views, and share for whom the model abstains."""
    place = pd.Index(run.sample_ids).get_indexer(pd.Index(ids))
    patients = run.patients.iloc[place]
    views = _with_prefix(patients, "view.")
    # Thirds of age are those of all patients of the run, as in the report.
    known = patient_groups(run.patients)
    groups = {name: np.asarray(levels)[place].astype(str) for name, levels in known.items()}
    if views:
        complete = patients[views].to_numpy(dtype=np.bool_).all(axis=1)
        groups["views"] = np.where(complete, "all observed", "some missing")
    predicted = run.predictions["stratomics"].patients
    abstain = np.zeros(len(ids))
    if "abstain" in predicted:
        share = predicted.groupby("sample_id")["abstain"].mean()
        abstain = share.loc[list(ids)].to_numpy(dtype=np.float64)
    table = pd.DataFrame({"eligible": members.mean(axis=0), "abstain": abstain})
    rates = {name: selection_rates(table, group) for name, group in groups.items()}
    # Levels keep their own order, such as the youngest first, instead of the order of the alphabet.
    ordered = {
        name: [level for level in levels.categories if level in rates[name]] for name, levels in known.items()
    }
    return rates | {name: {level: rates[name][level] for level in levels} for name, levels in ordered.items()}


def _surrogate_tree(
    run: RunDirectory, ids: NDArray[np.str_], measure: Measure, members: NDArray[np.bool_]
) -> SurrogateTree | None:
    """Approximate the patients chosen most often by complete numeric covariates; None if there are none."""
    patients = run.patients.set_index("sample_id").loc[list(ids)]
    numeric = patients[_with_prefix(patients, "covariate.")].select_dtypes(["number", "bool"]).dropna(axis=1)
    if numeric.empty:
        return None
    named = numeric.rename(columns=lambda name: name.removeprefix("covariate."))
    return surrogate_tree(measure, named, chosen_most_often(members))


def _with_prefix(patients: pd.DataFrame, prefix: str) -> list[str]:
    return [str(column) for column in patients.columns if str(column).startswith(prefix)]
