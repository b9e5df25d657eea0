"""Scores of survival curves over time under censoring, each for many bootstrap weights of the patients at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import Metric

__all__ = [
    "IBS",
    "INTEGRATED_LOG_LIKELIHOOD",
    "brier_curve",
    "integrated_brier_score",
    "integrated_log_likelihood",
    "log_likelihood_curve",
    "standing_for",
]

Array = NDArray[np.float64]

SMALLEST = 1e-7
"""A probability is held this far from 0 and 1, so that no patient alone costs everything."""


def integrated_brier_score(cases: SurvivalCases, weight: Array) -> Array:
    """IPCW Brier score integrated over the grid, lower is better.

    Graf et al. 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    The mean of :func:`brier_curve` over time. A useless model has about 0.25.
    """
    return _over_time(brier_curve(cases, weight), cases)


def integrated_log_likelihood(cases: SurvivalCases, weight: Array) -> Array:
    """IPCW binomial log likelihood integrated over the grid, in nats, higher is better; never above 0.

    Graf et al. 1999, doi as in :func:`integrated_brier_score`. The mean of :func:`log_likelihood_curve` over
    time. Who gives everybody one half has -0.693.
    """
    return _over_time(log_likelihood_curve(cases, weight), cases)


def brier_curve(cases: SurvivalCases, weight: Array) -> Array:
    """(draws, grid) mean squared difference of S(t) and being alive at t, lower is better.

    Censoring is estimated by Kaplan-Meier on the evaluated patients, with their weights; the score
    of a repeat counts all its patients, and repeats are averaged.
    """
    return _mean_at_each_time(cases, weight, cases.survival**2, (1.0 - cases.survival) ** 2)


def log_likelihood_curve(cases: SurvivalCases, weight: Array) -> Array:
    """(draws, grid) mean log probability given to being alive or not at t, higher is better.

    Censoring and repeats as in :func:`brier_curve`; probabilities are held 1e-7 away from 0 and 1.
    """
    alive = np.clip(cases.survival, SMALLEST, 1.0 - SMALLEST)
    return _mean_at_each_time(cases, weight, np.log1p(-alive), np.log(alive))


def standing_for(cases: SurvivalCases, at: float, weight: Array) -> Array:
    """(draws, n) for how many patients each stands at a time: 0 of whom nobody knows whether he lives, else one over G.

    G is that of his own time of who died, and of `at` of who lives on; as in :func:`brier_curve`.
    """
    died, alive = cases.event & (cases.time <= at), cases.time > at
    censoring = censoring_survival(cases.event, cases.time, weight)
    followed = np.where(died, censoring(cases.time), censoring(np.array([at])))
    return np.divide(weight, followed, out=np.zeros_like(weight), where=(followed > 0) & (died | alive))


def _mean_at_each_time(cases: SurvivalCases, weight: Array, if_died: Array, if_alive: Array) -> Array:
    """(draws, grid): IPCW mean of a score (repeats, n, grid), which depends on what happened by then."""
    censoring = censoring_survival(cases.event, cases.time, weight)
    at_event, at_grid = censoring(cases.time), censoring(cases.grid)
    died = cases.event[:, None] & (cases.time[:, None] <= cases.grid)
    alive = cases.time[:, None] > cases.grid
    total = np.zeros((len(weight), len(cases.grid)))
    for repeat in range(len(if_died)):
        # (draws, grid): those who died weigh by G at their own time, those alive by G at the grid.
        lost = _over(weight, at_event) @ (if_died[repeat] * died)
        kept = _over(weight @ (if_alive[repeat] * alive), at_grid)
        total += (lost + kept) / weight.sum(axis=1, keepdims=True)
    return total / len(if_died)


def _over_time(curve: Array, cases: SurvivalCases) -> Array:
    mean: Array = np.trapezoid(curve, cases.grid, axis=1) / (cases.grid[-1] - cases.grid[0])
    return mean


def _over(top: Array, bottom: Array) -> Array:
    """Divide, with 0 where nobody is left to weigh by."""
    return np.divide(
        top, bottom, out=np.zeros(np.broadcast_shapes(top.shape, bottom.shape)), where=bottom > 0
    )


IBS = Metric(integrated_brier_score, higher_is_better=False, label="IBS")
INTEGRATED_LOG_LIKELIHOOD = Metric(
    integrated_log_likelihood, higher_is_better=True, label="integrated log likelihood"
)
