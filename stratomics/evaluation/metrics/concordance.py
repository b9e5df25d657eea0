"""Concordance of risks, in O(n log n), and of survival curves with the order of events."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.survival.kaplan_meier import censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import SHARE, Metric, within_folds

__all__ = ["ANTOLINI_C", "HARRELL_C", "UNO_C", "antolini_c", "concordance", "harrell_c", "uno_c"]

Array = NDArray[np.float64]

CELLS = 1_000_000
"""Pairs that are compared at once where curves may cross, so that memory stays linear in n."""


def harrell_c(cases: SurvivalCases, weight: Array) -> Array:
    """Harrell's concordance: share of comparable pairs whose risks are in the right order; higher is better.

    Harrell et al. 1982, doi 10.1001/jama.1982.03320430047030. A pair is comparable if one patient had the event before
    the time of the other, or at the time at which the other was censored. Pairs are compared within fold and repeat,
    then folds are averaged; tied risks count one half. Chance is 0.5.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no pair is comparable.
    """
    return _within_folds(cases, weight, weight)


def uno_c(cases: SurvivalCases, weight: Array) -> Array:
    """Uno's concordance: pairs are weighted by 1 / G(t)^2; higher is better.

    Uno et al. 2011, doi 10.1002/sim.4154. The censoring distribution G is estimated in all evaluated patients, without
    truncation; pairs and folds as in :func:`harrell_c`.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no pair is comparable.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)(cases.time)
    return _within_folds(cases, _over(weight, censoring**2), weight)


def antolini_c(cases: SurvivalCases, weight: Array) -> Array:
    """Antolini's concordance: share of comparable pairs whose curves are in the right order; higher is better.

    Antolini et al. 2005, doi 10.1002/sim.2427: S(t | i) < S(t | j) at the time t of the earlier event, of patient i.
    Equal values count one half, so that curves with proportional hazards give :func:`harrell_c`. Pairs and folds as
    there.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no pair is comparable.
    """

    def score(repeat: int, rows: NDArray[np.int64]) -> Array:
        curves = cases.curves[repeat]
        values, time, event = curves.values[rows], cases.time[rows], cases.event[rows]
        drawn = weight[:, rows]
        pairs, right = np.zeros(len(weight)), np.zeros(len(weight))
        dead = np.flatnonzero(event)
        for some in np.array_split(dead, max(1, -(-len(dead) * len(rows) // CELLS))):
            # (dead, all): the curves of all patients at each event time.
            step = np.searchsorted(curves.times, time[some], side="right") - 1
            survival = np.where(step >= 0, values[:, np.maximum(step, 0)], curves.before).T
            earlier = survival[np.arange(len(some)), some, None]
            later = (time[some, None] < time) | ((time[some, None] == time) & ~event)
            order = later * ((earlier < survival) + 0.5 * (earlier == survival))
            pairs += np.einsum("bi,bi->b", drawn[:, some], drawn @ later.T.astype(np.float64))
            right += np.einsum("bi,bi->b", drawn[:, some], drawn @ order.T)
        return _share(right, pairs)

    return within_folds(cases.fold, score)


def concordance(
    risk: Array, event: NDArray[np.bool_], time: Array, first: Array, second: Array
) -> tuple[Array, Array]:
    """Total weight of the concordant pairs and of all comparable pairs.

    The weight of a pair is ``first`` of the patient with the event times ``second`` of the other patient. Patients
    enter a Fenwick tree (Fenwick 1994, doi 10.1002/spe.4380240306) over ranks of risk, in descending order of time.

    Parameters
    ----------
    risk, event, time
        (n,) each; higher risk means earlier event.
    first, second
        (draws, n) each.

    Returns
    -------
    tuple of numpy.ndarray
        (draws,) each: concordant pairs, with tied risks at one half, and comparable pairs.

    Examples
    --------
    >>> one = np.ones((1, 3))
    >>> concordance(np.array([3.0, 1.0, 2.0]), np.ones(3, dtype=bool), np.array([1.0, 2.0, 3.0]), one, one)
    (array([2.]), array([3.]))
    """
    order = np.lexsort((event, -time))
    _, rank = np.unique(risk, return_inverse=True)
    return _count_pairs(
        rank[order],
        event[order],
        time[order],
        np.ascontiguousarray(first[:, order]),
        np.ascontiguousarray(second[:, order]),
    )


@njit(cache=True)
def _count_pairs(
    rank: NDArray[np.int64], event: NDArray[np.bool_], time: Array, first: Array, second: Array
) -> tuple[Array, Array]:
    """As `concordance`, for patients in descending order of time; at equal times the censored are first."""
    draws, n = second.shape
    ranks = rank.max() + 1
    right, pairs = np.zeros(draws), np.zeros(draws)
    tree, at_rank = np.zeros(ranks + 1), np.zeros(ranks)
    for b in range(draws):
        tree[:] = 0.0
        at_rank[:] = 0.0
        total = 0.0
        entered = 0
        for i in range(n):
            if event[i]:
                # The tree contains all patients with a later time, and those censored at this time.
                if first[b, i] > 0.0:
                    below = 0.5 * at_rank[rank[i]]
                    k = rank[i]
                    while k > 0:
                        below += tree[k]
                        k -= k & -k
                    right[b] += first[b, i] * below
                    pairs[b] += first[b, i] * total
                if i + 1 < n and event[i + 1] and time[i + 1] == time[i]:
                    continue
            for j in range(entered, i + 1):
                total += second[b, j]
                at_rank[rank[j]] += second[b, j]
                k = rank[j] + 1
                while k <= ranks:
                    tree[k] += second[b, j]
                    k += k & -k
            entered = i + 1
    return right, pairs


def _within_folds(cases: SurvivalCases, first: Array, second: Array) -> Array:
    def score(repeat: int, rows: NDArray[np.int64]) -> Array:
        risk, event, time = cases.risk[repeat, rows], cases.event[rows], cases.time[rows]
        return _share(*concordance(risk, event, time, first[:, rows], second[:, rows]))

    return within_folds(cases.fold, score)


def _share(right: Array, pairs: Array) -> Array:
    """Divide, with NaN where no pair is comparable."""
    share: Array = np.divide(right, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
    return share


def _over(top: Array, bottom: Array) -> Array:
    """Divide, with 0 where the divisor is 0."""
    return np.divide(top, bottom, out=np.zeros_like(bottom), where=bottom > 0)


HARRELL_C = Metric(harrell_c, higher_is_better=True, label="Harrell C", limits=SHARE)
UNO_C = Metric(uno_c, higher_is_better=True, label="Uno C", limits=SHARE)
ANTOLINI_C = Metric(antolini_c, higher_is_better=True, label="Antolini C", limits=SHARE)
