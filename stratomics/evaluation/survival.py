"""Survival metrics, each for many bootstrap weights of the patients at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.censoring import censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metric import Metric, within_folds

__all__ = ["HARRELL_C", "IBS", "UNO_C", "harrell_c", "integrated_brier_score", "uno_c"]

Array = NDArray[np.float64]


def integrated_brier_score(cases: SurvivalCases, weight: Array) -> Array:
    """IPCW Brier score integrated over the grid, lower is better.

    Graf et al. 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    Censoring is estimated by Kaplan-Meier on the evaluated patients, with their weights; the score
    of a repeat counts all its patients, and repeats are averaged. A useless model has about 0.25.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)
    at_event, at_grid = censoring(cases.time), censoring(cases.grid)
    died = cases.event[:, None] & (cases.time[:, None] <= cases.grid)
    alive = cases.time[:, None] > cases.grid
    squared = (cases.survival - alive) ** 2
    total = np.zeros(len(weight))
    for repeat in squared:
        # (draws, grid): those who died weigh by G at their own time, those alive by G at the grid.
        lost = _over(weight, at_event) @ (repeat * died)
        kept = _over(weight @ (repeat * alive), at_grid)
        brier = (lost + kept) / weight.sum(axis=1, keepdims=True)
        total += np.trapezoid(brier, cases.grid, axis=1) / (cases.grid[-1] - cases.grid[0])
    return total / len(squared)


def harrell_c(cases: SurvivalCases, weight: Array) -> Array:
    """Share of comparable pairs in the right order, higher is better.

    Harrell et al. 1982, doi 10.1001/jama.1982.03320430047030.
    Pairs are compared within fold and repeat, then folds are averaged; tied risks count one half.
    """
    return _concordance(cases, weight, np.ones_like(weight))


def uno_c(cases: SurvivalCases, weight: Array) -> Array:
    """Concordance with pairs weighted by 1 / G(t)^2, higher is better.

    Uno et al. 2011, doi 10.1002/sim.4154.
    G is estimated on all evaluated patients; pairs and folds as in :func:`harrell_c`, no truncation.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)(cases.time)
    return _concordance(cases, weight, _over(np.ones_like(weight), censoring**2))


def _concordance(cases: SurvivalCases, weight: Array, pair_weight: Array) -> Array:
    def score(repeat: int, rows: NDArray[np.int64]) -> Array:
        comparable, concordant = _pairs(cases.risk[repeat, rows], cases.event[rows], cases.time[rows])
        first, second = weight[:, rows] * pair_weight[:, rows], weight[:, rows]
        pairs = np.einsum("bi,bi->b", first @ comparable, second)
        right = np.einsum("bi,bi->b", first @ concordant, second)
        nothing = np.full(len(weight), np.nan)
        share: Array = np.divide(right, pairs, out=nothing, where=pairs > 0)
        return share

    return within_folds(cases.fold, score)


def _pairs(risk: Array, event: NDArray[np.bool_], time: Array) -> tuple[Array, Array]:
    """(n, n) matrices for pairs (i, j), i the one who had the event first."""
    later = (time[:, None] < time) | ((time[:, None] == time) & ~event)
    comparable = (event[:, None] & later).astype(np.float64)
    right = (risk[:, None] > risk) + 0.5 * (risk[:, None] == risk)
    return comparable, comparable * right


def _over(top: Array, bottom: Array) -> Array:
    """Divide, with 0 where nobody is left to weigh by."""
    return np.divide(
        top, bottom, out=np.zeros(np.broadcast_shapes(top.shape, bottom.shape)), where=bottom > 0
    )


IBS = Metric(integrated_brier_score, higher_is_better=False, label="IBS")
HARRELL_C = Metric(harrell_c, higher_is_better=True, label="Harrell C")
UNO_C = Metric(uno_c, higher_is_better=True, label="Uno C")
