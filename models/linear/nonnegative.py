"""Non-negative weights that combine several estimates, by maximum likelihood (stacking)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.linear.elastic_net import Likelihood
from omics.common.errors import FitError

__all__ = ["nonnegative_weights"]

Array = NDArray[np.float64]

RIDGE = 1.0
"""Ridge penalty on the total likelihood; weights of uninformative estimates stay near 0."""


def nonnegative_weights(estimates: Array, likelihood: Likelihood) -> Array:
    """Non-negative weights of several estimates whose weighted sum maximises the penalised likelihood.

    Stacking of out-of-fold estimates (Breiman 1996, doi 10.1007/BF00117832).

    Parameters
    ----------
    estimates
        (n, k) out-of-fold estimates of k models.
    likelihood
        Likelihood of the n patients.

    Returns
    -------
    Array
        (k,) weights >= 0.

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
        raise FitError(
            "an out-of-fold estimate is not finite, so estimates cannot be combined; check the values of the views"
        )
    n, k = estimates.shape

    def objective(weights: Array) -> tuple[float, Array]:
        combined = estimates @ weights
        value = n * likelihood.loss(combined) + RIDGE * float(weights @ weights) / 2
        return value, n * estimates.T @ likelihood.gradient(combined) + RIDGE * weights

    result = minimize(objective, np.zeros(k), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * k)
    weights: Array = result.x
    return weights
