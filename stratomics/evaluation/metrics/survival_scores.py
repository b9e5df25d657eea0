"""Scores of survival curves over time under censoring, for many bootstrap weights of the patients at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import censoring_survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import SHARE, Metric

__all__ = [
    "IBS",
    "INTEGRATED_LOG_LIKELIHOOD",
    "brier_curve",
    "integrated_brier_score",
    "integrated_log_likelihood",
    "ipcw_weights",
    "log_likelihood_curve",
]

Array = NDArray[np.float64]

SMALLEST = 1e-7
"""Probabilities are clipped to this distance from 0 and 1, so that the loss of each patient is finite."""


def integrated_brier_score(cases: SurvivalCases, weight: Array) -> Array:
    """Integrated Brier score: the mean of :func:`brier_curve` over time; lower is better.

    Graf et al. 1999, doi 10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5. Survival of one half
    for all patients gives 0.25.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) integrated Brier score.
    """
    return _over_time(brier_curve(cases, weight), cases)


def integrated_log_likelihood(cases: SurvivalCases, weight: Array) -> Array:
    """Integrated binomial log likelihood: the mean of :func:`log_likelihood_curve` over time; higher is better.

    Graf et al. 1999, doi as in :func:`integrated_brier_score`. Survival of one half for all patients gives -0.693.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) in nats, at most 0.
    """
    return _over_time(log_likelihood_curve(cases, weight), cases)


def brier_curve(cases: SurvivalCases, weight: Array) -> Array:
    """Brier score at each time: mean squared difference of S(t) and being alive at t; lower is better.

    Patients are weighted by the inverse probability of censoring (IPCW), which is estimated by Kaplan-Meier in the
    evaluated patients. The mean is over all patients of a repeat, then over repeats.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, grid) Brier score.
    """
    return _mean_at_each_time(cases, weight, cases.survival**2, (1.0 - cases.survival) ** 2)


def log_likelihood_curve(cases: SurvivalCases, weight: Array) -> Array:
    """Mean log likelihood of being alive or not at each time; higher is better.

    Censoring and repeats as in :func:`brier_curve`; probabilities are clipped to 1e-7 from 0 and 1.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, grid) log likelihood, in nats.
    """
    alive = np.clip(cases.survival, SMALLEST, 1.0 - SMALLEST)
    return _mean_at_each_time(cases, weight, np.log1p(-alive), np.log(alive))


def ipcw_weights(cases: SurvivalCases, at: float, weight: Array) -> Array:
    """Inverse probability of censoring weights (IPCW) at one time.

    The probability of being uncensored is taken at the event time of patients with the event by `at`, and at `at` for
    those still event-free; as in :func:`brier_curve`.

    Parameters
    ----------
    cases
        n patients.
    at
        Time.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, n) how many patients each represents; 0 if they were censored before `at`.
    """
    died, alive = cases.event & (cases.time <= at), cases.time > at
    censoring = censoring_survival(cases.event, cases.time, weight)
    uncensored = np.where(died, censoring(cases.time), censoring(np.array([at])))
    return np.divide(weight, uncensored, out=np.zeros_like(weight), where=(uncensored > 0) & (died | alive))


def _mean_at_each_time(cases: SurvivalCases, weight: Array, if_died: Array, if_alive: Array) -> Array:
    """(draws, grid) IPCW mean of a score (repeats, n, grid), which depends on whether the event occurred by then."""
    censoring = censoring_survival(cases.event, cases.time, weight)
    at_event, at_grid = censoring(cases.time), censoring(cases.grid)
    died = cases.event[:, None] & (cases.time[:, None] <= cases.grid)
    alive = cases.time[:, None] > cases.grid
    total = np.zeros((len(weight), len(cases.grid)))
    for repeat in range(len(if_died)):
        # (draws, grid): G is taken at the event time of those who died, and at the grid time of those alive.
        events = _over(weight, at_event) @ (if_died[repeat] * died)
        free = _over(weight @ (if_alive[repeat] * alive), at_grid)
        total += (events + free) / weight.sum(axis=1, keepdims=True)
    return total / len(if_died)


def _over_time(curve: Array, cases: SurvivalCases) -> Array:
    mean: Array = np.trapezoid(curve, cases.grid, axis=1) / (cases.grid[-1] - cases.grid[0])
    return mean


def _over(top: Array, bottom: Array) -> Array:
    """Divide, with 0 where the divisor is 0."""
    return np.divide(
        top, bottom, out=np.zeros(np.broadcast_shapes(top.shape, bottom.shape)), where=bottom > 0
    )


IBS = Metric(integrated_brier_score, higher_is_better=False, label="IBS", limits=SHARE)
INTEGRATED_LOG_LIKELIHOOD = Metric(
    integrated_log_likelihood, higher_is_better=True, label="integrated log likelihood"
)
