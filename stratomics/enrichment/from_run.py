"""A finished run as a trial and a score: glue between its saved tables and the rest of this room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from omics.cohort.spec import randomised_word
from omics.common.errors import InputError
from omics.common.files import digest_files
from stratomics.enrichment.analysis import Score
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.read_trial import two_arms
from stratomics.enrichment.selection.prognostic import ONE_ARM
from stratomics.runs.run_directory import RunDirectory

__all__ = ["arms_of", "declared", "has_two_arms", "run_covariates", "run_score", "run_trial"]

ARM_COUNT = 2


def has_two_arms(run: RunDirectory) -> bool:
    """Whether patients of the run had more than one arm."""
    return "arm" in run.patients and run.patients["arm"].nunique() >= ARM_COUNT


def arms_of(run: RunDirectory) -> list[str]:
    """Values of the arm as text, sorted as numbers where they are."""
    values = sorted(run.patients["arm"].dropna().unique())
    return [_word(value) for value in values]


def declared(run: RunDirectory) -> tuple[str | None, list[str], str]:
    """Control, treated arms and randomisation as ``cohort.yaml`` had them; of a run that kept none None, [] and yes."""
    arm = run.provenance.get("arm")
    if arm is None:
        return None, [], "yes"
    treated = [] if arm["treated"] is None else [_word(arm["treated"])]
    return _word(arm["control"]), treated, randomised_word(arm["randomised"])


def _word(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def run_covariates(run: RunDirectory, sample_ids: NDArray[np.str_]) -> NDArray[np.float64] | None:
    """(n, p) covariates of those patients as numbers: categories apart, gaps at the median; None without any."""
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
) -> tuple[Trial, NDArray[np.str_]]:
    """Read the trial of a run, and the ids (n,) of its patients: those of both arms with the endpoint that decided.

    Raises
    ------
    InputError
        If the run has one arm, or patients came under observation late.
    """
    if not has_two_arms(run):
        raise InputError(f"{run.path}: {ONE_ARM}")
    outcome = run.outcome
    if isinstance(outcome, Survival) and f"{run.endpoint}.entry" in run.patients:
        raise InputError(
            f"{run.path}: endpoint '{run.endpoint}' has late entry, which effects do not know yet"
        )
    observed = np.flatnonzero(outcome.observed)
    of_arms, is_treated = two_arms(run.patients["arm"].iloc[observed], "arm", control, treated)
    rows = observed[of_arms]
    return Trial(is_treated, outcome.take(rows), randomised=randomised), run.sample_ids[rows]


def run_score(run: RunDirectory, sample_ids: NDArray[np.str_], column: str = "benefit") -> Score:
    """Out-of-fold scores of those patients: ``benefit`` for predictive, ``risk`` for prognostic enrichment.

    Raises
    ------
    InputError
        If the run did not predict it.
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
