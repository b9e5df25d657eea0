"""Everything a trial designer asks of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from omics.common.errors import ConfigError
from stratomics.enrichment.analysis import Score, enrich, left_out
from stratomics.enrichment.doses import dose_table
from stratomics.enrichment.duplicate_endpoint import duplicate_endpoint_note
from stratomics.enrichment.effects.cross_fitted import chosen_most_often
from stratomics.enrichment.effects.effect import Measure, measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.from_run import (
    arms_of,
    declared,
    has_two_arms,
    run_covariates,
    run_score,
    run_trial,
)
from stratomics.enrichment.plan.explorer import explorer_table
from stratomics.enrichment.plan.plan_trial import chosen_of, plan_of
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.read_trial import column_of, numbers, truth_of
from stratomics.enrichment.selection.cuts import SHARES, marker_cuts, share_cuts
from stratomics.enrichment.selection.evidence_grade import evidence_grade
from stratomics.enrichment.selection.prognostic import ONE_ARM, prognostic_table
from stratomics.enrichment.selection.subgroup import selection_rates
from stratomics.enrichment.selection.surrogate_tree import SurrogateTree, surrogate_tree
from stratomics.enrichment.selection.threshold_table import median_follow_up
from stratomics.enrichment.simulated_truth import simulated_truth
from stratomics.evaluation.patient_groups import patient_groups
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
    **options: Any,
) -> dict[str, Any]:
    """Answer as :func:`stratomics.enrichment.analysis.enrich` does, by the benefit that the run predicted out of fold.

    Parameters
    ----------
    run
        Of two arms or more.
    control, treated
        Value of the control arm, and those of the treated one, pooled if several; as the cohort declared them, or all
        others, if left out.
    shares
        Of the highest benefit to look at; those of `cuts.SHARES` if left out.
    randomised
        How arms were allotted; as the cohort declared it if left out.
    asked
        What the coming trial should be.
    markers
        Covariates to look at beside the benefit, by their raw values.
    toxicity
        Endpoint to weigh benefit against; ``toxicity`` if the run has one.
    options
        Of `enrich`.

    Returns
    -------
    dict
        As there, with ``groups``, the share chosen and abstaining by sex, age, site, arm and completeness of views;
        ``readable``, a tree that approximates the choice; ``markers``; ``doses``, where there are more arms; ``plan``,
        the trial that follows; ``truth`` of a simulated cohort; ``explorer``, the table behind the report's explorer.
        Nothing is written.

    Raises
    ------
    ConfigError
        If no control is named.
    """
    named, others, how = declared(run)
    control, treated = control or named, treated or others
    randomised = randomised or how
    if control is None:
        arms = ", ".join(arms_of(run))
        raise ConfigError(f"{run.path}: which arm is the control? Add --control with one of {arms}")
    trial, ids = run_trial(run, control, treated, randomised)
    score = run_score(run, ids)
    cuts = share_cuts(trial, score.value, score.fold, shares or SHARES)
    options["looked_at"] = max(options.get("looked_at", 1), 1 + len(markers))
    options |= {"covariates": run_covariates(run, ids), "toxic": _toxic(run, ids, toxicity)}
    answer = enrich(trial, score, cuts, **options)
    chosen = cuts[1][answer["best"]]
    horizon = answer["benefit"]["horizon"]
    measure = measure_of(trial, answer["measure"], float("nan") if horizon is None else horizon)
    readable = _readable(run, ids, measure, chosen)
    arms = f"{', '.join(treated) or 'treated'} against {control}"
    subgroup = chosen_of(run, trial, ids, chosen, answer, arms)
    answer["warnings"] += left_out(len(run.patients) - len(trial))
    if trial.is_survival:
        answer["warnings"] += duplicate_endpoint_note(run.survival, run.patients, run.endpoint)
    seed, share = options.get("seed", 0), float(cuts[0][answer["best"]])
    request, follow_up = request or TrialRequest(), options.get("follow_up")
    thresholds = np.array([np.median(np.quantile(score.value, 1.0 - cut, axis=1)) for cut in cuts[0]])
    interaction = run.metrics.get("interaction") if (run.path / "metrics.json").exists() else None
    answer |= {"repeats": len(score.value), "randomised": randomised, "interaction": interaction}
    return answer | {
        "weight": evidence_grade(answer, interaction),
        "groups": _groups(run, ids, chosen),
        "readable": None if readable is None else asdict(readable),
        "arms": arms,
        "markers": {name: _of_marker(run, trial, ids, name, options) for name in markers},
        "doses": dose_table(run, control, randomised, measure.name, horizon or float("nan"), share),
        "plan": plan_of(run, trial, subgroup, request, follow_up, seed),
        "truth": simulated_truth(str(run.provenance.get("source", "")), ids, score, chosen, answer, seed),
        "explorer": explorer_table(
            run,
            trial,
            subgroup,
            cuts,
            thresholds,
            answer,
            request=request,
            follow_up=follow_up,
            toxic=options["toxic"],
        ),
    }


def _of_marker(
    run: RunDirectory, trial: Trial, ids: NDArray[np.str_], name: str, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Answer the same of one covariate by its raw values."""
    patients = run.patients.set_index("sample_id").loc[list(ids)]
    value = numbers(
        column_of(patients.rename(columns=lambda c: str(c).removeprefix("covariate.")), name), name
    )
    return enrich(trial, Score.marker(name, value), marker_cuts(trial, value), **options)


def _toxic(run: RunDirectory, ids: NDArray[np.str_], name: str | None) -> NDArray[np.bool_] | None:
    """(n,) whether there was toxicity; None where nothing is known of it."""
    if name is None and "toxicity" not in run.patients:
        return None
    column = column_of(run.patients.set_index("sample_id").loc[list(ids)], name or "toxicity")
    if column.isna().any():
        return None
    return truth_of(column, str(column.name))


def enrich_run_of_one_arm(run: RunDirectory, follow_up: float | None = None) -> dict[str, Any]:
    """Offer prognostic enrichment, by the risk (or the probability of response) that the run predicted out of fold."""
    assert not has_two_arms(run)
    observed = np.flatnonzero(run.outcome.observed)
    seen = run.outcome.take(observed)
    column = "risk" if isinstance(seen, Survival) else "response_probability"
    score = run_score(run, run.sample_ids[observed], column)
    if follow_up is None and isinstance(seen, Survival):
        follow_up = median_follow_up(seen)
    rows = [asdict(row) for row in prognostic_table(seen, score.value, score.fold, follow_up)]
    return {"warnings": [ONE_ARM], "score": column, "follow_up": follow_up, "prognostic": rows}


def _groups(run: RunDirectory, ids: NDArray[np.str_], chosen: NDArray[np.bool_]) -> dict[str, Any]:
    """Share chosen by sex, age, site, arm and completeness of views; and of those who abstain, where that is known."""
    place = pd.Index(run.sample_ids).get_indexer(pd.Index(ids))
    patients = run.patients.iloc[place]
    views = _named(patients, "view.")
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
    table = pd.DataFrame({"eligible": chosen.mean(axis=0), "abstain": abstain})
    rates = {name: selection_rates(table, group).to_dict(orient="index") for name, group in groups.items()}
    # Levels in their own order: the youngest first, and not by the alphabet.
    own = {
        name: [level for level in levels.categories if level in rates[name]] for name, levels in known.items()
    }
    return rates | {name: {level: rates[name][level] for level in levels} for name, levels in own.items()}


def _readable(
    run: RunDirectory, ids: NDArray[np.str_], measure: Measure, chosen: NDArray[np.bool_]
) -> SurrogateTree | None:
    """Approximate those chosen most often, by covariates that are numbers and known of everybody; None without any."""
    patients = run.patients.set_index("sample_id").loc[list(ids)]
    numbers = patients[_named(patients, "covariate.")].select_dtypes(["number", "bool"]).dropna(axis=1)
    if numbers.empty:
        return None
    named = numbers.rename(columns=lambda name: name.removeprefix("covariate."))
    return surrogate_tree(measure, named, chosen_most_often(chosen))


def _named(patients: pd.DataFrame, start: str) -> list[str]:
    return [str(column) for column in patients.columns if str(column).startswith(start)]
