"""Whether the outcomes and inputs of another cohort can be compared with those of a run; an error says what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from datamodules.harmonizer import Harmonizer
from datamodules.shift import shift_findings
from omics.checks.finding import WARNING
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec, observed_views
from omics.common.errors import DataError, InputError
from omics.common.view_blocks import value_blocks

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.runs.run_directory import RunDirectory

__all__ = ["check_zeros", "comparable_endpoint", "input_notes", "zeros_for_missing"]

FEWEST = 10
"""Patients with the endpoint that a validation needs."""
WHOLE = 5
"""Patients from which values of a whole site are looked at."""
FAR = 3.0
"""Standard deviations from the training mean beyond which a 0 is not a value of training."""
COVARIATE = "covariate."


def comparable_endpoint(run: RunDirectory, other: MuData) -> Survival | Response:
    """Find the endpoint of a run in another cohort.

    Parameters
    ----------
    run
        A finished run.
    other
        The other cohort.

    Returns
    -------
    Survival or Response
        The endpoint of all patients of the other cohort.

    Raises
    ------
    InputError
        If the cohorts share patients, or the endpoint is absent, of another kind or in another unit of time.
    DataError
        If fewer than ten patients have the endpoint, or no patient has the event.
    """
    name, spec = run.endpoint, cohort_spec(other)
    both = set(map(str, other.obs_names)) & set(run.sample_ids.tolist())
    if both:
        raise InputError(
            f"patient '{min(both)}' is in the run and in cohort '{spec.name}', so the cohort is not external; leave "
            "the patients of the run out, or use different ids for different patients"
        )
    endpoints = cohort_endpoints(other).named
    if name not in endpoints:
        raise InputError(
            f"cohort '{spec.name}' has no endpoint '{name}', which the run predicts; declare it in its cohort.yaml"
        )
    endpoint = endpoints[name]
    if endpoint.kind != run.kind:
        raise InputError(
            f"endpoint '{name}' is a {endpoint.kind} endpoint in cohort '{spec.name}' and a {run.kind} endpoint in the "
            "run; declare it in the same way"
        )
    if isinstance(endpoint, Survival) and endpoint.unit != run.survival.unit:
        raise InputError(
            f"times of '{name}' are in {endpoint.unit} in cohort '{spec.name}' and in {run.survival.unit} in the run; "
            "convert them to the same unit"
        )
    known = int(endpoint.observed.sum())
    if known < FEWEST:
        raise DataError(
            f"{known} patients of cohort '{spec.name}' have the endpoint '{name}'; a validation needs {FEWEST}"
        )
    if isinstance(endpoint, Survival) and not endpoint.event.any():
        raise DataError(
            f"no patient of cohort '{spec.name}' has the event of '{name}'; a validation needs events"
        )
    return endpoint


def input_notes(harmonizer: Harmonizer, other: MuData) -> list[str]:
    """Name the differences of another cohort that matter, one sentence each.

    Parameters
    ----------
    harmonizer
        Reference harmonizer of the run.
    other
        The other cohort.

    Returns
    -------
    list of str

    Raises
    ------
    InputError
        If no patient has a view that the model uses.
    """
    measured = observed_views(other)
    used = [view for view in harmonizer.views if view in measured and measured[view].any()]
    if not used:
        raise InputError(
            f"no patient of cohort '{cohort_spec(other).name}' has a view that the model uses "
            f"({', '.join(harmonizer.views)}); measure one of them, or declare it under this name in its cohort.yaml"
        )
    findings = (one for one in shift_findings(harmonizer, other) if one.severity == WARNING)
    notes = [
        f"{one.place}: {one.sentence.rstrip('.')}{'' if one.sentence.endswith('?') else '.'}"
        for one in findings
    ]
    if lacking := int((~measured[used].any(axis=1)).sum()):
        notes.append(f"{lacking} patients lack all views and are predicted from covariates alone.")
    return notes


def check_zeros(
    training: pd.DataFrame, patients: pd.DataFrame, harmonizer: Harmonizer, other: MuData
) -> list[str]:
    """Find zeros that probably stand for missing values.

    Parameters
    ----------
    training, patients
        Rows of :func:`stratomics.runs.patients_table.patients_table` of the run and of the other cohort.
    harmonizer
        Reference harmonizer of the run.
    other
        The other cohort.

    Returns
    -------
    list of str
        Sentences on zeros in part of the values.

    Raises
    ------
    InputError
        If all values of the cohort, or of one of its sites, are 0, and all training patients have other values.
    """
    notes = []
    for name, place, count, total in [
        *zeros_for_missing(training, patients),
        *_zeros_in_views(harmonizer, other),
    ]:
        if count == total:
            raise InputError(
                f"'{name}' is 0 in all {count} patients of {place} and never in training, so 0 probably stands for a "
                f"missing value; leave these cells empty, or declare `missing: {{{name}: [0]}}` for a column of the "
                "samples table"
            )
        notes.append(
            f"'{name}' is 0 in {count} of {total} patients of {place} and never in training: is it a missing value?"
        )
    return notes


def zeros_for_missing(training: pd.DataFrame, patients: pd.DataFrame) -> Iterator[tuple[str, str, int, int]]:
    """Covariates that are 0 in another cohort, and positive in all training patients.

    Parameters
    ----------
    training, patients
        Tables of patients.

    Yields
    ------
    tuple
        Covariate, place (a site, or the cohort), patients with 0, patients with a value there.
    """
    for column in (c for c in patients if str(c).startswith(COVARIATE) and c in training):
        if not all(pd.api.types.is_numeric_dtype(table[column]) for table in (training, patients)):
            continue
        seen, here = training[column].dropna(), patients[column]
        if not len(seen) or not (seen > 0).all() or not (here == 0).any():
            continue
        name = str(column).removeprefix(COVARIATE)
        for site, values in here.groupby(patients["site"].astype(str)) if "site" in patients else ():
            if values.notna().sum() >= WHOLE and (values.dropna() == 0).all():
                yield name, f"site {site}", int((values == 0).sum()), int(values.notna().sum())
        yield name, "the cohort", int((here == 0).sum()), int(here.notna().sum())


def _zeros_in_views(harmonizer: Harmonizer, other: MuData) -> Iterator[tuple[str, str, int, int]]:
    """Features of a view whose values are all 0, and all far from those of training."""
    batch = harmonizer.transform(other)
    for name, view in harmonizer.views.items():
        if name not in other.mod:
            continue
        table = other[name]
        zero = np.concatenate([(values == 0).all(axis=0)[None] for _, values in value_blocks(table)]).all(
            axis=0
        )
        for feature in view.features[view.features.isin(table.var_names[zero])]:
            column = view.features.get_loc(feature)
            values = batch.views[name][batch.observed[name][:, column], column]
            if len(values) >= WHOLE and np.abs(values).min() > FAR:
                yield str(feature), f"the cohort (view {name})", len(values), len(values)
