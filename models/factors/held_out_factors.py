"""Training patients as if they were new: factors from loadings that did not see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.linear_gaussian import LinearGaussian

__all__ = ["left_out"]

Array = NDArray[np.float64]

ROUNDS = 2
LARGEST_LEVERAGE = 0.9


def left_out(linear: LinearGaussian, batch: Batch) -> tuple[Array, Array]:
    """Posterior means (n, k) and covariances (n, k, k) of the patients that `linear` was fitted to.

    Loadings lean towards the noise of the patients that they were learned from, so that a training patient's factors
    come out too large, the more the more features there are. A feature's loadings are a ridge regression on the
    factors; what they owe to one patient is known without a second fit (Allen 1974,
    doi 10.1080/00401706.1974.10489157), and what that adds to his factors is taken away.
    """
    before, covariance = linear.posterior(batch, batch.observed)
    mean = before
    for _ in range(ROUNDS):
        own = sum((_own(linear, name, batch, mean, covariance) for name in linear.views), np.zeros_like(mean))
        mean = before - (covariance @ own[:, :, None])[:, :, 0]
    return mean, covariance


def _own(linear: LinearGaussian, name: str, batch: Batch, mean: Array, covariance: Array) -> Array:
    """(n, k) pull of one view on each patient through what its loadings owe to himself."""
    view, seen = linear.views[name], batch.observed[name]
    present = seen.any(axis=1)
    weight, pull = linear.local(name, batch, seen, mean, covariance)
    moment = mean[present].T @ mean[present] + covariance[present].sum(axis=0)
    # The ridge is the spread of the loadings themselves; in this basis it is diagonal for every feature.
    prior = np.sqrt((view.loadings**2).mean(axis=0))
    values, vectors = np.linalg.eigh(prior[:, None] * moment * prior)
    basis = prior[:, None] * vectors
    precision = weight.sum(axis=0) / max(present.sum(), 1)
    shrunk = 1 / (precision[:, None] * values.clip(min=0.0) + 1)
    along = mean @ basis
    leverage = (weight * (along**2 @ shrunk.T)).clip(max=LARGEST_LEVERAGE)
    residual = pull - weight * (mean @ view.loadings.T)
    own: Array = ((residual * pull / (1 - leverage)) @ shrunk * along) @ basis.T
    return own
