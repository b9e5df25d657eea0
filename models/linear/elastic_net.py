"""Elastic net for any likelihood of a linear predictor: one solver for unpenalised, ridge and lasso models."""

from __future__ import annotations

from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.linear.compiled import compiled
from omics.common.errors import FitError

__all__ = ["Likelihood", "elastic_net", "elastic_net_path", "largest_penalty"]

Array = NDArray[np.float64]

SWEEPS = 1000
ROUNDS = 500
TOLERANCE = 1e-7
WIDEST = 300.0
"""Coefficients are taken to diverge when the range of the linear predictors is larger."""


class Likelihood(Protocol):
    """A convex loss of linear predictors (n,), per patient, which does not change with a constant added to all."""

    def loss(self, estimate: Array) -> float:
        """Negative log likelihood per patient."""
        ...

    def gradient(self, estimate: Array) -> Array:
        """(n,) gradient of `loss`."""
        ...

    def curvature(self, estimate: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss`, times x (n, p)."""
        ...


def largest_penalty(x: Array, likelihood: Likelihood, l1_ratio: float) -> float:
    """Smallest penalty at which all coefficients are zero.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    likelihood
        Likelihood of the n patients.
    l1_ratio
        0 is ridge, 1 is lasso; below 0.001 it counts as 0.001, since ridge coefficients are never zero.

    Returns
    -------
    float
        The penalty.
    """
    gradient = likelihood.gradient(np.zeros(len(x)))
    return float(np.abs(x.T @ gradient).max() / max(l1_ratio, 1e-3))


def elastic_net_path(x: Array, likelihood: Likelihood, penalties: Array, l1_ratio: float) -> Array:
    """Coefficients along decreasing penalties; each fit starts from the one before.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    likelihood
        Likelihood of the n patients.
    penalties
        (k,) decreasing.
    l1_ratio
        0 is ridge, 1 is lasso.

    Returns
    -------
    Array
        (k, p) coefficients.
    """
    path = np.zeros((len(penalties), x.shape[1]))
    start = np.zeros(x.shape[1])
    for row, penalty in enumerate(penalties):
        start = path[row] = elastic_net(x, likelihood, float(penalty), l1_ratio, start)
    return path


def elastic_net(
    x: Array, likelihood: Likelihood, penalty: float, l1_ratio: float, start: Array | None = None
) -> Array:
    """Minimise ``loss(x b) + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)``.

    Proximal Newton method (Lee et al. 2014, doi 10.1137/130921428): coordinate descent minimises a quadratic
    approximation with the full Hessian, not only its diagonal. A step is halved as long as the objective would rise.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    likelihood
        Likelihood of the n patients.
    penalty, l1_ratio
        Strength of the penalty; 0 is ridge, 1 is lasso.
    start
        (p,) initial coefficients; zeros by default.

    Returns
    -------
    Array
        (p,) coefficients.

    Raises
    ------
    FitError
        If coefficients diverge, for example without a penalty when a covariate separates the patients.
    """
    lasso, ridge = penalty * l1_ratio, penalty * (1.0 - l1_ratio)
    coefficients = np.zeros(x.shape[1]) if start is None else start.copy()

    def objective(b: Array) -> float:
        return likelihood.loss(x @ b) + lasso * float(np.abs(b).sum()) + ridge * float((b**2).sum()) / 2

    value = objective(coefficients)
    for _ in range(ROUNDS):
        estimate = x @ coefficients
        slope = likelihood.gradient(estimate)
        # Only these can change: a coefficient stays at zero while its gradient is within the lasso penalty.
        columns = np.flatnonzero((coefficients != 0) | (np.abs(x.T @ slope) > lasso))
        active_x = np.asfortranarray(x[:, columns])
        curved = np.asfortranarray(likelihood.curvature(estimate, active_x))
        proposal = coefficients[columns]
        _descend(active_x, curved, slope, proposal, lasso, ridge)
        if not np.ptp(active_x @ proposal) < WIDEST:
            break
        step = np.zeros_like(coefficients)
        step[columns] = proposal - coefficients[columns]
        trial = objective(coefficients + step)
        while trial > value + 1e-14 and np.abs(step).max(initial=0.0) > TOLERANCE:
            step = step / 2
            trial = objective(coefficients + step)
        coefficients, value = coefficients + step, trial
        if np.abs(step).max(initial=0.0) < TOLERANCE * max(1.0, np.abs(coefficients).max(initial=0.0)):
            return coefficients
    raise FitError("coefficients diverge: a covariate separates the patients; raise the penalty")


@partial(compiled, fast=("reassoc", "contract", "nsz"))
def _descend(  # noqa: C901  # one loop that numba compiles whole
    x: Array, curved: Array, slope: Array, b: Array, lasso: float, ridge: float
) -> None:  # pragma: no cover  # compiled
    """Coordinate descent on the quadratic around `b`; `slope` is the gradient at the current point."""
    n, p = x.shape
    norm = np.zeros(p)
    for j in range(p):
        for i in range(n):
            norm[j] += x[i, j] * curved[i, j]
    active = np.zeros(p, dtype=np.bool_)
    full_sweep = True
    for _ in range(SWEEPS):
        largest_change = 0.0
        for j in range(p):
            if not (full_sweep or active[j]):
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
                largest_change = max(largest_change, abs(change))
            active[j] = new != 0.0
        if largest_change < TOLERANCE and full_sweep:
            return
        full_sweep = largest_change < TOLERANCE
