"""Write factors and loadings into a cohort, where scanpy and mudata expect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.harmonizer import Harmonizer
from models.factors.factor_model import FactorModel, Factors
from models.factors.loadings import named_loadings
from omics.common.errors import InputError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["FACTORS", "annotate", "factor_scale", "known_column", "loadings_key"]

Array = NDArray[np.float64]

FACTORS = "factors"
"""Key under which factors are written by default."""


def annotate(cohort: MuData, harmonizer: Harmonizer, model: FactorModel, key: str = FACTORS) -> None:
    """Write factors and loadings into `cohort`, in place.

    Parameters
    ----------
    cohort
        Any patients. Gets, for the key ``"factors"``, in the order of its patients and views:

        - ``obsm["X_factors"]`` and ``obsm["X_factors_sd"]``, (n, k) float64: posterior mean and sd of each patient,
          both times :func:`factor_scale`. Distances between patients then count a factor by what it explains; factors
          of variance 1 would count noise as much as signal.
        - ``obs["factors_known"]``: False for a patient without any view, who has the prior.
        - ``uns["factors"]``: ``names`` and ``scale`` (k,), and ``variance_explained`` as a data frame, views x factors.
        - in each view of the model: the first two for its patients, and ``varm["loadings"]``, (p, k) float64 on the
          harmonized scale for factors of variance 1, in the feature order of the view: 0 for a feature that the
          harmonizer did not keep.
    harmonizer
        Fitted on the training patients.
    model
        Fitted on the output of `harmonizer`.
    key
        Other keys give ``X_KEY``, ``X_KEY_sd``, ``KEY_known``, ``KEY`` and ``KEY_loadings``.

    Raises
    ------
    InputError
        If `cohort` is a view of another one: the annotation would be lost.

    Examples
    --------
    >>> from datamodules.config import HarmonizeConfig
    >>> from models.factors.pca import PCA
    >>> from omics.cohort.read import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> harmonizer = Harmonizer(HarmonizeConfig()).fit(cohort)
    >>> annotate(cohort, harmonizer, PCA(3).fit(harmonizer.transform(cohort)))
    >>> cohort.obsm["X_factors"].shape, cohort["rppa"].varm["loadings"].shape
    ((92, 3), (33, 3))
    """
    if cohort.is_view:
        raise InputError("this cohort is a view of another one; annotate a copy: cohort.copy()")
    explained = model.variance_explained()
    scale = factor_scale(explained)
    factors = model.transform(harmonizer.transform(cohort))
    scaled = Factors(factors.mean * scale, factors.sd * scale, factors.known)
    _write_scores(cohort, key, scaled, [name for name in harmonizer.features if name in cohort.mod])
    _write_loadings(cohort, key, harmonizer, model)
    cohort.obs[known_column(key)] = factors.known
    cohort.uns[key] = {
        "names": explained.columns.to_numpy(dtype=object),
        "scale": scale,
        "variance_explained": explained.rename_axis("view"),
    }


def factor_scale(explained: pd.DataFrame) -> Array:
    """Root of the variance that each factor explains, as the mean over views.

    Parameters
    ----------
    explained
        Proportion of the variance of each view (rows) that each factor (columns) explains.

    Returns
    -------
    Array
        (k,) standard deviation that each factor is given.

    Examples
    --------
    >>> factor_scale(pd.DataFrame({"factor1": [0.5, 0.0], "factor2": [0.09, 0.09]})).tolist()
    [0.5, 0.3]
    """
    return np.asarray(np.sqrt(explained.to_numpy(dtype=np.float64).mean(axis=0)))


def known_column(key: str) -> str:
    """Column of ``obs`` that is False for patients without any view.

    Examples
    --------
    >>> known_column("factors")
    'factors_known'
    """
    return f"{key}_known"


def loadings_key(key: str) -> str:
    """Key of ``varm`` with the loadings.

    Examples
    --------
    >>> loadings_key("factors"), loadings_key("gfa")
    ('loadings', 'gfa_loadings')
    """
    return "loadings" if key == FACTORS else f"{key}_loadings"


def _write_scores(cohort: MuData, key: str, factors: Factors, views: list[str]) -> None:
    cohort.obsm[f"X_{key}"], cohort.obsm[f"X_{key}_sd"] = factors.mean, factors.sd
    for name in views:
        rows = cohort.obs_names.get_indexer(cohort[name].obs_names)
        obsm = cohort[name].obsm
        obsm[f"X_{key}"], obsm[f"X_{key}_sd"] = factors.mean[rows], factors.sd[rows]


def _write_loadings(cohort: MuData, key: str, harmonizer: Harmonizer, model: FactorModel) -> None:
    loadings = named_loadings(harmonizer.features, model)
    count = model.variance_explained().shape[1]
    for name in harmonizer.features:
        if name not in cohort.mod:
            continue
        view = cohort[name]
        of_view = np.zeros((view.n_vars, count))
        if name in loadings:
            places = view.var_names.get_indexer(loadings[name].index)
            of_view[places[places >= 0]] = loadings[name].to_numpy()[places >= 0]
        view.varm[loadings_key(key)] = of_view
