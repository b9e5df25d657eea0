"""Cox regression without penalty, ridge and elastic net: the partial likelihood for the solver in `elastic_net`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
        ties, self.start, self.tie = np.unique(-time[self.order], return_index=True, return_inverse=True)
        self.died = event[self.order]
        before: NDArray[np.int64] = np.cumsum(self.died) - self.died
        rank: NDArray[np.int64] = before - before[self.start][self.tie]
        self.share = np.where(self.died, rank / np.maximum(self._by_tie(self.died), 1)[self.tie], 0.0)
        # Going back in time, the first tie at which a patient had not entered yet.
        self.not_entered = None if entry is None else np.searchsorted(ties, -entry[self.order], side="left")

    def loss(self, log_hazard: Array) -> float:
        """Negative log partial likelihood per patient."""
        hazard, left, shift = self._risk(log_hazard)
        terms = np.log(np.where(self.died, left, 1.0)) + shift - log_hazard[self.order]
        return float(np.sum(terms[self.died]) / len(hazard))

    def gradient(self, log_hazard: Array) -> Array:
        """(n,) gradient of `loss` with respect to the log hazards."""
        hazard, left, _ = self._risk(log_hazard)
        inverse = np.where(self.died, 1.0 / left, 0.0)
        return self._unsorted(
            (hazard * self._over_risk_sets(inverse[:, None])[:, 0] - self.died) / len(hazard)
        )

    def curvature(self, log_hazard: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss` with respect to the log hazards, times x (n, p), in O(n p)."""
        hazard, left, _ = self._risk(log_hazard)
        inverse = np.where(self.died, 1.0 / left, 0.0)[:, None]
        x, h = x[self.order], hazard[:, None]
        sums = self._at_risk(h * x)[self.tie]
        sums -= self.share[:, None] * self._by_tie(h * x * self.died[:, None])[self.tie]
        spread = self._over_risk_sets(inverse) * x - self._over_risk_sets(inverse**2 * sums)
        return self._unsorted(h * spread / len(hazard))

    def _risk(self, log_hazard: Array) -> tuple[Array, Array, float]:
        """Hazards in sorted order, the total hazard of each risk set less Efron's share, and their common log scale."""
        shift = float(log_hazard.max())
        hazard = np.exp(log_hazard[self.order] - shift)
        left = self._at_risk(hazard)[self.tie] - self.share * self._by_tie(hazard * self.died)[self.tie]
        return hazard, left, shift

    def _over_risk_sets(self, terms: Array) -> Array:
        """Sum of the terms (n, p) of the events over all event times at which each patient is at risk.

        In Efron's method, a patient with the event counts only partly in the risk sets of events tied with it.
        """
        after = np.cumsum(self._by_tie(terms)[::-1], axis=0)[::-1]
        whole = after[self.tie]
        if self.not_entered is not None:
            whole = whole - np.concatenate([after, np.zeros_like(after[:1])])[self.not_entered]
        tied = self._by_tie(self.share[:, None] * terms)[self.tie]
        return whole - self.died[:, None] * tied

    def _at_risk(self, values: Array) -> Array:
        """(ties, ...) sum of `values` (n, ...) over the patients at risk at each tie."""
        total = np.cumsum(self._by_tie(values), axis=0)
        if self.not_entered is None:
            return total
        absent = np.zeros((len(total) + 1, *total.shape[1:]))
        np.add.at(absent, self.not_entered, values)
        left: Array = total - np.cumsum(absent, axis=0)[:-1]
        return left

    def _by_tie(self, values: Array | NDArray[np.bool_]) -> Array:
        return np.add.reduceat(values.astype(np.float64, copy=False), self.start, axis=0)

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
