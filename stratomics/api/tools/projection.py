"""Factors of new patients, and of views that they lack, from the factors of a reference cohort."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors import FACTOR_MODELS
from models.factors.annotate import FACTORS, annotate
from models.factors.factor_model import FactorModel
from models.factors.loadings import Loadings, named_loadings
from models.factors.stability import split_half_fits
from models.factors.stability import stability as stability_table
from omics.common.errors import InputError, nearest
from omics.common.registry import resolve
from stratomics.api.tools.stored_factors import checked_cohort, stored_factors
from stratomics.experiment.factor_tables import factor_seed

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.batch import Batch

__all__ = ["project", "reconstruct", "stability"]


def project(cohort: MuData, reference: MuData, key: str = FACTORS) -> None:
    """Write the factors of a reference cohort into new patients, who may lack any of its views.

    Parameters
    ----------
    cohort
        The new patients; they get what :func:`stratomics.api.tl.factors` writes. Nothing is learned from them.
    reference
        A cohort after ``st.tl.factors(reference)``. Its factors are fitted again with the settings that it holds, which
        gives the same factors.
    key
        Key of the factors.

    Raises
    ------
    InputError
        If the reference has no such factors, or `cohort` is a view of another one.
    """
    checked_cohort(cohort, write=True)
    harmonizer, model = _fitted(reference, key)
    annotate(cohort, harmonizer, model, key)


def reconstruct(
    cohort: MuData, reference: MuData, view: str, key: str = FACTORS
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predict the values of a view from the other views that a patient has.

    Parameters
    ----------
    cohort
        The patients.
    reference
        A cohort after ``st.tl.factors(reference)``.
    view
        A view of the reference; the patients need not have it.
    key
        Key of the factors.

    Returns
    -------
    tuple of pandas.DataFrame
        Mean and standard deviation, patients x features, on the harmonized scale of the reference: a feature has mean 0
        and variance 1 there.

    Raises
    ------
    InputError
        If the reference has no such factors or no such view.
    """
    harmonizer, model = _fitted(reference, key)
    if view not in harmonizer.features:
        raise InputError(f"the reference has no view '{view}'; {nearest(view, harmonizer.features)}")
    mean, sd = model.reconstruct(view, harmonizer.transform(checked_cohort(cohort)))
    names = harmonizer.features[view]
    return pd.DataFrame(mean, cohort.obs_names, names), pd.DataFrame(sd, cohort.obs_names, names)


def stability(cohort: MuData, key: str = FACTORS) -> pd.DataFrame:
    """Measure whether factors are found again in random halves of the patients.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors(cohort)``.
    key
        Key of the factors.

    Returns
    -------
    pandas.DataFrame
        One row per factor: ``factor``, ``stability`` (congruence of loadings, 0 to 1), and ``verdict``. A factor with
        the verdict "poor" must not be interpreted.
    """
    harmonizer, model = _fitted(cohort, key)
    about = cohort.uns[key]
    kind, count, seed = FACTOR_MODELS[str(about["model"])], len(about["names"]), int(about["seed"])

    def fit(part: Batch, part_seed: int) -> Loadings:
        names = {view: harmonizer.features[view] for view in part.views}
        return named_loadings(
            names, resolve({"model": kind}, "model", "factor model")(count, part_seed).fit(part)
        )

    halves = list(split_half_fits(fit, harmonizer.transform(cohort), seed=seed))
    loadings = named_loadings(harmonizer.features, model)
    return stability_table(loadings, halves, [loadings])[["factor", "stability", "verdict"]]


def _fitted(reference: MuData, key: str) -> tuple[Harmonizer, FactorModel]:
    """Fit again what ``st.tl.factors`` fitted; the same settings give the same factors."""
    stored = stored_factors(reference, key)
    about = reference.uns[key]
    harmonizer = Harmonizer(HarmonizeConfig(**json.loads(str(about["harmonize"])))).fit(reference)
    kind = resolve(FACTOR_MODELS, str(about["model"]), "factor model")
    seed = factor_seed(int(about["seed"]))
    model: FactorModel = kind(int(about["count"]), seed).fit(harmonizer.transform(reference))
    scores = model.transform(harmonizer.transform(reference)).mean
    if not np.allclose(scores * stored.scale, stored.mean, atol=1e-6):
        raise InputError(
            "the reference has changed since its factors were computed; run st.tl.factors(reference) again"
        )
    return harmonizer, model
