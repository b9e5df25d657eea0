"""A finished run as a trial and a score: glue between its saved tables and the rest of this room."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.endpoints import Survival
from omics.errors import InputError
from omics.files import digest_files
from stratomics.enrichment.answer import Score
from stratomics.enrichment.prognostic import ONE_ARM
from stratomics.enrichment.trial import Trial
from stratomics.enrichment.trial_table import two_arms
from stratomics.run_directory import RunDirectory

__all__ = ["has_two_arms", "run_score", "run_trial"]

ARM_COUNT = 2


def has_two_arms(run: RunDirectory) -> bool:
    """Whether patients of the run had more than one arm."""
    return "arm" in run.patients and run.patients["arm"].nunique() >= ARM_COUNT


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
