"""Weights that are never negative, as a likelihood likes them: how several estimates are put together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.linear.elastic_net import Likelihood
from omics.common.errors import FitError

__all__ = ["nonnegative_weights"]

Array = NDArray[np.float64]

RIDGE = 1.0
"""Penalty on the whole likelihood; weights of estimates that tell nothing stay near 0."""


def nonnegative_weights(estimates: Array, likelihood: Likelihood) -> Array:
    """Weights (k,) >= 0 of the columns of `estimates` (n, k), whose sum the likelihood of the n patients likes best.

    Estimates have to be of patients whom their models did not see (Breiman 1996, doi 10.1007/BF00117832).

    Raises
    ------
    FitError
        If an estimate is not finite.

    Examples
    --------
    >>> from models.linear.logistic_net import LogisticLikelihood
    >>> x = np.random.default_rng(1).normal(size=(400, 2))
    >>> weights = nonnegative_weights(x, LogisticLikelihood(x[:, 0] > x[:, 1]))
    >>> bool(weights[0] > 1), float(weights[1])
    (True, 0.0)
    """
    if not np.isfinite(estimates).all():
        raise FitError("an estimate to be put together with others is not finite; check the views' values")
    n, k = estimates.shape

    def objective(weights: Array) -> tuple[float, Array]:
        together = estimates @ weights
        value = n * likelihood.loss(together) + RIDGE * float(weights @ weights) / 2
        return value, n * estimates.T @ likelihood.gradient(together) + RIDGE * weights

    found = minimize(objective, np.zeros(k), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * k)
    weights: Array = found.x
    return weights
