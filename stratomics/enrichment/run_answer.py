"""Everything a trial designer asks of a finished run; its rule is locked in ``subgroup.json``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.endpoints import Survival
from omics.errors import ConfigError
from stratomics.enrichment.answer import enrich, left_out, lock
from stratomics.enrichment.cuts import SHARES, share_cuts
from stratomics.enrichment.effects import Measure, measure_of
from stratomics.enrichment.from_run import has_two_arms, run_score, run_trial
from stratomics.enrichment.prognostic import ONE_ARM, prognostic_table
from stratomics.enrichment.readable_rule import ReadableRule, readable_rule
from stratomics.enrichment.subgroup import Subgroup, selection_rates
from stratomics.enrichment.threshold_table import median_follow_up
from stratomics.run_directory import RunDirectory

__all__ = ["enrich_run", "enrich_run_of_one_arm"]


def enrich_run(
    run: RunDirectory,
    control: str | None,
    treated: Sequence[str] = (),
    shares: Sequence[float] | None = None,
    randomised: str = "yes",
    **options: Any,
) -> dict[str, Any]:
    """Answer as :func:`stratomics.enrichment.answer.enrich` does, by the benefit that the run predicted out of fold.

    Parameters
    ----------
    run
        Of two arms.
    control, treated
        Value of the control arm, and those of the treated one, pooled if several; all others if left out.
    shares
        Of the highest benefit to look at; those of `cuts.SHARES` if left out.
    randomised
        How arms were allotted.
    options
        Of `enrich`.

    Returns
    -------
    dict
        As there, with ``groups``, the share chosen and abstaining in each site and by completeness of views, and
        ``readable``, a tree that approximates the choice; the rule is written to ``subgroup.json``,
        unless another one is locked there, which a warning says.

    Raises
    ------
    ConfigError
        If no control is named.
    """
    if control is None:
        arms = ", ".join(map(str, sorted(run.patients["arm"].dropna().unique())))
        raise ConfigError(f"{run.path}: which arm is the control? Add --control with one of {arms}")
    trial, ids = run_trial(run, control, treated, randomised)
    score = run_score(run, ids)
    cuts = share_cuts(trial, score.value, score.fold, shares or SHARES)
    answer = enrich(trial, score, cuts, **options)
    chosen = cuts[1][answer["best"]]
    horizon = answer["benefit"]["horizon"]
    measure = measure_of(trial, answer["measure"], float("nan") if horizon is None else horizon)
    readable = _readable(run, ids, measure, chosen)
    answer["warnings"] += _locked(run.path / "subgroup.json", lock(answer))
    answer["warnings"] += left_out(len(run.patients) - len(trial))
    extra = {"groups": _groups(run, ids, chosen), "readable": None if readable is None else asdict(readable)}
    return answer | extra


def _locked(path: Path, rule: Subgroup) -> list[str]:
    """Write the rule, unless another one is locked already: it stays, and that is said."""
    if path.exists() and not (locked := Subgroup.load(path)).same_rule(rule):
        kept = f"{path.name} holds another rule, locked before ({locked.label}), and keeps it"
        return [f"{kept}; remove the file to lock this one"]
    rule.save(path)
    return []


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
    """Share chosen in each site, and with and without every view; and of those who abstain, where that is known."""
    patients = run.patients.set_index("sample_id").loc[list(ids)]
    views = _named(patients, "view.")
    groups = {"site": patients["site"].to_numpy(dtype=str)} if "site" in patients else {}
    if views:
        complete = patients[views].to_numpy(dtype=np.bool_).all(axis=1)
        groups["views"] = np.where(complete, "all observed", "some missing")
    predicted = run.predictions["stratomics"].patients
    abstain = np.zeros(len(ids))
    if "abstain" in predicted:
        share = predicted.groupby("sample_id")["abstain"].mean()
        abstain = share.loc[list(ids)].to_numpy(dtype=np.float64)
    table = pd.DataFrame({"eligible": chosen.mean(axis=0), "abstain": abstain})
    return {name: selection_rates(table, group).to_dict(orient="index") for name, group in groups.items()}


def _readable(
    run: RunDirectory, ids: NDArray[np.str_], measure: Measure, chosen: NDArray[np.bool_]
) -> ReadableRule | None:
    """Approximate those chosen most often, by covariates that are numbers and known of everybody; None without any."""
    patients = run.patients.set_index("sample_id").loc[list(ids)]
    numbers = patients[_named(patients, "covariate.")].select_dtypes(["number", "bool"]).dropna(axis=1)
    often = chosen.mean(axis=0)
    most = often > np.quantile(often, 1.0 - often.mean())
    if numbers.empty or not most.any():
        return None
    return readable_rule(measure, numbers.rename(columns=lambda name: name.removeprefix("covariate.")), most)


def _named(patients: pd.DataFrame, start: str) -> list[str]:
    return [str(column) for column in patients.columns if str(column).startswith(start)]
