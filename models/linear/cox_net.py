"""Cox regression without penalty, ridge and elastic net: the partial likelihood for the solver in `elastic_net`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.linear import cox_kernels as kernels
from models.linear import elastic_net as solver

__all__ = ["CoxLikelihood", "cox_net", "cox_net_path", "largest_penalty"]

Array = NDArray[np.float64]


class CoxLikelihood:
    """Cox's partial likelihood of a set of patients as a function of their log hazards, with Efron's ties.

    Patients are sorted once, by descending time. A risk set is then all rows up to the end of a tie, without those
    who had not entered yet. Efron 1977, doi 10.2307/2286217.

    Parameters
    ----------
    event, time
        (n,) each.
    entry
        (n,) < time, entry under observation: a patient is at risk at t if ``entry < t <= time``. From the start by
        default.
    """

    def __init__(self, event: NDArray[np.bool_], time: Array, entry: Array | None = None) -> None:
        self.order = np.argsort(-time, kind="stable")
        ties, start, tie = np.unique(-time[self.order], return_index=True, return_inverse=True)
        self.tie = tie.astype(np.int64)
        self.died = event[self.order]
        before: NDArray[np.int64] = np.cumsum(self.died) - self.died
        rank: NDArray[np.int64] = before - before[start][self.tie]
        events = np.bincount(self.tie, self.died)[self.tie]
        self.share = np.where(self.died, rank / np.maximum(events, 1), 0.0)
        # Going back in time, the first tie at which a patient had not entered yet.
        self.entry = (
            np.full(len(time), len(ties))
            if entry is None
            else np.searchsorted(ties, -entry[self.order], side="left")
        )

    def loss(self, log_hazard: Array) -> float:
        """Negative log partial likelihood per patient."""
        hazard, left, shift = self._risk(log_hazard)
        terms = np.log(left[self.died]) + shift - log_hazard[self.order][self.died]
        return float(np.sum(terms) / len(hazard))

    def gradient(self, log_hazard: Array) -> Array:
        """(n,) gradient of `loss` with respect to the log hazards."""
        hazard, left, _ = self._risk(log_hazard)
        inverse = np.where(self.died, 1.0 / left, 0.0)[:, None]
        sums = kernels.over_risk_sets(inverse, self.died, self.share, self.tie, self.entry)[:, 0]
        return self._unsorted((hazard * sums - self.died) / len(hazard))

    def curvature(self, log_hazard: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss` with respect to the log hazards, times x (n, p), in O(n p)."""
        hazard, left, _ = self._risk(log_hazard)
        curved = kernels.curvature(x[self.order], hazard, left, self.died, self.share, self.tie, self.entry)
        return self._unsorted(curved / len(hazard))

    def _risk(self, log_hazard: Array) -> tuple[Array, Array, float]:
        """Hazards in sorted order, the total hazard of each risk set less Efron's share, and their common log scale."""
        shift = float(log_hazard.max())
        hazard = np.exp(log_hazard[self.order] - shift)
        left = kernels.risk_sums(hazard[:, None], self.died, self.share, self.tie, self.entry)[:, 0]
        return hazard, left, shift

    def _unsorted(self, values: Array) -> Array:
        unsorted = np.empty_like(values)
        unsorted[self.order] = values
        return unsorted


def largest_penalty(x: Array, event: NDArray[np.bool_], time: Array, l1_ratio: float) -> float:
    """Smallest penalty at which all coefficients are zero.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    event, time
        (n,) each.
    l1_ratio
        0 is ridge, 1 is lasso; below 0.001 it counts as 0.001, since ridge coefficients are never zero.

    Returns
    -------
    float
        The penalty.
    """
    return solver.largest_penalty(x, CoxLikelihood(event, time), l1_ratio)


def cox_net_path(x: Array, event: NDArray[np.bool_], time: Array, penalties: Array, l1_ratio: float) -> Array:
    """Coefficients along decreasing penalties; each fit starts from the one before.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    event, time
        (n,) each.
    penalties
        (k,) decreasing.
    l1_ratio
        0 is ridge, 1 is lasso.

    Returns
    -------
    Array
        (k, p) coefficients; higher x b means earlier event.
    """
    return solver.elastic_net_path(x, CoxLikelihood(event, time), penalties, l1_ratio)


def cox_net(
    x: Array,
    event: NDArray[np.bool_],
    time: Array,
    penalty: float,
    l1_ratio: float,
    entry: Array | None = None,
) -> Array:
    """Fit an elastic net Cox regression.

    Minimises ``-log PL / n + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)`` with Efron's method for ties
    (Simon et al. 2011, doi 10.18637/jss.v039.i05).

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    event, time
        (n,) each.
    penalty, l1_ratio
        Strength of the penalty; 0 is ridge, 1 is lasso.
    entry
        (n,) time of entry under observation; from the start by default.

    Returns
    -------
    Array
        (p,) coefficients; higher x b means earlier event.

    Raises
    ------
    FitError
        If coefficients diverge, for example without a penalty when a covariate separates the events.
    """
    return solver.elastic_net(x, CoxLikelihood(event, time, entry), penalty, l1_ratio)
