"""``st.twin``: the exposure and the predictions of patients under several regimens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from omics.cohort.new_patients import read_new_patients
from omics.common.errors import InputError, nearest
from stratomics.api.run import Run
from stratomics.api.stratifier import Stratifier
from stratomics.evaluation.follow_up import horizon_times
from stratomics.pharmacology.twins.regimen_file import RegimenSource, read_regimens
from stratomics.pharmacology.twins.result import Twins
from stratomics.runs.run_directory import RunDirectory

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["Twins", "twin"]


def twin(
    run: Run | Stratifier | str | Path,
    cohort: MuData | str | Path,
    regimens: Iterable[RegimenSource],
    *,
    patients: Sequence[str] | None = None,
    times: Sequence[float] = (),
) -> Twins:
    """Predict patients under several regimens, as ``stratomics twin`` does. For research; not for dosing of patients.

    Parameters
    ----------
    run
        A run with exposure, a fitted model, or the folder of either.
    cohort
        The patients, whose cohort has the block ``exposure``: doses, levels and covariates. Outcomes are not used.
    regimens
        Paths of yaml files, or their keys as mappings. The first is the reference of differences.
    patients
        Ids of the patients; by default all.
    times
        Times of S(t); by default the horizons of the run, or the horizon of a model.

    Returns
    -------
    Twins
        Tables of exposure, predictions, differences and curves, with 90% intervals over draws of each patient's
        parameters, members of the ensemble and candidates. Predictions are model-based; they are causal only where the
        dose was randomised.

    Raises
    ------
    InputError
        The run has no exposure, a patient is not there or has no dose, a regimen has other units, or an exposure is
        more than twice beyond that of training.
    """
    from stratomics.pharmacology.twins.twin import twins_of

    files = read_regimens(regimens)
    model, horizons, unit = _model_of(run)
    known = read_new_patients(cohort) if isinstance(cohort, str | Path) else cohort
    return twins_of(model, _chosen(known, patients), files, times or horizons, unit)


def _chosen(cohort: MuData, patients: Sequence[str] | None) -> MuData:
    if patients is None:
        return cohort
    ids = pd.Index(cohort.obs_names.astype(str))
    for patient in patients:
        if patient not in ids:
            raise InputError(f"there is no patient {patient}; {nearest(patient, ids)}")
    return cohort[ids.isin(list(patients))].copy()


def _model_of(run: Run | Stratifier | str | Path) -> tuple[Fitted, Sequence[float], str]:
    """Model, horizons and their unit; a model alone has no unit."""
    if isinstance(run, Stratifier):
        return run.fitted_, (), ""
    from stratomics.fitting.fitted import Fitted
    from stratomics.predict import find_model

    folder = run.path if isinstance(run, Run) else Path(run)
    model, directory = Fitted.load(find_model(folder)), RunDirectory(folder)
    if not (folder / "patients.parquet").is_file() or directory.kind != "survival":
        return model, (), ""
    survival = directory.survival
    return model, list(horizon_times(survival, directory.horizons)), survival.unit
