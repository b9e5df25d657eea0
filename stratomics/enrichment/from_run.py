"""Read the trial and the scores of a finished run from its saved tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from omics.common.errors import InputError
from omics.common.files import digest_files
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.read_trial import two_arms
from stratomics.enrichment.selection.cuts import Score
from stratomics.enrichment.selection.prognostic import ONE_ARM
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "RunTrial",
    "arm_text",
    "arms_of",
    "declared",
    "has_two_arms",
    "run_covariates",
    "run_score",
    "run_trial",
]

ARM_COUNT = 2
RANDOMISED = {True: "yes", False: "no"}
"""How runs of earlier releases spell the allocation -> how it is spelled now."""


@dataclass(frozen=True)
class RunTrial:
    """The trial of a run.

    Attributes
    ----------
    trial
        n patients of the two arms.
    sample_ids
        (n,) their ids.
    arms
        The comparison in words, such as ``drug against placebo``.
    endpoint
        Name of the endpoint, and its unit of time if it has one.
    """

    trial: Trial
    sample_ids: NDArray[np.str_]
    arms: str
    endpoint: str


def has_two_arms(run: RunDirectory) -> bool:
    """Whether the run has patients of at least two arms."""
    return "arm" in run.patients and run.patients["arm"].nunique() >= ARM_COUNT


def arms_of(run: RunDirectory) -> list[str]:
    """List the values of the arm as text, sorted as numbers where they are numbers."""
    values = sorted(run.patients["arm"].dropna().unique())
    return [arm_text(value) for value in values]


def declared(run: RunDirectory) -> tuple[str | None, list[str], str]:
    """Read control, treated arms and allocation as ``cohort.yaml`` declares them.

    A run that records no arms gives None, [] and ``"yes"``.
    """
    arm = run.provenance.get("arm")
    if arm is None:
        return None, [], "yes"
    treated = [] if arm["treated"] is None else [arm_text(arm["treated"])]
    allocation = arm["randomised"]
    return arm_text(arm["control"]), treated, RANDOMISED.get(allocation, str(allocation))


def arm_text(value: object) -> str:
    """Write the value of an arm, a whole number without decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def run_covariates(run: RunDirectory, sample_ids: NDArray[np.str_]) -> NDArray[np.float64] | None:
    """Read the covariates of patients as numbers.

    Parameters
    ----------
    run
        A finished run.
    sample_ids
        (n,) ids of patients.

    Returns
    -------
    ndarray or None
        (n, p): categories as indicators, gaps filled with the median; None without any covariate that varies.
    """
    patients = run.patients.set_index("sample_id").loc[list(sample_ids)]
    names = [column for column in patients.columns if str(column).startswith("covariate.")]
    if not names:
        return None
    table = pd.get_dummies(patients[names], drop_first=True, dtype=np.float64).astype(np.float64)
    table = table.fillna(table.median()).dropna(axis=1)
    varying = table.loc[:, table.std() > 0]
    return varying.to_numpy() if varying.shape[1] else None


def run_trial(
    run: RunDirectory, control: str, treated: Sequence[str] = (), randomised: str = "yes"
) -> RunTrial:
    """Read the trial of a run: the patients of both arms in whom the primary endpoint is observed.

    Parameters
    ----------
    run
        A finished run.
    control, treated
        Value of the control arm, and those of the treated arm, pooled if several; all others if left out.
    randomised
        ``"yes"``, ``"adaptive"`` or ``"no"``.

    Returns
    -------
    RunTrial
        The trial, with the ids of its patients.

    Raises
    ------
    InputError
        If the run has one arm, or its endpoint has delayed entry.
    """
    if not has_two_arms(run):
        raise InputError(f"{run.path}: {ONE_ARM}")
    outcome = run.outcome
    if isinstance(outcome, Survival) and f"{run.endpoint}.entry" in run.patients:
        raise InputError(
            f"{run.path}: endpoint '{run.endpoint}' has delayed entry, which is not supported for effects of treatment"
        )
    observed = np.flatnonzero(outcome.observed)
    of_arms, is_treated = two_arms(run.patients["arm"].iloc[observed], "arm", control, treated)
    rows = observed[of_arms]
    trial = Trial(is_treated, outcome.take(rows), randomised=randomised)
    unit = getattr(trial.outcome, "unit", "")
    endpoint = f"{run.endpoint}, in {unit}" if trial.is_survival and unit else run.endpoint
    arms = f"{', '.join(treated) or 'treated'} against {control}"
    return RunTrial(trial, run.sample_ids[rows], arms, endpoint)


def run_score(run: RunDirectory, sample_ids: NDArray[np.str_], column: str = "benefit") -> Score:
    """Read the out-of-fold scores of patients.

    Parameters
    ----------
    run
        A finished run.
    sample_ids
        (n,) ids of patients.
    column
        ``benefit`` for predictive enrichment, ``risk`` or ``response_probability`` for prognostic enrichment.

    Returns
    -------
    Score
        (repeats, n) values and folds.

    Raises
    ------
    InputError
        If the run does not predict the score.
    """
    predicted = run.predictions["stratomics"].patients
    if column not in predicted:
        raise InputError(
            f"{run.path}: predictions hold no '{column}'; benefit is predicted where the cohort names an `arm` of two "
            "values; run it again with this release"
        )
    ids = pd.Index(sample_ids)
    wide = predicted[predicted["sample_id"].isin(ids)].pivot(
        index="repeat", columns="sample_id", values=[column, "fold"]
    )
    value = wide[column][ids].to_numpy(dtype=np.float64)
    if not np.isfinite(value).all():
        raise InputError(f"{run.path}: some patients have no '{column}' in some repeat; run it again")
    model = run.path / "model"
    digest = digest_files([model]) if model.exists() else ""
    return Score(column, value, wide["fold"][ids].to_numpy(dtype=np.int64), learned=True, model=digest)
