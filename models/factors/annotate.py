"""Write factors and loadings into a cohort, where scanpy and mudata expect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from datamodules.harmonizer import Harmonizer
from models.factors.factor_model import FactorModel
from models.factors.loadings import named_loadings
from omics.common.errors import InputError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["annotate"]

FACTORS, SD, LOADINGS = "X_factors", "X_factors_sd", "loadings"


def annotate(cohort: MuData, harmonizer: Harmonizer, model: FactorModel) -> None:
    """Write factors and loadings into `cohort`, in place.

    Parameters
    ----------
    cohort
        Any patients. Gets ``obsm["X_factors"]`` and ``obsm["X_factors_sd"]``, (n, k) float64: posterior mean and sd
        of each patient in the order of the cohort, 0 and 1 for a patient without any view.
        Each view of the model gets the same for its patients, and ``varm["loadings"]``, (p, k) float64 on the
        harmonized scale in the feature order of the view: 0 for a feature that the harmonizer did not keep.
    harmonizer
        Fitted on the training patients.
    model
        Fitted on the output of `harmonizer`.

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
    factors = model.transform(harmonizer.transform(cohort))
    loadings = named_loadings(harmonizer.features, model)
    cohort.obsm[FACTORS], cohort.obsm[SD] = factors.mean, factors.sd
    for name in harmonizer.features:
        if name not in cohort.mod:
            continue
        view, count = cohort[name], factors.mean.shape[1]
        rows = cohort.obs_names.get_indexer(view.obs_names)
        view.obsm[FACTORS], view.obsm[SD] = factors.mean[rows], factors.sd[rows]
        of_view = np.zeros((view.n_vars, count))
        if name in loadings:
            places = view.var_names.get_indexer(loadings[name].index)
            of_view[places[places >= 0]] = loadings[name].to_numpy()[places >= 0]
        view.varm[LOADINGS] = of_view
