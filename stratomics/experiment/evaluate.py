"""Content of ``metrics.json``: comparison of methods, coverage, view contributions, controls, treatment interaction."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.resampling import Design
from datamodules.split import patient_groups
from models.prediction import Prediction
from omics.cohort.arms import arm_codes
from omics.cohort.endpoints import Endpoints, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.files import JsonObject
from stratomics.candidates.single_views import ALL_VIEWS, ALONE, CLINICAL, WITHOUT
from stratomics.evaluation.cases import Cases, cases_of
from stratomics.evaluation.comparison import (
    OURS,
    Comparison,
    MetricEstimates,
    compare,
    metric_estimates,
    resamples,
)
from stratomics.evaluation.control_results import ControlResult
from stratomics.evaluation.coverage_tables import CoverageRow, coverage_rows
from stratomics.evaluation.treatment_interaction import interaction, relative_effects
from stratomics.evaluation.view_contributions import ViewContribution, view_contributions
from stratomics.experiment.evaluate_controls import control_results
from stratomics.experiment.tasks import compared_methods
from stratomics.runs.patients_table import patients_table

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = ["Evaluation", "InteractionSummary", "evaluate", "methods_of"]

CLINICAL_VIEW = "clinic (covariates)"
"""Name of the clinical covariates among the views of ``metrics.json``; finished runs store it."""


class InteractionSummary(TypedDict):
    """Treatment interaction over all repeats, as in ``metrics.json``.

    Attributes
    ----------
    slope, se
        Mean over the repeats of the slope and of its standard error; None if the predicted effect is constant.
    p
        One-sided p value: twice the median over the repeats.
    n
        Number of patients in the two arms.
    """

    slope: float
    se: float | None
    p: float
    n: int


@dataclass(frozen=True)
class Evaluation:
    """All that is estimated from the predictions of a run.

    Attributes
    ----------
    comparison
        All methods on the primary endpoint.
    other_endpoints
        Endpoint -> metric -> estimate of stratomics, on the other endpoints that it predicts.
    coverage
        Coverage of lower bounds or response sets, overall and by group.
    views
        Contribution of each view; None if views have no components of their own.
    controls
        Control -> its result.
    interaction
        Treatment interaction; None without predictions under both arms.
    """

    comparison: Comparison
    other_endpoints: Mapping[str, MetricEstimates]
    coverage: Sequence[CoverageRow]
    views: Sequence[ViewContribution] | None
    controls: Mapping[str, ControlResult]
    interaction: InteractionSummary | None

    def to_json(self) -> JsonObject:
        """Content of ``metrics.json``."""
        content = {
            **self.comparison.to_json(),
            **self.other_endpoints,
            "coverage": self.coverage,
            "ledger": self.views,
            "controls": self.controls,
        }
        return content if self.interaction is None else content | {"interaction": self.interaction}


def methods_of(config: ExperimentConfig) -> list[str]:
    """Names of the methods that a run compares, stratomics first."""
    return [OURS, *compared_methods(config)]


def evaluate(config: ExperimentConfig, design: Design, predictions: Mapping[str, Prediction]) -> Evaluation:
    """Evaluate all methods on the primary endpoint, and stratomics on the other endpoints that it predicts.

    Parameters
    ----------
    config
        Configuration of the experiment.
    design
        Cohort and folds.
    predictions
        Predictions of the methods of :func:`methods_of`, of each set of views, and of the controls, by name.

    Returns
    -------
    Evaluation
        Estimates, view contributions, control results.
    """
    cohort = design.evaluated
    endpoints, spec = cohort_endpoints(cohort), cohort_spec(cohort)
    ids, primary_endpoint = cohort.obs_names.to_numpy(dtype=str), endpoints.primary()
    horizons = config.evaluation.horizons or ()
    cases = {
        name: cases_of(predictions[name], ids, primary_endpoint, horizons) for name in methods_of(config)
    }
    families, draws, ours = patient_groups(cohort), config.evaluation.draws, predictions[OURS]

    def families_of(name: str) -> NDArray[np.int64] | None:
        """Families of the patients with an endpoint."""
        return None if families is None else families[endpoints.named[name].observed]

    comparison = compare(
        cases,
        spec.primary_endpoint,
        primary_endpoint.kind,
        str(config.evaluation.metric),
        draws,
        config.seed,
        families_of(spec.primary_endpoint),
    )
    others = {}
    for name in _others(config.endpoints or (), endpoints):
        endpoint = endpoints.named[name]
        other_cases = cases_of(ours, ids, endpoint)
        others[name] = metric_estimates(other_cases, endpoint.kind, draws, config.seed, families_of(name))
    patients = patients_table(cohort)[primary_endpoint.observed]
    arm = arm_codes(cohort)
    # Predictions have no arms if one of them is too small to learn from.
    has_effect = "benefit" in ours.patients
    return Evaluation(
        comparison,
        others,
        coverage_rows(cases[OURS], patients),
        _view_contributions(config, cohort, predictions, families_of(spec.primary_endpoint)),
        control_results(config, design, predictions),
        None if arm is None or not has_effect else _interaction(ours, cohort, arm),
    )


def _view_contributions(
    config: ExperimentConfig,
    cohort: MuData,
    predictions: Mapping[str, Prediction],
    families: NDArray[np.int64] | None,
) -> list[ViewContribution] | None:
    """Contribution of each view; None if views have no components of their own."""
    if ALL_VIEWS not in predictions:
        return None
    ids, endpoint = cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).primary()

    def cases(name: str) -> Cases:
        return cases_of(predictions[name], ids, endpoint, config.evaluation.horizons or ())

    views = list(cohort_spec(cohort).views)
    alone = {CLINICAL_VIEW: cases(CLINICAL), **{view: cases(f"{ALONE}{view}") for view in views}}
    without = {view: cases(f"{WITHOUT}{view}") for view in views}
    fused, evaluation = cases(ALL_VIEWS), config.evaluation
    weight = resamples(np.arange(len(fused)) if families is None else families, evaluation.draws, config.seed)
    return view_contributions(fused, alone, without, endpoint.kind, str(evaluation.metric), weight)


def _others(selected: Sequence[str], endpoints: Endpoints) -> list[str]:
    """Find the first selected endpoint of the other kind, which has columns in the predictions."""
    kind = endpoints.named[endpoints.primary_endpoint].kind
    return [name for name in selected if endpoints.named[name].kind != kind][:1]


def _interaction(prediction: Prediction, cohort: MuData, arm: NDArray[np.float64]) -> InteractionSummary:
    """Summarise the treatment interaction over repeats: mean slope, and twice the median p value."""
    endpoint = cohort_endpoints(cohort).primary()
    at = float(np.median(endpoint.time[endpoint.event])) if isinstance(endpoint, Survival) else None
    effects = relative_effects(prediction, at, cohort_spec(cohort).primary_endpoint)
    results = []
    for _, part in effects.groupby("repeat"):
        rows = part.set_index("sample_id").loc[cohort.obs_names]
        relative, prognosis = rows[["relative", "prognosis"]].to_numpy(dtype=np.float64).T
        fold = rows["fold"].to_numpy(dtype=np.int64)
        results.append(interaction(endpoint, arm, relative, prognosis, fold))
    table = pd.DataFrame([dataclasses.asdict(result) for result in results])
    # The median of p values of the same patients is at most a factor of 2 too small (Rueschendorf 1982). A single p
    # value is too small as well, because folds of a cross-fit share patients: without an effect, z has a standard
    # deviation of 1.2. Therefore p is doubled.
    p = min(1.0, 2.0 * float(table["p"].median()))
    slope, se = float(table["slope"].mean()), float(table["se"].replace(np.inf, np.nan).mean())
    return {"slope": slope, "se": None if np.isnan(se) else se, "p": p, "n": int(table["n"].iloc[0])}
