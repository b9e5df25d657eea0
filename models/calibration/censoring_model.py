"""How likely each patient was still to be followed: censoring given what is known of him."""

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
    """Probability G(t | x) of being uncensored at t, each patient left out by the model that says it of him.

    Ridge Cox regression of the time of censoring on the patients of the other folds. Then one slope and one
    Breslow baseline on what is said of those left out (:class:`CoxRecalibration`): the slope shrinks what promises
    too much towards 0, where everybody is censored alike. Who has the event at t is not at risk of
    being censored at t.

    Parameters
    ----------
    x
        (n, p) what censoring may depend on: few columns, such as the predicted risk, covariates and leading factors.
    event, time
        (n,) each.
    fold
        (n,) number of the fold that leaves each patient out.

    Returns
    -------
    StepFunction
        G (n, t), in at most 200 steps; of nobody where nobody was censored: 1 always.

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
    # Ties: whoever has the event leaves before anybody is censored.
    until = np.where(event, np.nextafter(time, 0.0), time)
    left_out = np.zeros(len(time))
    for number in np.unique(fold):
        out = fold == number
        left_out[out] = _log_hazard(x, censored, until, ~out)[out]
    calibration = CoxRecalibration.fit(left_out, censored, until)
    return StepFunction(calibration.baseline.times, calibration.survival(left_out))


def _log_hazard(x: Array, censored: NDArray[np.bool_], time: Array, learns: NDArray[np.bool_]) -> Array:
    """(n,) around the mean of those it was learned from."""
    center, spread = x[learns].mean(axis=0), x[learns].std(axis=0)
    standard = (x - center) / np.where(spread > 0, spread, 1.0)
    if not censored[learns].any():
        return np.zeros(len(x))
    # A priori log hazards are as far apart as one, whatever the number of columns.
    penalty = x.shape[1] / learns.sum()
    log_hazard: Array = standard @ cox_net(standard[learns], censored[learns], time[learns], penalty, 0.0)
    return log_hazard
