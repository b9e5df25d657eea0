"""Parameter expansion: the linear map of the factors, and the shift, that increases the evidence most.

Alternating updates of loadings and factors converge slowly along directions that change both (Klami, Virtanen and Kaski
2013, JMLR 14:965). The likelihoods do not change under such a map, so it is found from K x K matrices alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.factors.gfa.loadings_posterior import RATE, SHAPE

__all__ = ["best_rotation"]

Array = NDArray[np.float64]

STEPS = 60


def best_rotation(
    factors: Array, loadings: Sequence[Array], sizes: Sequence[int], patients: int, intercept: float
) -> Array:
    """Find the `rotation` for which loadings become ``W rotation`` and factors ``rotation^-1 z``.

    Parameters
    ----------
    factors
        (K, K) sum of E[z z'] over all patients; the first factor is the constant 1.
    loadings
        For each view (K, K), the sum of E[w w'] over its features.
    sizes
        Number of features of each view.
    patients
        Number of patients.
    intercept
        Prior precision of intercepts.

    Returns
    -------
    numpy.ndarray
        (K, K) with the first row 1, 0, ..., 0; the identity if the evidence does not increase.
    """
    k = len(factors)
    excess = float(sum(sizes) - patients)

    def objective(free: Array) -> tuple[float, Array]:
        rotation = np.vstack([np.eye(1, k), free.reshape(k - 1, k)])
        log_determinant = np.linalg.slogdet(rotation)[1]
        inverse = np.linalg.inv(rotation)
        rotated = inverse @ factors @ inverse.T
        rotated[0] = 0
        gain = excess * log_determinant - 0.5 * np.trace(rotated)
        slope = excess * inverse.T + inverse.T @ rotated
        for second, size in zip(loadings, sizes, strict=True):
            product = second @ rotation
            squares = np.einsum("ij,ij->j", rotation, product)
            shape, rate = SHAPE + size / 2, RATE + squares[1:] / 2
            gain -= shape * np.log(rate).sum() + 0.5 * intercept * squares[0]
            slope -= product * np.concatenate([[intercept], shape / rate])
        return -gain, -slope[1:].ravel()

    identity = np.eye(k)[1:].ravel()
    solution = minimize(
        objective, identity, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 20}
    )
    free = solution.x if solution.fun < objective(identity)[0] else identity
    return np.vstack([np.eye(1, k), free.reshape(k - 1, k)])
