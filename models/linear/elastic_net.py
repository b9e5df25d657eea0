"""Elastic net for any likelihood of a linear predictor: one solver for the plain, the ridge and the lasso model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omics.common.errors import FitError

__all__ = ["Likelihood", "elastic_net", "elastic_net_path", "largest_penalty"]

Array = NDArray[np.float64]

SWEEPS = 1000
ROUNDS = 500
TOLERANCE = 1e-7
WIDEST = 300.0
"""Linear predictors that spread further apart than this are on their way to infinity."""


class Likelihood(Protocol):
    """A convex loss a patient of linear predictors (n,), the same whatever is added to all of them."""

    def loss(self, estimate: Array) -> float:
        """Negative log likelihood a patient."""
        ...

    def gradient(self, estimate: Array) -> Array:
        """(n,) gradient of `loss`."""
        ...

    def curvature(self, estimate: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss`, times x (n, p)."""
        ...


def largest_penalty(x: Array, likelihood: Likelihood, l1_ratio: float) -> float:
    """Smallest penalty at which every coefficient is zero."""
    gradient = likelihood.gradient(np.zeros(len(x)))
    return float(np.abs(x.T @ gradient).max() / max(l1_ratio, 1e-3))


def elastic_net_path(x: Array, likelihood: Likelihood, penalties: Array, l1_ratio: float) -> Array:
    """Coefficients (len(penalties), p) along decreasing penalties, each started from the one before."""
    path = np.zeros((len(penalties), x.shape[1]))
    start = np.zeros(x.shape[1])
    for row, penalty in enumerate(penalties):
        start = path[row] = elastic_net(x, likelihood, float(penalty), l1_ratio, start)
    return path


def elastic_net(
    x: Array, likelihood: Likelihood, penalty: float, l1_ratio: float, start: Array | None = None
) -> Array:
    """Minimise ``loss(x b) + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)``.

    Proximal Newton (Lee et al. 2014, doi 10.1137/130921428): coordinate descent solves the likelihood's
    quadratic, of the whole Hessian and not only its diagonal; a step is halved while the objective
    would rise.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    likelihood
        Of the n patients.
    penalty, l1_ratio
        Strength; 0 is ridge, 1 is lasso.
    start
        (p,) coefficients to begin with.

    Returns
    -------
    Array
        (p,) coefficients.

    Raises
    ------
    FitError
        If coefficients grow without end, as when a covariate separates the patients and penalty is 0.
    """
    lasso, ridge = penalty * l1_ratio, penalty * (1.0 - l1_ratio)
    coefficients = np.zeros(x.shape[1]) if start is None else start.copy()

    def objective(b: Array) -> float:
        return likelihood.loss(x @ b) + lasso * float(np.abs(b).sum()) + ridge * float((b**2).sum()) / 2

    value = objective(coefficients)
    for _ in range(ROUNDS):
        log_hazard = x @ coefficients
        slope = likelihood.gradient(log_hazard)
        # Only these can move: a coefficient at zero stays there while the lasso outweighs its gradient.
        columns = np.flatnonzero((coefficients != 0) | (np.abs(x.T @ slope) > lasso))
        some = np.asfortranarray(x[:, columns])
        curved = np.asfortranarray(likelihood.curvature(log_hazard, some))
        proposal = coefficients[columns]
        _descend(some, curved, slope, proposal, lasso, ridge)
        if not np.ptp(some @ proposal) < WIDEST:
            break
        moved = np.zeros_like(coefficients)
        moved[columns] = proposal - coefficients[columns]
        trial = objective(coefficients + moved)
        while trial > value + 1e-14 and np.abs(moved).max(initial=0.0) > TOLERANCE:
            moved = moved / 2
            trial = objective(coefficients + moved)
        coefficients, value = coefficients + moved, trial
        if np.abs(moved).max(initial=0.0) < TOLERANCE * max(1.0, np.abs(coefficients).max(initial=0.0)):
            return coefficients
    raise FitError("coefficients grow without end: a covariate separates the patients; raise the penalty")


def _compiled(function: Callable[..., None]) -> Callable[..., None]:
    fast = {"reassoc", "contract", "nsz"}
    try:
        compiled: Callable[..., None] = njit(cache=True, fastmath=fast)(function)
    except RuntimeError:
        # Neither the package's folder nor the user's is writable: compiled anew in each process.
        compiled = njit(fastmath=fast)(function)
    return compiled


@_compiled
def _descend(  # noqa: C901  # one loop that numba compiles whole
    x: Array, curved: Array, slope: Array, b: Array, lasso: float, ridge: float
) -> None:  # pragma: no cover  # compiled
    """Coordinate descent on the quadratic around `b`; `slope` is the gradient at the moving point."""
    n, p = x.shape
    norm = np.zeros(p)
    for j in range(p):
        for i in range(n):
            norm[j] += x[i, j] * curved[i, j]
    active = np.zeros(p, dtype=np.bool_)
    everything = True
    for _ in range(SWEEPS):
        biggest = 0.0
        for j in range(p):
            if not (everything or active[j]):
                continue
            scale = norm[j] + ridge
            if scale <= 0.0:
                continue
            target = norm[j] * b[j]
            for i in range(n):
                target -= x[i, j] * slope[i]
            new = 0.0
            if target > lasso:
                new = (target - lasso) / scale
            elif target < -lasso:
                new = (target + lasso) / scale
            change = new - b[j]
            if change != 0.0:
                b[j] = new
                for i in range(n):
                    slope[i] += curved[i, j] * change
                biggest = max(biggest, abs(change))
            active[j] = new != 0.0
        if biggest < TOLERANCE and everything:
            return
        everything = biggest < TOLERANCE
