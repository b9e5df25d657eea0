"""What a fit of tumour growth reads from a finished run and its cohort."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from models.factors import READS_OUTCOMES
from omics.cohort.read import tumour_sizes_of
from omics.common.errors import CohortError, InputError
from omics.common.files import read_parquet
from omics.events.tumour_sizes import SizeTable
from stratomics.pharmacology.run_exposure import load_exposure
from stratomics.runs.patients_table import covariates_of
from stratomics.runs.run_directory import RunDirectory

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["TumourInputs", "tumour_inputs"]


@dataclass(frozen=True)
class TumourInputs:
    """Sizes, and what may move growth, of the n patients of a run who have sizes.

    Parameters
    ----------
    sizes
        Their sizes.
    factors, covariates
        (n, k) latent factors and (n, m) numeric covariates, indexed by patient.
    exposure
        (n,) logarithm of a measure of exposure, NaN where it is not known; None for a run without exposure.
    folds
        (n,) outer fold in which the patient is held out; NaN for a patient who never is.
    notes
        What was left out, one sentence each.
    """

    sizes: SizeTable
    factors: pd.DataFrame
    covariates: pd.DataFrame
    exposure: pd.Series[float] | None
    folds: pd.Series[float]
    notes: tuple[str, ...] = ()

    @property
    def patients(self) -> pd.Index:
        """Ids of the patients."""
        return self.factors.index


def tumour_inputs(run: RunDirectory, cohort: MuData) -> TumourInputs:
    """Collect what a fit of tumour growth needs.

    Parameters
    ----------
    run
        A finished run.
    cohort
        Its cohort.

    Returns
    -------
    TumourInputs
        Of the patients who have factors and sizes.

    Raises
    ------
    CohortError
        The cohort has no tumour sizes.
    InputError
        The run has no factors.
    """
    sizes = tumour_sizes_of(cohort)
    if sizes is None:
        sentence = "the cohort has no block 'tumour_size'; add one to cohort.yaml, with the key 'file'"
        raise CohortError(sentence, "no_tumour_sizes", file=str(run.config.get("cohort", "")) or None)
    scores = run.factor_scores
    if scores is None:
        raise InputError(f"{run.path}: this run has no factors; run it again with a factor model")
    patients = scores.index[scores.index.isin(sizes.patients)]
    covariates, notes = _covariates(run, patients)
    if run.config["factors"]["model"] == READS_OUTCOMES:
        notes.append(
            f"the factors of {READS_OUTCOMES} were learned with the outcomes of all patients, so that forecasts of "
            "held-out patients by factors look better than they are"
        )
    if without := len(scores) - len(patients):
        notes.append(f"{without} patient(s) of the run have no tumour sizes and are left out")
    exposure = _exposure(run, patients)
    if exposure is not None and (unknown := int(exposure.isna().sum())):
        notes.append(f"{unknown} patient(s) have no exposure; theirs counts as the average")
    return TumourInputs(
        sizes.take(patients), scores.loc[patients], covariates, exposure, _folds(run, patients), tuple(notes)
    )


def _covariates(run: RunDirectory, patients: pd.Index) -> tuple[pd.DataFrame, list[str]]:
    table = covariates_of(run.patients.set_index("sample_id")).reindex(patients)
    numbers = table.select_dtypes(["number", "bool"]).astype(float)
    numeric = list(numbers.columns[numbers.std() > 0])
    others = [str(name) for name in table if name not in numeric]
    notes = (
        [f"covariates that are no numbers or do not vary are left out: {', '.join(others)}"] if others else []
    )
    return numbers[numeric], notes


def _exposure(run: RunDirectory, patients: pd.Index) -> pd.Series[float] | None:
    """Logarithm of the first measure of exposure."""
    saved = load_exposure(run.path)
    if saved is None:
        return None
    names = [f"log_{measure}" for measure in saved.measures if f"log_{measure}" in saved.table]
    if not names:
        return None
    return saved.table.set_index("sample_id")[names[0]].reindex(patients).astype(float)


def _folds(run: RunDirectory, patients: pd.Index) -> pd.Series[float]:
    """Outer folds of the first repeat."""
    table = read_parquet(run.path / "predictions.parquet")
    first = table[table["repeat"] == table["repeat"].min()]
    folds: pd.Series[float] = first.set_index("sample_id")["fold"].reindex(patients).astype(float)
    return folds
