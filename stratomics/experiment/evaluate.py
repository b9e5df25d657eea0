"""What is said of the predictions in ``metrics.json``: methods side by side, coverage for whom, effects of the arm."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from datamodules.resampling import Design
from datamodules.split import patient_groups
from models.prediction import Prediction
from omics.cohort.arms import arm_codes
from omics.cohort.endpoints import Endpoints, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from stratomics.baselines.single_views import ALL_VIEWS, ALONE, CLINIC, WITHOUT
from stratomics.evaluation.bound_coverage import bound_coverage_table
from stratomics.evaluation.cases import Cases, SurvivalCases, cases_of
from stratomics.evaluation.comparison import OURS, compare, figures, resamples
from stratomics.evaluation.control_results import control_result
from stratomics.evaluation.metrics.response_set_coverage import set_coverage_table, coverage_groups
from stratomics.evaluation.treatment_interaction import interaction, relative_effects
from stratomics.evaluation.view_contributions import ledger
from stratomics.experiment.tasks import control_cohort
from stratomics.runs.patients_table import patients_table

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = ["evaluate", "methods_of"]


def methods_of(config: ExperimentConfig) -> list[str]:
    """Names of the methods of a run that are compared, ours first."""
    return [OURS, *(config.baselines or ()), *(["stack"] if config.stack else [])]


def evaluate(config: ExperimentConfig, design: Design, found: Mapping[str, Prediction]) -> dict[str, Any]:
    """Judge every method on the deciding endpoint, and ours on whatever else it predicts.

    Parameters
    ----------
    config, design
        The experiment.
    found
        Predictions by the names of :func:`methods_of`, those of the ledger of views, and the controls.

    Returns
    -------
    dict
        What :func:`stratomics.evaluation.comparison.compare` gives; the figures of ours on its other endpoints, by
        their names; ``coverage``, whom sets or bounds cover; ``ledger``, what each view tells; ``controls``, what had
        to come out at chance; and of a cohort with arms ``interaction``.
    """
    cohort = design.evaluated
    endpoints, spec = cohort_endpoints(cohort), cohort_spec(cohort)
    ids, primary_endpoint = cohort.obs_names.to_numpy(dtype=str), endpoints.primary()
    cases = {name: cases_of(found[name], ids, primary_endpoint) for name in methods_of(config)}
    families, evaluation, ours = patient_groups(cohort), config.evaluation, found[OURS]

    def seen(name: str) -> Any:
        return None if families is None else families[endpoints.named[name].observed]

    content = compare(
        cases,
        spec.primary_endpoint,
        primary_endpoint.kind,
        str(evaluation.metric),
        evaluation.draws,
        config.seed,
        seen(spec.primary_endpoint),
    )
    for name in _others(config.endpoints or (), endpoints):
        endpoint = endpoints.named[name]
        own = cases_of(ours, ids, endpoint)
        content[name] = figures(own, endpoint.kind, evaluation.draws, config.seed, seen(name))
    patients = patients_table(cohort)[primary_endpoint.observed]
    content["coverage"] = _records(_coverage(cases["stratomics"], patients))
    content["ledger"] = _ledger(
        config, cohort, found, None if families is None else seen(spec.primary_endpoint)
    )
    content["controls"] = _controls(config, design, found)
    codes = arm_codes(cohort)
    # Where one arm taught nothing of the endpoint, no arm is predicted.
    if codes is not None and "benefit" in ours.patients:
        content["interaction"] = _interaction(ours, cohort, codes)
    return content


def _ledger(
    config: ExperimentConfig, cohort: MuData, found: Mapping[str, Prediction], families: Any
) -> list[dict[str, Any]] | None:
    """Rows of :func:`stratomics.evaluation.view_contributions.ledger`; None where views have no components of their own."""
    if ALL_VIEWS not in found:
        return None
    ids, endpoint = cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).primary()

    def cases(name: str) -> Cases:
        return cases_of(found[name], ids, endpoint)

    views = list(cohort_spec(cohort).views)
    alone = {"clinic (covariates)": cases(CLINIC), **{view: cases(f"{ALONE}{view}") for view in views}}
    left_out = {view: cases(f"{WITHOUT}{view}") for view in views}
    fused, evaluation = cases(ALL_VIEWS), config.evaluation
    weight = resamples(np.arange(len(fused)) if families is None else families, evaluation.draws, config.seed)
    return ledger(fused, alone, left_out, endpoint.kind, str(evaluation.metric), weight)


def _controls(
    config: ExperimentConfig, design: Design, found: Mapping[str, Prediction]
) -> dict[str, dict[str, Any]]:
    rows = {}
    for name in config.controls or ():
        cohort = control_cohort(config, design.cohort, name)
        ids, endpoint = cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).primary()
        cases = cases_of(found[name], ids, endpoint)
        families = patient_groups(cohort)
        units = np.arange(cohort.n_obs) if families is None else families
        weight = resamples(units[endpoint.observed], config.evaluation.draws, config.seed)
        rows[name] = control_result(cases, endpoint.kind, weight, len(config.controls or ()))
    return rows


def _others(learned: Sequence[str], endpoints: Endpoints) -> list[str]:
    """Learned endpoints, beside the deciding one, whose predictions have columns: the first of the other kind."""
    kind = endpoints.named[endpoints.primary_endpoint].kind
    return [name for name in learned if endpoints.named[name].kind != kind][:1]


def _coverage(cases: Cases, patients: pd.DataFrame) -> pd.DataFrame:
    groups = coverage_groups(patients)
    return bound_coverage_table(cases, groups) if isinstance(cases, SurvivalCases) else set_coverage_table(cases, groups)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as json holds them, where what is not known is null."""
    return [
        {
            str(key): None if isinstance(value, float) and np.isnan(value) else value
            for key, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _interaction(prediction: Prediction, cohort: MuData, codes: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Whether predicted relative effects are borne out; of several repeats the mean slope, and the median p."""
    endpoint = cohort_endpoints(cohort).primary()
    at = float(np.median(endpoint.time[endpoint.event])) if isinstance(endpoint, Survival) else None
    relative = relative_effects(prediction, at, cohort_spec(cohort).primary_endpoint)
    found = []
    for _, part in relative.groupby("repeat"):
        rows = part.set_index("sample_id").loc[cohort.obs_names]
        said, prognosis = rows[["relative", "prognosis"]].to_numpy(dtype=np.float64).T
        found.append(interaction(endpoint, codes, said, prognosis, rows["fold"].to_numpy(dtype=np.int64)))
    table = pd.DataFrame([dataclasses.asdict(one) for one in found])
    # A median of p values of the same patients is at most twice too small (Ruschendorf 1982), and one alone is so too,
    # since the folds of a cross-fit share patients (z of standard deviation 1.2 where there is nothing); it is doubled.
    p = min(1.0, 2.0 * float(table["p"].median()))
    slope, se = float(table["slope"].mean()), float(table["se"].replace(np.inf, np.nan).mean())
    return {"slope": slope, "se": None if np.isnan(se) else se, "p": p, "n": int(table["n"].iloc[0])}
