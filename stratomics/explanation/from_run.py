"""Explain the predictions of a finished run for a cohort: attributions, and details of one or a few patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import spearmanr

from datamodules.exposure.exposure_view import with_exposure
from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import cohort_digest, read_cohort
from omics.common.errors import ConfigError, InputError, nearest
from stratomics.encoding.training_part import EncodedPatients
from stratomics.enrichment.store import load_subgroup
from stratomics.explanation.attribution import Explanation, explain
from stratomics.explanation.counterfactual import Decision, decision_of, smallest_changes
from stratomics.explanation.dependence import top_two_dependence
from stratomics.explanation.from_training import describe_training, is_informative, run_loadings
from stratomics.explanation.importance import importance_over_folds
from stratomics.explanation.missing_views import missing_views
from stratomics.explanation.neighbours import nearest_patients
from stratomics.explanation.outer_folds import OuterFolds
from stratomics.explanation.reasons import rationales
from stratomics.explanation.reference import NAME, TrainingReference
from stratomics.explanation.result import GlobalImportance, PatientDetails
from stratomics.explanation.store import StoredExplanation
from stratomics.explanation.table import contributions
from stratomics.fitting.fitted import Fitted

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import FittedEndpoint
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["ExplainRequest", "RunExplanation", "explain_run", "to_store"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ExplainRequest:
    """What is explained.

    Attributes
    ----------
    patient
        One patient; None for all, with details of those with the highest, middle and lowest prediction.
    modifiable
        Covariates along which a change of the decision is sought, besides the factors.
    neighbours
        Number of nearest training patients.
    endpoint
        Name of the endpoint; None for the primary endpoint. Others have no neighbours, decision and importance.
    """

    patient: str | None = None
    modifiable: tuple[str, ...] = ()
    neighbours: int = 5
    endpoint: str | None = None


@dataclass(frozen=True)
class RunExplanation:
    """Explanation of the predictions of a run.

    Attributes
    ----------
    explanation
        Attributions of the patients.
    details
        Details of one or a few patients.
    importance
        For the training cohort of the run; None for other patients or a single one, and if the run has nothing of its
        outer folds.
    endpoint
        Name of the explained endpoint.
    own
        Whether the patients are those of the cohort of the run.
    informative
        Whether out-of-fold predictions were better than chance.
    trained
        Number of the patients that the model was fitted to.
    """

    explanation: Explanation
    details: tuple[PatientDetails, ...]
    importance: GlobalImportance | None
    endpoint: str
    own: bool
    informative: bool
    trained: int


def explain_run(
    run: RunDirectory, cohort: str | MuData, request: ExplainRequest | None = None
) -> RunExplanation:
    """Explain the predictions of the final model of a run.

    Parameters
    ----------
    run
        A finished run.
    cohort
        Patients, or where they are; outcomes are not used.
    request
        What is explained.

    Returns
    -------
    RunExplanation
        The global importance is computed if these are the training patients of the run.

    Raises
    ------
    ConfigError
        If the model does not predict the endpoint.
    InputError
        If the run is not finished, a patient is not in the cohort, no patient has a view of the model, or the model has
        no explanation data and its training cohort is gone.
    """
    if not run.finished:
        raise InputError(f"{run.path}: not a finished run directory; create one with `stratomics run`")
    request = request or ExplainRequest()
    patients = with_exposure(read_new_patients(cohort)) if isinstance(cohort, str) else cohort
    own = isinstance(cohort, str) and cohort_digest(patients) == run.provenance["cohort_digest"]
    if request.patient is not None:
        patients = _one_patient(patients, request.patient)
    fitted = Fitted.load(run.path / "model")
    patients = fitted.prepared(patients)
    _check_views(fitted, patients)
    number = _number(fitted, request.endpoint)
    reference = _reference(run, fitted)
    if number:
        reference = _of_other_endpoint(run, reference, fitted.endpoints[number])
    outer = OuterFolds.load(run.path) if own and not number else None
    found = explain(fitted, patients, reference, outer=outer, number=number)
    trained = int(np.isin(found.sample_ids, run.sample_ids).sum())
    importance = None
    if outer is not None and request.patient is None:
        importance = _importance(fitted, reference, fitted.encode(patients), found, outer)
    model = _Model(run, fitted, reference, outer)
    details = _details(model, patients[_examples(found.prediction)].copy(), request)
    name = fitted.endpoints[number].name
    return RunExplanation(found, details, importance, name, own, reference.informative, trained)


def to_store(found: RunExplanation, importance: GlobalImportance) -> StoredExplanation:
    """Select what a run stores of the explanation of its own patients.

    Parameters
    ----------
    found
        The explanation.
    importance
        Its global importance.

    Returns
    -------
    StoredExplanation
        For :func:`stratomics.explanation.store.save_explanation`.
    """
    return StoredExplanation(
        importance,
        found.details,
        contributions(found.explanation),
        found.explanation.reference_patients,
        int(found.explanation.folds.max(initial=0)),
        found.informative,
    )


def _check_views(fitted: Fitted, patients: MuData) -> None:
    if not any(view in patients.mod and patients[view].n_obs for view in fitted.views):
        raise InputError(
            f"no patient has a view of the model ({', '.join(fitted.views)}), so that there is little to explain; name "
            "the views as in training"
        )


def _number(fitted: Fitted, name: str | None) -> int:
    """Look up the number of an endpoint of the model."""
    names = [endpoint.name for endpoint in fitted.endpoints]
    if name is not None and name not in names:
        raise ConfigError(f"the model predicts no endpoint '{name}'; {nearest(name, names)}")
    return 0 if name is None else names.index(name)


def _of_other_endpoint(
    run: RunDirectory, reference: TrainingReference, endpoint: FittedEndpoint
) -> TrainingReference:
    """Leave out the quantiles of the primary endpoint."""
    own = {
        name: values
        for name, values in reference.quantiles.items()
        if name != "prediction" and not name.startswith("contribution.")
    }
    informative = is_informative(run.metrics, endpoint.kind, endpoint.name)
    return replace(reference, quantiles=own, informative=informative)


def _one_patient(patients: MuData, name: str) -> MuData:
    names = list(map(str, patients.obs_names))
    if name not in names:
        raise InputError(f"no patient '{name}' in the cohort; {nearest(name, names)}")
    return patients[[names.index(name)]].copy()


def _examples(prediction: Array) -> NDArray[np.int64]:
    """Rows with the highest, middle and lowest prediction."""
    order = np.argsort(-prediction, kind="stable")
    return order[list(dict.fromkeys([0, len(order) // 2, len(order) - 1]))]


def _reference(run: RunDirectory, fitted: Fitted) -> TrainingReference:
    """Read the explanation data of the model; those of an older run are made from its training cohort."""
    if (run.path / "model" / f"{NAME}.json").is_file():
        return TrainingReference.load(run.path / "model")
    source = str(run.config["cohort"])
    try:
        cohort = with_exposure(read_cohort(source))
    except (InputError, OSError):
        cohort = None
    if cohort is None or cohort_digest(cohort) != run.provenance["cohort_digest"]:
        raise InputError(
            f"{run.path}: this model has no explanation data, and its training cohort is not at {source} any more; "
            "restore the cohort, or run again"
        )
    informative = is_informative(run.metrics, run.kind)
    loadings = run_loadings(run.path / "factors")
    return describe_training(
        fitted, cohort, loadings, informative=informative, seed=int(run.provenance["seed"])
    )


class _Model(NamedTuple):
    """The final model of a run, and what explanations need besides."""

    run: RunDirectory
    fitted: Fitted
    reference: TrainingReference
    outer: OuterFolds | None


def _details(model: _Model, cohort: MuData, request: ExplainRequest) -> tuple[PatientDetails, ...]:
    run, fitted, reference, outer = model
    patients, number = fitted.encode(cohort), _number(fitted, request.endpoint)
    table = fitted.predict_encoded(patients).patients
    found = explain(fitted, cohort, reference, outer=outer, number=number)
    if number:
        # The unit of the times of other endpoints is not stored.
        found = replace(found, over_time=None)
    reasons = rationales(found, cohort, fitted, reference)
    near = nearest_patients(run, cohort, 0 if number else request.neighbours)
    lacking = missing_views(fitted, patients, int(run.provenance["seed"]), number)
    decision = (
        None if number else decision_of(list(map(str, table.columns)), reference, _locked_rule(run, table))
    )
    details = []
    for row, rationale in enumerate(reasons):
        one = patients.take(np.array([row]))
        changes = (
            [] if decision is None else smallest_changes(fitted, one, reference, decision, request.modifiable)
        )
        missing = {view.view: float(view.sd[row]) for view in lacking if np.isfinite(view.sd[row])}
        abstains = "abstain_reason" in table and not number
        abstain = str(table["abstain_reason"].iloc[row]) if abstains else ""
        details.append(
            PatientDetails(
                rationale,
                tuple(near[row]),
                "" if decision is None else decision.name,
                tuple(changes),
                missing,
                abstain,
            )
        )
    return tuple(details)


def _locked_rule(run: RunDirectory, table: pd.DataFrame) -> Decision | None:
    """Eligibility by the rule that ``stratomics enrich`` locked, if the rule is on a prediction."""
    path = run.path / "subgroup.json"
    rule = load_subgroup(path) if path.is_file() else None
    if rule is None or rule.score not in table:
        return None

    def eligible(predictions: pd.DataFrame) -> NDArray[np.str_]:
        score = predictions[rule.score].to_numpy(dtype=np.float64)
        return np.where(rule.eligible(score)["eligible"], "eligible", "not eligible")

    return Decision(f"eligibility by the locked rule ({rule.rule})", eligible)


def _importance(
    fitted: Fitted,
    reference: TrainingReference,
    patients: EncodedPatients,
    found: Explanation,
    outer: OuterFolds,
) -> GlobalImportance:
    """Join importance over the outer folds and mean contributions in the final model."""
    table = importance_over_folds(outer.importance, fitted, reference)
    table["contribution"] = _mean_contributions(found, table)
    whole = table[table["kind"] != "block"]
    agreement = float(spearmanr(whole["importance"], whole["contribution"]).statistic)
    enough = len(whole) > 2 and np.isfinite(agreement)  # noqa: PLR2004  # two ranks always agree or disagree
    return GlobalImportance(table, agreement if enough else None, top_two_dependence(fitted, patients, found))


def _mean_contributions(found: Explanation, table: pd.DataFrame) -> Sequence[float]:
    """Mean absolute contribution of each covariate and view; of a block, that of the feature that names it, or 0."""
    sizes = {
        (item.name, item.view): float(size)
        for level in ("features", "views")
        for item, size in zip(
            found.levels[level].items, np.abs(found.levels[level].value).mean(axis=0), strict=True
        )
    }
    return [sizes.get((name, view), 0.0) for name, view in zip(table["name"], table["view"], strict=True)]
