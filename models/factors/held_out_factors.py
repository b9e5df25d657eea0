"""Factors of training patients as if they were new: the influence of each patient on the loadings is removed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.linear_gaussian import LinearGaussian

__all__ = ["held_out_posterior"]

Array = NDArray[np.float64]

ROUNDS = 2
LARGEST_LEVERAGE = 0.9


def held_out_posterior(linear: LinearGaussian, batch: Batch) -> tuple[Array, Array]:
    """Posterior of the factors of training patients, each as if the model were fitted without them.

    Loadings fit the noise of their training patients, so the factors of training patients are too large; the effect
    grows with the number of features. The loadings of a feature are a ridge regression on the factors. The influence
    of one patient on a regression is known without a second fit (Allen 1974, doi 10.1080/00401706.1974.10489157), and
    its contribution to the patient's factors is subtracted here.

    Parameters
    ----------
    linear
        Model that was fitted to the patients.
    batch
        The n training patients.

    Returns
    -------
    mean
        (n, k) posterior means.
    covariance
        (n, k, k) posterior covariances.
    """
    full, covariance = linear.posterior(batch, batch.observed)
    mean = full
    for _ in range(ROUNDS):
        influence = sum(
            (_own_influence(linear, name, batch, mean, covariance) for name in linear.views),
            np.zeros_like(mean),
        )
        mean = full - (covariance @ influence[:, :, None])[:, :, 0]
    return mean, covariance


def _own_influence(linear: LinearGaussian, name: str, batch: Batch, mean: Array, covariance: Array) -> Array:
    """(n, k) part of a view's linear term that comes from the patient's own influence on the loadings."""
    view, seen = linear.views[name], batch.observed[name]
    present = seen.any(axis=1)
    weight, weighted = linear.value_terms(name, batch, seen, mean, covariance)
    moment = mean[present].T @ mean[present] + covariance[present].sum(axis=0)
    # The ridge penalty is the variance of the loadings themselves; in this basis it is diagonal for every feature.
    prior = np.sqrt((view.loadings**2).mean(axis=0))
    values, vectors = np.linalg.eigh(prior[:, None] * moment * prior)
    basis = prior[:, None] * vectors
    precision = weight.sum(axis=0) / max(present.sum(), 1)
    shrinkage = 1 / (precision[:, None] * values.clip(min=0.0) + 1)
    along = mean @ basis
    leverage = (weight * (along**2 @ shrinkage.T)).clip(max=LARGEST_LEVERAGE)
    residual = weighted - weight * (mean @ view.loadings.T)
    influence: Array = ((residual * weighted / (1 - leverage)) @ shrinkage * along) @ basis.T
    return influence
