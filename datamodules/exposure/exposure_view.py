"""The exposure of a cohort's patients, and the view that it becomes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.cohort.h5mu import UNS, allow_shared_feature_names
from omics.cohort.read import cohort_spec
from omics.cohort.spec import ViewSpec
from omics.common.errors import CohortError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["ERROR", "EXPOSURE_VIEW", "join_exposure", "with_exposure", "with_mean_exposure"]

EXPOSURE_VIEW = "exposure"
"""Name of the view of exposure."""

ERROR = "error"
"""Layer of this view with the standard deviation of each value."""


def with_exposure(cohort: MuData) -> MuData:
    """Add the exposure of the patients as a view, where the cohort has doses.

    Parameters
    ----------
    cohort
        A cohort, or new patients.

    Returns
    -------
    MuData
        The cohort itself if it has no block ``exposure`` or already has the view; otherwise a copy with the view
        ``exposure``: posterior means of the logarithm of each measure (of the share itself for a time above a level),
        and the layer ``error`` with their standard deviations. Patients without a dose lack the view.

    Raises
    ------
    CohortError
        As from :func:`cohort_exposure`, or if a declared view has the name of this one.
    """
    spec = cohort_spec(cohort)
    if spec.exposure is None or EXPOSURE_VIEW in cohort.mod:
        return cohort
    from datamodules.exposure.cohort_exposure import cohort_exposure, on_log_scale

    exposure = cohort_exposure(cohort)
    assert exposure is not None
    return join_exposure(cohort, *on_log_scale(exposure))


def with_mean_exposure(cohort: MuData) -> MuData:
    """Give all patients who have the view ``exposure`` its mean over them.

    Parameters
    ----------
    cohort
        Patients with the view.

    Returns
    -------
    MuData
        A copy.
    """
    view = cohort[EXPOSURE_VIEW]
    error = pd.DataFrame(view.layers[ERROR], view.obs_names, view.var_names)
    mean = pd.DataFrame(np.tile(view.to_df().mean(), (view.n_obs, 1)), view.obs_names, view.var_names)
    return join_exposure(cohort, mean, error)


def join_exposure(cohort: MuData, mean: pd.DataFrame, error: pd.DataFrame) -> MuData:
    """Return a cohort with the view ``exposure``, in place of the one that it may have.

    Parameters
    ----------
    cohort
        The patients.
    mean, error
        Posterior means and standard deviations, patients x measures, as from :func:`on_log_scale`. Patients with a
        missing value lack the view.

    Returns
    -------
    MuData
        A copy.

    Raises
    ------
    CohortError
        If no patient has all values.
    """
    import mudata
    from anndata import AnnData

    dosed = mean.index[mean.notna().all(axis=1)]
    if not len(dosed):
        raise CohortError("no patient has a dose; correct the events", "no_doses")
    view = AnnData(
        mean.loc[dosed].to_numpy(np.float64),
        obs=pd.DataFrame(index=dosed.astype(str)),
        var=pd.DataFrame(index=mean.columns),
        layers={ERROR: error.loc[dosed].to_numpy(np.float64)},
    )
    with allow_shared_feature_names():
        joined = mudata.MuData({**cohort.mod, EXPOSURE_VIEW: view})
    joined.obs = cohort.obs.loc[joined.obs_names].copy()
    joined.uns.update(cohort.uns)
    spec = cohort_spec(cohort)
    views = {**spec.views, EXPOSURE_VIEW: ViewSpec("generic", "numeric")}
    joined.uns[UNS] = {**cohort.uns[UNS], "spec": json.dumps(replace(spec, views=views).as_dict())}
    return joined
