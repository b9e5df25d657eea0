"""Survival metrics, each for many bootstrap weights of the patients at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.censoring import censoring_survival
from stratomics.evaluation.cases import Cases

__all__ = ["HARRELL_C", "IBS", "UNO_C", "Metric", "harrell_c", "integrated_brier_score", "uno_c"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """A function ``(cases, weight (draws, n)) -> (draws,)``, its direction and its name for people."""

    function: Callable[[Cases, Array], Array]
    higher_is_better: bool
    label: str


def integrated_brier_score(cases: Cases, weight: Array) -> Array:
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


def harrell_c(cases: Cases, weight: Array) -> Array:
    """Share of comparable pairs in the right order, higher is better.

    Harrell et al. 1982, doi 10.1001/jama.1982.03320430047030.
    Pairs are compared within fold and repeat, then folds are averaged; tied risks count one half.
    """
    return _within_folds(cases, weight, np.ones_like(weight))


def uno_c(cases: Cases, weight: Array) -> Array:
    """Concordance with pairs weighted by 1 / G(t)^2, higher is better.

    Uno et al. 2011, doi 10.1002/sim.4154.
    G is estimated on all evaluated patients; pairs and folds as in :func:`harrell_c`, no truncation.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)(cases.time)
    return _within_folds(cases, weight, _over(np.ones_like(weight), censoring**2))


def _within_folds(cases: Cases, weight: Array, pair_weight: Array) -> Array:
    scores = []
    for risk, fold in zip(cases.risk, cases.fold, strict=True):
        for number in np.unique(fold):
            rows = np.flatnonzero(fold == number)
            comparable, concordant = _pairs(risk[rows], cases.event[rows], cases.time[rows])
            first, second = weight[:, rows] * pair_weight[:, rows], weight[:, rows]
            pairs = np.einsum("bi,bi->b", first @ comparable, second)
            right = np.einsum("bi,bi->b", first @ concordant, second)
            scores.append(np.divide(right, pairs, out=np.full(len(weight), np.nan), where=pairs > 0))
    table = np.array(scores)
    counted = np.isfinite(table)
    # A fold without a comparable pair in a resample says nothing there, and NaN if no fold has one.
    total = np.where(counted, table, 0.0).sum(axis=0)
    nothing = np.full(len(weight), np.nan)
    average: Array = np.divide(total, counted.sum(axis=0), out=nothing, where=counted.any(axis=0))
    return average


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
