"""Evaluate the predictions of a run in another cohort."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_digest, cohort_spec
from omics.common.errors import DataError
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases, cases_of
from stratomics.evaluation.comparison import OURS, resamples
from stratomics.runs.patients_table import patients_table
from stratomics.transportability.case_mix import expected_discrimination
from stratomics.transportability.comparable import check_zeros, comparable_endpoint, input_notes
from stratomics.transportability.external import validate
from stratomics.transportability.groups import declared_groups, group_results
from stratomics.transportability.inputs import (
    SharedInputs,
    reference_harmonizer,
    same_profiles,
    shared_inputs,
)
from stratomics.transportability.learning_curve import LearningCurve, learning_curve
from stratomics.transportability.recalibration import Recalibration, recalibrate, recalibration_data
from stratomics.transportability.result import Transport, TransportRequest
from stratomics.transportability.shift import covariate_shift
from stratomics.transportability.sites import SiteSummary, site_summary

if TYPE_CHECKING:
    from mudata import MuData

    from models.prediction import Prediction
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["check_inputs", "sites_of_run", "transport_of_run"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

MORE = 100
"""Further patients that a learning curve is extrapolated to."""
LEAST_DRAWS = 200
MANY = 3
"""Patients with equal factors from which the cohorts may share patients."""


def check_inputs(run: RunDirectory, other: MuData, request: TransportRequest) -> list[str]:
    """Check before prediction that another cohort can be compared with that of a run.

    Parameters
    ----------
    run
        A finished run.
    other
        The other cohort.
    request
        What is asked.

    Returns
    -------
    list of str
        Differences of the inputs, one sentence each.

    Raises
    ------
    InputError
        If the endpoint, the views, the groups or the values of the cohort cannot be used.
    """
    comparable_endpoint(run, other)
    patients = patients_table(other)
    declared_groups(patients, request.groups)
    harmonizer = reference_harmonizer(run)
    if harmonizer is None:
        return ["The run has no factors, so the inputs of the cohorts are not compared."]
    return [*input_notes(harmonizer, other), *check_zeros(run.patients, patients, harmonizer, other)]


def transport_of_run(
    run: RunDirectory, other: MuData, prediction: Prediction, request: TransportRequest, notes: list[str]
) -> Transport:
    """Evaluate a prediction of the final model of a run in another cohort.

    Parameters
    ----------
    run
        A finished run.
    other
        The other cohort.
    prediction
        Prediction of all its patients by the final model, perhaps with the column ``eligible`` of a locked rule.
    request
        What is asked.
    notes
        Sentences of :func:`check_inputs`.

    Returns
    -------
    Transport
    """
    endpoint, seed = comparable_endpoint(run, other), int(run.provenance["seed"])
    ids, training = other.obs_names.to_numpy(dtype=str), run.cases[OURS]
    horizons = (training.horizon,) if isinstance(training, SurvivalCases) else ()
    cases = cases_of(prediction, ids, endpoint, horizons)
    rows = np.flatnonzero(endpoint.observed)
    patients = patients_table(other).iloc[rows].reset_index(drop=True)
    units = patients["group" if "group" in patients else "sample_id"]
    weight = resamples(pd.factorize(units)[0], max(LEAST_DRAWS, len(run.resamples) - 1), seed)
    flags = prediction.patients.set_index("sample_id").loc[ids[rows]]
    abstained, selected = _flags(flags, "abstain"), _flags(flags, "eligible")
    said = list(notes)
    harmonizer = reference_harmonizer(run)
    inputs = None if harmonizer is None else shared_inputs(run, harmonizer, other)
    shift = None
    if inputs is not None:
        said += _same_patients(inputs)
        shift = covariate_shift(training, inputs.training, run.resamples, cases, inputs.other[rows], seed)
    else:
        said.append(
            "The run has no factors of the patients that it evaluates, so covariate shift is not measured."
        )
    by = declared_groups(patients, request.groups)
    return Transport(
        cohort_spec(other).name,
        cohort_digest(other),
        run.endpoint,
        run.kind,
        endpoint.unit,
        cases.horizon if isinstance(cases, SurvivalCases) else None,
        len(training),
        run.metrics[run.endpoint],
        expected_discrimination(training),
        validate(cases, patients, weight, abstained, selected),
        group_results(cases, by, weight, abstained, selected),
        shift,
        _recalibration(cases, seed, said) if request.recalibrate else None,
        sites_of_run(run),
        _sites(cases, patients, weight, left_out=True),
        _learning(run, training, inputs, seed, said) if request.learning_curve else None,
        tuple(said),
    )


def _same_patients(inputs: SharedInputs) -> list[str]:
    """Ask whether the cohorts share patients under other ids."""
    same = same_profiles(inputs)
    if same < MANY:
        return []
    sentence = (
        f"{same} patients have exactly the factors of a patient of the run: if they are the same patients under other "
        "ids, this is no external validation."
    )
    return [sentence]


def _flags(patients: pd.DataFrame, column: str) -> Flags | None:
    return patients[column].to_numpy(dtype=bool) if column in patients else None


def _recalibration(cases: Cases, seed: int, notes: list[str]) -> Recalibration | None:
    found = recalibrate(recalibration_data(cases), len(cases), seed)
    if found is None:
        notes.append(
            "Intercept and slope cannot be estimated in these patients: they have one class, or predictions tell it."
        )
    return found


def sites_of_run(run: RunDirectory) -> SiteSummary | None:
    """Summarise the sites of a run, predicted out of fold, by random effects; None with fewer than two sites."""
    left_out = run.provenance["design"].get("design") == "leave_site_out"
    return _sites(run.cases[OURS], run.evaluated, run.resamples, left_out=left_out)


def _sites(cases: Cases, patients: pd.DataFrame, weight: Array, *, left_out: bool) -> SiteSummary | None:
    if "site" not in patients or patients["site"].nunique() < 2:  # noqa: PLR2004  # nothing to summarise
        return None
    return site_summary(cases, patients["site"].astype(str).to_numpy(dtype=str), weight, left_out=left_out)


def _learning(
    run: RunDirectory, training: Cases, inputs: SharedInputs | None, seed: int, notes: list[str]
) -> LearningCurve | None:
    if inputs is None:
        notes.append("Without factors of the evaluated patients there is no learning curve.")
        return None
    more = [MORE]
    if "site" in run.evaluated and len(set(run.evaluated["site"])) > 1:
        # One more site brings as many patients as the site in the middle of this cohort.
        more.append(int(run.evaluated["site"].value_counts().median()))
    horizon = training.horizon if isinstance(training, SurvivalCases) else 0.0
    try:
        return learning_curve(inputs.training, inputs.block, _endpoint(training), horizon, tuple(more), seed)
    except DataError as error:
        notes.append(f"No learning curve: {error}.")
        return None


def _endpoint(cases: Cases) -> Survival | Response:
    known = np.ones(len(cases), dtype=bool)
    if isinstance(cases, ResponseCases):
        return Response(cases.positive, known)
    return Survival(cases.time, cases.event, known)
