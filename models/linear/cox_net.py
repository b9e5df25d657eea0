"""Cox regression, plain, ridge and elastic net: the partial likelihood for the solver of `elastic_net`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.linear import elastic_net as solver

__all__ = ["CoxLikelihood", "cox_net", "cox_net_path", "largest_penalty"]

Array = NDArray[np.float64]


class CoxLikelihood:
    """Efron's partial likelihood of one set of patients, as a function of their log hazards.

    Patients are sorted once, the last time first, so that a risk set is all rows down to the end of a tie, less those
    who had not come yet.

    Parameters
    ----------
    event, time
        (n,) each.
    entry
        (n,) < time, when each came under observation: at risk at t if ``entry < t <= time``; from the start if left
        out.
    """

    def __init__(self, event: NDArray[np.bool_], time: Array, entry: Array | None = None) -> None:
        self.order = np.argsort(-time, kind="stable")
        ties, self.start, self.tie = np.unique(-time[self.order], return_index=True, return_inverse=True)
        self.died = event[self.order]
        before: NDArray[np.int64] = np.cumsum(self.died) - self.died
        rank: NDArray[np.int64] = before - before[self.start][self.tie]
        self.share = np.where(self.died, rank / np.maximum(self._by_tie(self.died), 1)[self.tie], 0.0)
        # Going back in time, the first tie at which a patient was not there yet.
        self.absent = None if entry is None else np.searchsorted(ties, -entry[self.order], side="left")

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
        sums = self._at_risk(h * x)[self.tie]
        sums -= self.share[:, None] * self._by_tie(h * x * self.died[:, None])[self.tie]
        spread = self._over_risk_sets(inverse) * x - self._over_risk_sets(inverse**2 * sums)
        return self._restored(h * spread / len(hazard))

    def _risk(self, log_hazard: Array) -> tuple[Array, Array, float]:
        """Hazards in sorted order, each one's risk set less Efron's share, and the log scale of both."""
        shift = float(log_hazard.max())
        hazard = np.exp(log_hazard[self.order] - shift)
        left = self._at_risk(hazard)[self.tie] - self.share * self._by_tie(hazard * self.died)[self.tie]
        return hazard, left, shift

    def _over_risk_sets(self, terms: Array) -> Array:
        """Sum of the events' terms (n, p) over all times at which each patient is at risk.

        Who dies is at risk of the deaths tied with his own only by what Efron's share leaves of him.
        """
        after = np.cumsum(self._by_tie(terms)[::-1], axis=0)[::-1]
        whole = after[self.tie]
        if self.absent is not None:
            whole = whole - np.concatenate([after, np.zeros_like(after[:1])])[self.absent]
        tied = self._by_tie(self.share[:, None] * terms)[self.tie]
        return whole - self.died[:, None] * tied

    def _at_risk(self, values: Array) -> Array:
        """(ties, ...) sum of `values` (n, ...) over those at risk at each tie."""
        total = np.cumsum(self._by_tie(values), axis=0)
        if self.absent is None:
            return total
        gone = np.zeros((len(total) + 1, *total.shape[1:]))
        np.add.at(gone, self.absent, values)
        left: Array = total - np.cumsum(gone, axis=0)[:-1]
        return left

    def _by_tie(self, values: Array | NDArray[np.bool_]) -> Array:
        return np.add.reduceat(values.astype(np.float64, copy=False), self.start, axis=0)

    def _restored(self, values: Array) -> Array:
        restored = np.empty_like(values)
        restored[self.order] = values
        return restored


def largest_penalty(x: Array, event: NDArray[np.bool_], time: Array, l1_ratio: float) -> float:
    """Smallest penalty at which every coefficient is zero."""
    return solver.largest_penalty(x, CoxLikelihood(event, time), l1_ratio)


def cox_net_path(x: Array, event: NDArray[np.bool_], time: Array, penalties: Array, l1_ratio: float) -> Array:
    """Coefficients (len(penalties), p) along decreasing penalties, each started from the one before."""
    return solver.elastic_net_path(x, CoxLikelihood(event, time), penalties, l1_ratio)


def cox_net(
    x: Array,
    event: NDArray[np.bool_],
    time: Array,
    penalty: float,
    l1_ratio: float,
    entry: Array | None = None,
) -> Array:
    """Minimise ``-log PL / n + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)``.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    event, time
        (n,) each.
    penalty, l1_ratio
        Strength; 0 is ridge, 1 is lasso.
    entry
        (n,) when each came under observation; from the start if left out.

    Returns
    -------
    Array
        (p,) coefficients; higher x b means earlier event.

    Raises
    ------
    FitError
        If coefficients grow without end, as when a covariate separates the events and penalty is 0.
    """
    return solver.elastic_net(x, CoxLikelihood(event, time, entry), penalty, l1_ratio)
