"""Ridge regression with one penalty for each block of inputs, estimated from the training patients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.linear.cox_net import CoxLikelihood
from models.linear.elastic_net import Likelihood
from models.linear.logistic_net import LogisticLikelihood
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import FitError

__all__ = ["GroupRidge", "group_ridge", "likelihood_of", "ridge"]

Array = NDArray[np.float64]

SHAPE, RATE = 2.0, 0.05
"""Gamma prior of a penalty. Its mean is 40: the coefficient of an input of unit variance is then expected to be about
0.16, a hazard or odds ratio of 1.17. The prior has the weight of four inputs."""

START = 40.0
LARGEST = 1e6
ROUNDS = 100
NEWTON_STEPS = 50
SMALLEST_STEP = 1e-12
TOLERANCE = 0.01
"""The iteration ends when no penalty changes by more than this, relative to its value."""


@dataclass(frozen=True)
class GroupRidge:
    """Result of :func:`group_ridge`: `coefficients` (p,), and `penalties` (p,) on the scale of the total likelihood."""

    coefficients: Array
    penalties: Array


def likelihood_of(endpoint: Survival | Response) -> Likelihood:
    """Likelihood of one linear predictor per patient: Cox's for survival, logistic for a response.

    The endpoint must be observed in all patients.
    """
    if isinstance(endpoint, Response):
        return LogisticLikelihood(endpoint.positive)
    if endpoint.stratum is None:
        return CoxLikelihood(endpoint.event, endpoint.time, endpoint.entry)
    return Stratified(endpoint, endpoint.stratum)


class Stratified:
    """Stratified Cox likelihood: patients are compared within their stratum only; the mean is over all patients."""

    def __init__(self, survival: Survival, stratum: NDArray[np.int64]) -> None:
        self.rows = [np.flatnonzero(stratum == number) for number in np.unique(stratum)]
        parts = [survival.take(rows) for rows in self.rows]
        self.parts = [CoxLikelihood(part.event, part.time, part.entry) for part in parts]

    def loss(self, estimate: Array) -> float:
        """Negative log partial likelihood per patient."""
        return sum(len(rows) * part.loss(estimate[rows]) for rows, part in self._both()) / len(estimate)

    def gradient(self, estimate: Array) -> Array:
        """(n,) gradient of `loss`."""
        return self._joined([part.gradient(estimate[rows]) for rows, part in self._both()])

    def curvature(self, estimate: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss`, times x (n, p)."""
        return self._joined([part.curvature(estimate[rows], x[rows]) for rows, part in self._both()])

    def _both(self) -> Iterator[tuple[NDArray[np.int64], CoxLikelihood]]:
        return zip(self.rows, self.parts, strict=True)

    def _joined(self, values: list[Array]) -> Array:
        n = sum(map(len, self.rows))
        joined = np.empty((n, *values[0].shape[1:]))
        for rows, part in zip(self.rows, values, strict=True):
            joined[rows] = part * (len(rows) / n)
        return joined


def group_ridge(
    x: Array, block: NDArray[np.int64], likelihood: Likelihood, given: Mapping[int, float] | None = None
) -> GroupRidge:
    """Ridge regression whose penalties are estimated by empirical Bayes, one for each block of inputs.

    The coefficients of a block have a common normal prior. Its precision is the penalty, and is estimated where the
    Laplace approximation of the marginal likelihood is stationary (MacKay 1992, doi 10.1162/neco.1992.4.3.415; van de
    Wiel et al. 2021, doi 10.1080/10618600.2021.1904962). A gamma prior stabilises it for few inputs or patients.

    Parameters
    ----------
    x
        (n, p) inputs, comparable in scale.
    block
        (p,) number of the block that each input belongs to.
    likelihood
        Likelihood of the n patients.
    given
        Number of a block -> its penalty, for blocks with a fixed penalty.

    Returns
    -------
    GroupRidge
        Coefficients and penalties.

    Raises
    ------
    FitError
        If an input is not finite.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal(size=(300, 20))
    >>> block = np.repeat([0, 1], 10)
    >>> positive = rng.random(300) < 1 / (1 + np.exp(-2 * x[:, 0] + 2 * x[:, 1]))
    >>> result = group_ridge(x, block, LogisticLikelihood(positive))
    >>> bool(result.penalties[0] < result.penalties[-1])
    True
    """
    if not np.isfinite(x).all():
        raise FitError(
            "an input of the linear path is not finite, so it cannot be fitted; check the views' values"
        )
    blocks = np.unique(block)
    members = np.equal.outer(blocks, block).astype(np.float64)
    fixed = np.array([(given or {}).get(int(number), np.nan) for number in blocks])
    coefficients, penalties = np.zeros(x.shape[1]), np.where(np.isnan(fixed), START, fixed) @ members
    for _ in range(ROUNDS):
        coefficients, hessian = ridge(x, penalties, likelihood, coefficients)
        variance = np.diag(np.linalg.inv(hessian))
        effective = members @ (1.0 - penalties * variance)
        estimate = (effective + 2.0 * SHAPE) / (members @ coefficients**2 + 2.0 * RATE)
        estimate = np.where(np.isnan(fixed), np.minimum(estimate, LARGEST), fixed)
        before, penalties = penalties, estimate @ members
        if np.abs(np.log(penalties / before)).max(initial=0.0) < TOLERANCE:
            break
    coefficients, _ = ridge(x, penalties, likelihood, coefficients)
    return GroupRidge(coefficients, penalties)


def ridge(
    x: Array, penalties: Array, likelihood: Likelihood, start: Array | None = None
) -> tuple[Array, Array]:
    """Minimise the negative log likelihood + ``sum(penalties * b**2) / 2`` by Newton's method with step halving.

    Parameters
    ----------
    x
        (n, p).
    penalties
        (p,) > 0.
    likelihood
        Likelihood of the n patients.
    start
        (p,) initial coefficients; zeros by default.

    Returns
    -------
    tuple
        Coefficients (p,), and the Hessian (p, p) at the last step, including the penalties.
    """
    n = len(x)
    coefficients = np.zeros(x.shape[1]) if start is None else start

    def objective(b: Array) -> float:
        return n * likelihood.loss(x @ b) + float(penalties @ b**2) / 2

    value = objective(coefficients)
    hessian = np.diag(penalties)
    for _ in range(NEWTON_STEPS):
        estimate = x @ coefficients
        hessian = n * x.T @ likelihood.curvature(estimate, x) + np.diag(penalties)
        step = np.linalg.solve(hessian, n * x.T @ likelihood.gradient(estimate) + penalties * coefficients)
        trial = objective(coefficients - step)
        while trial > value + 1e-12 * abs(value) and np.abs(step).max() > SMALLEST_STEP:
            step = step / 2
            trial = objective(coefficients - step)
        decrease, coefficients, value = value - trial, coefficients - step, trial
        if decrease < 1e-9 * max(abs(value), 1.0):
            break
    return coefficients, hessian
