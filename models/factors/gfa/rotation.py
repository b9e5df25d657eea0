"""Parameter expansion: the linear map of the factors, and the shift, that raises the evidence most.

Alternating between loadings and factors crawls along directions that both could take together at once (Klami, Virtanen
and Kaski 2013, JMLR 14:965). Likelihoods do not feel such a map, so that it is chosen from K x K matrices alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from models.factors.gfa.loadings_posterior import RATE, SHAPE

__all__ = ["best_turn"]

Array = NDArray[np.float64]

STEPS = 60


def best_turn(
    factors: Array, loadings: Sequence[Array], sizes: Sequence[int], patients: int, intercept: float
) -> Array:
    """Find the `turn` for which loadings become ``W turn`` and factors ``turn^-1 z``.

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
    (K, K) with the first row 1, 0, ..., 0; the identity where nothing is gained.
    """
    k = len(factors)
    excess = float(sum(sizes) - patients)

    def objective(free: Array) -> tuple[float, Array]:
        turn = np.vstack([np.eye(1, k), free.reshape(k - 1, k)])
        log_determinant = np.linalg.slogdet(turn)[1]
        back = np.linalg.inv(turn)
        turned = back @ factors @ back.T
        turned[0] = 0
        gain = excess * log_determinant - 0.5 * np.trace(turned)
        slope = excess * back.T + back.T @ turned
        for second, size in zip(loadings, sizes, strict=True):
            moved = second @ turn
            squares = np.einsum("ij,ij->j", turn, moved)
            shape, rate = SHAPE + size / 2, RATE + squares[1:] / 2
            gain -= shape * np.log(rate).sum() + 0.5 * intercept * squares[0]
            slope -= moved * np.concatenate([[intercept], shape / rate])
        return -gain, -slope[1:].ravel()

    start = np.eye(k)[1:].ravel()
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 20})
    free = found.x if found.fun < objective(start)[0] else start
    return np.vstack([np.eye(1, k), free.reshape(k - 1, k)])
