"""Getters: factors, loadings, clinical columns, curves and views as data frames in long form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.factors.annotate import FACTORS
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints, cohort_spec, observed_views
from omics.common.errors import InputError
from omics.common.registry import lazy_getattr
from omics.common.view_blocks import measured_patients, value_blocks
from stratomics.api.run import Run
from stratomics.api.tools.biology import stored_biology
from stratomics.api.tools.stored_factors import associations_key, checked_cohort, stored_factors
from stratomics.evaluation.comparison import OURS
from stratomics.runs.patients_table import endpoint_columns

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = [
    "associations",
    "biology",
    "clinical",
    "factors",
    "loadings",
    "survival",
    "variance_explained",
    "view_patterns",
    "views",
]

if not TYPE_CHECKING:
    # A misspelt name gets a suggestion; type checkers find it by themselves.
    __getattr__ = lazy_getattr(__name__, {name: f"{__name__}:{name}" for name in __all__})


def __dir__() -> list[str]:
    return sorted(__all__)


def factors(cohort: MuData, key: str = FACTORS) -> pd.DataFrame:
    """Return the factors of each patient.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``.
    key
        Key of the factors.

    Returns
    -------
    pandas.DataFrame
        One row per patient and factor: ``sample_id``, ``factor``, ``mean`` and ``sd`` (posterior, times the root of
        the variance explained), ``known`` (False for a patient without any view).
    """
    stored = stored_factors(cohort, key)
    count = len(stored.names)
    return pd.DataFrame(
        {
            "sample_id": np.repeat(cohort.obs_names.to_numpy(dtype=object), count),
            "factor": np.tile(np.array(stored.names, dtype=object), cohort.n_obs),
            "mean": stored.mean.ravel(),
            "sd": stored.sd.ravel(),
            "known": np.repeat(stored.known, count),
        }
    )


def loadings(cohort: MuData, key: str = FACTORS) -> pd.DataFrame:
    """Return the loadings of each feature.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``.
    key
        Key of the factors.

    Returns
    -------
    pandas.DataFrame
        One row per view, feature and factor: ``view``, ``feature``, ``factor``, ``loading``, for factors of variance 1
        and features on the harmonized scale; 0 for a feature that was left out.
    """
    parts = []
    for view, table in stored_factors(cohort, key).loadings(cohort).items():
        features, names = table.index.to_numpy(dtype=object), table.columns.to_numpy(dtype=object)
        columns = {
            "view": view,
            "feature": np.repeat(features, len(names)),
            "factor": np.tile(names, len(features)),
            "loading": table.to_numpy().ravel(),
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def variance_explained(cohort: MuData, key: str = FACTORS) -> pd.DataFrame:
    """Return the share of the variance of each view that each factor explains.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``.
    key
        Key of the factors.

    Returns
    -------
    pandas.DataFrame
        One row per view and factor: ``view``, ``factor``, ``variance_explained`` (0 to 1).
    """
    table = stored_factors(cohort, key).variance_explained
    return (
        table.rename_axis("view")
        .reset_index()
        .melt("view", var_name="factor", value_name="variance_explained")
    )


def associations(cohort: MuData, key: str = FACTORS) -> pd.DataFrame:
    """Return the associations of factors with covariates, site, arm and endpoints.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.associations``.
    key
        Key of the factors.

    Returns
    -------
    pandas.DataFrame
        One row per test; see :func:`models.factors.associations.associations`.

    Raises
    ------
    InputError
        If they were not computed.
    """
    stored_factors(cohort, key)
    if associations_key(key) not in cohort.uns:
        argument = "" if key == FACTORS else f", '{key}'"
        raise InputError(
            f"no associations of these factors in this cohort; run st.tl.associations(cohort{argument}) first"
        )
    table: pd.DataFrame = cohort.uns[associations_key(key)]
    return table.copy()


def biology(cohort: MuData) -> pd.DataFrame:
    """Return the tests of a gene-set analysis.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.biology``.

    Returns
    -------
    pandas.DataFrame
        One row per factor or group (``contrast``), ``view`` and ``set``: ``collection``, ``title``, ``n`` (features of
        the set in the view), ``correlation`` between them, ``direction``, ``p``, ``q`` (over all rows of factors, and
        over all rows of groups) and ``leading`` features.
    """
    return stored_biology(cohort)


def clinical(cohort: MuData) -> pd.DataFrame:
    """Return clinical columns and endpoints of each patient.

    Returns
    -------
    pandas.DataFrame
        One row per patient: ``sample_id``, the columns of ``cohort.obs``, and each endpoint as it is used:
        ``NAME.time`` and ``NAME.event`` (or ``NAME`` for a response), missing where it is not observed. An endpoint
        takes the place of a column of the same name.

    Examples
    --------
    >>> import stratomics as st
    >>> clinical(st.datasets.acc())[["sample_id", "survival.time", "survival.event"]].head(1)
          sample_id  survival.time  survival.event
    0  TCGA-OR-A5J1         1355.0            True
    """
    checked_cohort(cohort)
    obs: pd.DataFrame = cohort.obs
    table = obs.drop(columns="sample_id", errors="ignore").rename_axis("sample_id").reset_index()
    for name, endpoint in cohort_endpoints(cohort).named.items():
        for column, values in endpoint_columns(name, endpoint).items():
            table[column] = values
    return table


def survival(data: Run | Prediction, method: str = OURS) -> pd.DataFrame:
    """Return out-of-fold survival curves of a run, or predicted curves.

    Parameters
    ----------
    data
        A run of ``st.run`` or ``st.open_run``, or predictions.
    method
        ``stratomics`` or a baseline of the run.

    Returns
    -------
    pandas.DataFrame
        One row per patient, repeat and time: ``sample_id``, ``repeat``, ``fold``, ``time``, ``survival``. The curve is
        1 before its first time and keeps its last value. With arms also ``arm``; with competing risks there is one row
        per cause, with ``cause`` and ``cumulative_incidence``.

    Raises
    ------
    InputError
        If `data` is of another type, or the run has no such method.
    DataError
        If there is no survival endpoint.
    """
    if isinstance(data, Run):
        return data.prediction(method).survival.copy()
    if isinstance(data, Prediction):
        return data.survival.copy()
    if isinstance(data, pd.DataFrame):
        raise InputError(
            "a table of predictions has no curves; take Stratifier.survival_at(cohort, time), or give a run"
        )
    raise InputError(f"survival curves need a run or predictions, and this is of type {type(data).__name__}")


def views(cohort: MuData) -> pd.DataFrame:
    """Describe the views of a cohort.

    Returns
    -------
    pandas.DataFrame
        One row per view: ``view``, ``modality``, ``scale``, ``patients`` with at least one value, ``features``, and
        ``missing``, the share of values that these patients lack.

    Examples
    --------
    >>> import stratomics as st
    >>> views(st.datasets.acc()).round(3)
        view         modality        scale  patients  features  missing
    0    cna         genomics  copy_number        90       198      0.0
    1   mrna  transcriptomics          log        79       198      0.0
    2  mirna  transcriptomics          log        80       471      0.0
    3   rppa       proteomics          log        46        33      0.0
    """
    checked_cohort(cohort)
    rows = []
    for name, view in cohort_spec(cohort).views.items():
        patients = int(measured_patients(cohort[name]).sum())
        about = {"view": name, "modality": view.modality, "scale": view.scale, "patients": patients}
        rows.append(about | {"features": cohort[name].n_vars, "missing": _missing(cohort[name], patients)})
    return pd.DataFrame(rows, columns=["view", "modality", "scale", "patients", "features", "missing"])


def view_patterns(cohort: MuData) -> pd.DataFrame:
    """Count the combinations of views that patients have.

    Returns
    -------
    pandas.DataFrame
        One row per combination, most frequent first: one bool column per view, and ``patients``.
    """
    from stratomics.report.sections.view_overlap import view_patterns as patterns_of

    checked_cohort(cohort)
    return patterns_of(observed_views(cohort).add_prefix("view."))


def _missing(view: AnnData, patients: int) -> float:
    """Share of missing values among `patients`, who have at least one value."""
    known = sum(int(np.isfinite(values).sum()) for _, values in value_blocks(view))
    return 1.0 - known / (patients * view.n_vars) if patients and view.n_vars else np.nan
