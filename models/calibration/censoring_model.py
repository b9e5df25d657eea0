"""Probability of being uncensored, given covariates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.calibration.cox_recalibration import CoxRecalibration
from models.linear.cox_net import cox_net
from models.survival.kaplan_meier import StepFunction

__all__ = ["conditional_censoring"]

Array = NDArray[np.float64]


def conditional_censoring(
    x: Array, event: NDArray[np.bool_], time: Array, fold: NDArray[np.int64]
) -> StepFunction:
    """Cross-fitted probability G(t | x) of being uncensored at t.

    A ridge Cox regression of the censoring time is fitted on the patients of the other folds. Then one slope and one
    Breslow baseline are fitted to the held-out estimates (:class:`CoxRecalibration`). The slope shrinks overfitted
    estimates towards 0, where all patients have the same probability. A patient with the event at t is not at risk
    of being censored at t.

    Parameters
    ----------
    x
        (n, p) a few variables that censoring may depend on, such as predicted risk, covariates, leading factors.
    event, time
        (n,) each.
    fold
        (n,) number of the fold in which each patient is held out.

    Returns
    -------
    StepFunction
        G (n, t) with at most 200 steps; 1 at all times if no patient was censored.

    Examples
    --------
    >>> x, fold = np.zeros((4, 1)), np.array([0, 1, 0, 1])
    >>> event, time = np.array([True, False, True, False]), np.array([1.0, 2.0, 3.0, 4.0])
    >>> conditional_censoring(x, event, time, fold)(np.array([1.0, 2.5])).round(2)[0]
    array([1.  , 0.72])
    """
    censored = ~event
    if not censored.any():
        return StepFunction(time[:1], np.ones((len(time), 1)))
    # At tied times, events come before censoring.
    until = np.where(event, np.nextafter(time, 0.0), time)
    held_out = np.zeros(len(time))
    for number in np.unique(fold):
        out = fold == number
        held_out[out] = _log_hazard(x, censored, until, ~out)[out]
    calibration = CoxRecalibration.fit(held_out, censored, until)
    return StepFunction(calibration.baseline.times, calibration.survival(held_out))


def _log_hazard(x: Array, censored: NDArray[np.bool_], time: Array, train: NDArray[np.bool_]) -> Array:
    """(n,) log hazard of being censored, relative to the mean of the patients `train`."""
    center, spread = x[train].mean(axis=0), x[train].std(axis=0)
    standard = (x - center) / np.where(spread > 0, spread, 1.0)
    if not censored[train].any():
        return np.zeros(len(x))
    # A priori, log hazards have variance 1 for any number of columns.
    penalty = x.shape[1] / train.sum()
    log_hazard: Array = standard @ cox_net(standard[train], censored[train], time[train], penalty, 0.0)
    return log_hazard
