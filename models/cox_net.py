"""Elastic-net Cox regression: one solver for the plain, the ridge and the lasso model."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from omics.errors import FitError

__all__ = ["CoxLikelihood", "cox_net", "cox_net_path", "largest_penalty"]

Array = NDArray[np.float64]

SWEEPS = 1000
ROUNDS = 500
TOLERANCE = 1e-7
WIDEST = 300.0
"""Log hazards that spread further apart than this are on their way to infinity."""


class CoxLikelihood:
    """Efron's partial likelihood of one set of patients, as a function of their log hazards.

    Patients are sorted once, the last time first, so that a risk set is all rows down to the end of a tie.

    Parameters
    ----------
    event, time
        (n,) each.
    """

    def __init__(self, event: NDArray[np.bool_], time: Array) -> None:
        self.order = np.argsort(-time, kind="stable")
        _, self.start, self.tie = np.unique(-time[self.order], return_index=True, return_inverse=True)
        self.died = event[self.order]
        before: NDArray[np.int64] = np.cumsum(self.died) - self.died
        rank: NDArray[np.int64] = before - before[self.start][self.tie]
        self.share = np.where(self.died, rank / np.maximum(self._by_tie(self.died), 1)[self.tie], 0.0)

    def loss(self, log_hazard: Array) -> float:
        """Negative log partial likelihood a patient."""
        hazard, left, shift = self._risk(log_hazard)
        terms = np.log(np.where(self.died, left, 1.0)) + shift - log_hazard[self.order]
        return float(np.sum(terms[self.died]) / len(hazard))

    def gradient(self, log_hazard: Array) -> Array:
        """(n,) gradient of `loss` by the log hazards."""
        hazard, left, _ = self._risk(log_hazard)
        inverse = np.where(self.died, 1.0 / left, 0.0)
        return self._restored(
            (hazard * self._over_risk_sets(inverse[:, None])[:, 0] - self.died) / len(hazard)
        )

    def curvature(self, log_hazard: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss` by the log hazards, times x (n, p), in O(n p)."""
        hazard, left, _ = self._risk(log_hazard)
        inverse = np.where(self.died, 1.0 / left, 0.0)[:, None]
        x, h = x[self.order], hazard[:, None]
        sums = np.cumsum(self._by_tie(h * x), axis=0)[self.tie]
        sums -= self.share[:, None] * self._by_tie(h * x * self.died[:, None])[self.tie]
        spread = self._over_risk_sets(inverse) * x - self._over_risk_sets(inverse**2 * sums)
        return self._restored(h * spread / len(hazard))

    def _risk(self, log_hazard: Array) -> tuple[Array, Array, float]:
        """Hazards in sorted order, each one's risk set less Efron's share, and the log scale of both."""
        shift = float(log_hazard.max())
        hazard = np.exp(log_hazard[self.order] - shift)
        left = (
            np.cumsum(self._by_tie(hazard))[self.tie]
            - self.share * self._by_tie(hazard * self.died)[self.tie]
        )
        return hazard, left, shift

    def _over_risk_sets(self, terms: Array) -> Array:
        """Sum of the events' terms (n, p) over all times at which each patient is at risk.

        Who dies is at risk of the deaths tied with his own only by what Efron's share leaves of him.
        """
        whole = np.cumsum(self._by_tie(terms)[::-1], axis=0)[::-1][self.tie]
        tied = self._by_tie(self.share[:, None] * terms)[self.tie]
        return whole - self.died[:, None] * tied

    def _by_tie(self, values: Array | NDArray[np.bool_]) -> Array:
        return np.add.reduceat(values.astype(np.float64, copy=False), self.start, axis=0)

    def _restored(self, values: Array) -> Array:
        restored = np.empty_like(values)
        restored[self.order] = values
        return restored


def largest_penalty(x: Array, event: NDArray[np.bool_], time: Array, l1_ratio: float) -> float:
    """Smallest penalty at which every coefficient is zero."""
    gradient = CoxLikelihood(event, time).gradient(np.zeros(len(time)))
    return float(np.abs(x.T @ gradient).max() / max(l1_ratio, 1e-3))


def cox_net_path(x: Array, event: NDArray[np.bool_], time: Array, penalties: Array, l1_ratio: float) -> Array:
    """Coefficients (len(penalties), p) along decreasing penalties, each started from the one before."""
    path = np.zeros((len(penalties), x.shape[1]))
    start = np.zeros(x.shape[1])
    for row, penalty in enumerate(penalties):
        start = path[row] = cox_net(x, event, time, float(penalty), l1_ratio, start)
    return path


def cox_net(
    x: Array,
    event: NDArray[np.bool_],
    time: Array,
    penalty: float,
    l1_ratio: float,
    start: Array | None = None,
) -> Array:
    """Minimise ``-log PL / n + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)``.

    Proximal Newton (Lee et al. 2014, doi 10.1137/130921428): coordinate descent solves the likelihood's
    quadratic, of the whole Hessian and not only its diagonal; a step is halved while the objective
    would rise.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    event, time
        (n,) each.
    penalty, l1_ratio
        Strength; 0 is ridge, 1 is lasso.
    start
        (p,) coefficients to begin with.

    Returns
    -------
    Array
        (p,) coefficients; higher x b means earlier event.

    Raises
    ------
    FitError
        If coefficients grow without end, as when a covariate separates the events and penalty is 0.
    """
    likelihood = CoxLikelihood(event, time)
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
    raise FitError("Cox coefficients grow without end: a covariate separates the events; raise the penalty")


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
