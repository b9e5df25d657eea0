"""Training patients as if they were new, for models whose loadings are not found in closed form: inner folds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.factor_model import FactorModel, Factors
from omics.randomness import named_generator

__all__ = ["cross_fitted", "turn"]

FOLDS = 5

Array = NDArray[np.float64]


def cross_fitted(
    whole: FactorModel, unfitted: Callable[[], FactorModel], batch: Batch, seed: int
) -> Factors:
    """Factors of each patient by a model that was fitted without his fold, turned to the factors of `whole`.

    Parameters
    ----------
    whole
        The model of all patients in `batch`.
    unfitted
        Makes another like it.
    batch
        The patients.
    seed
        Of the folds.
    """
    order = named_generator(seed, "cross_fit").permutation(len(batch))
    k = len(whole.variance_explained().columns)
    mean, sd = np.zeros((len(batch), k)), np.ones((len(batch), k))
    for fold in range(min(FOLDS, len(batch))):
        rows = np.sort(order[fold::FOLDS])
        part = unfitted().fit(batch.take(np.setdiff1d(order, rows)))
        left, rotation = part.transform(batch.take(rows)), turn(part, whole)
        mean[rows] = left.mean @ rotation
        sd[rows] = np.sqrt(left.sd**2 @ rotation**2 + 1 - (rotation**2).sum(axis=0))
    return Factors(mean, sd)


def turn(part: FactorModel, whole: FactorModel) -> Array:
    """(k of `part`, k of `whole`) orthogonal map of factors that brings the loadings nearest (Schoenemann 1966).

    Shares of variance weigh the views alike. A factor of `whole` without a counterpart in `part` is at its prior.
    """
    cross = np.zeros((len(part.variance_explained().columns), len(whole.variance_explained().columns)))
    for view in whole.variance_explained().index:
        to = whole.loadings(view)
        cross += part.loadings(view).T @ to / max(float((to**2).sum()), 1e-12)
    left, _, right = np.linalg.svd(cross, full_matrices=False)
    return np.asarray(left @ right)
