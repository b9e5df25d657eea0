"""Calibration of predicted probabilities of a response: recalibration and calibration in the large."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from stratomics.evaluation.cases import ResponseCases

__all__ = ["calibration_in_the_large", "recalibration"]

Array = NDArray[np.float64]

SMALLEST = 1e-7
"""Probabilities are clipped to this distance from 0 and 1."""
STEPS = 30
MAX_STEP = 2.0
TOLERANCE = 1e-8


def recalibration(cases: ResponseCases, weight: Array) -> Array:
    """Logistic recalibration: intercept and slope of the logit of a positive response on the predicted logit.

    Cox 1958, doi 10.1093/biomet/45.3-4.562. Intercept 0 and slope 1 are best; with a slope below 1 predictions are too
    extreme. All patients of a repeat count together, and repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, 2) intercept and slope; NaN if all patients have the same prediction or response, or if predictions
        separate the classes.
    """
    total = np.zeros((len(weight), 2))
    for probability in cases.probability:
        total += _newton(logit(np.clip(probability, SMALLEST, 1.0 - SMALLEST)), cases.positive, weight)
    return total / len(cases.probability)


def calibration_in_the_large(cases: ResponseCases, weight: Array) -> Array:
    """Calibration in the large: share of positive patients minus the mean predicted probability; 0 is best.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between -1 and 1.
    """
    difference = cases.positive - cases.probability.mean(axis=0)
    mean: Array = (weight @ difference) / weight.sum(axis=1)
    return mean


def _newton(x: Array, positive: NDArray[np.bool_], weight: Array) -> Array:
    """(draws, 2) maximum likelihood estimates, all draws at once; NaN for those that do not converge."""
    b = np.full((len(weight), 2), np.nan)
    if np.ptp(x) < SMALLEST:
        return b
    active, current = np.arange(len(weight)), np.tile([0.0, 1.0], (len(weight), 1))
    for _ in range(STEPS):
        step = _step(x, positive, weight[active], current)
        current = current + step
        converged = np.abs(step).max(axis=1) < TOLERANCE
        b[active[converged]] = current[converged]
        active, current = active[~converged], current[~converged]
        if not len(active):
            break
    return b


def _step(x: Array, positive: NDArray[np.bool_], weight: Array, b: Array) -> Array:
    """(draws, 2) Newton step, of limited length."""
    p = expit(b[:, :1] + b[:, 1:] * x)
    residual, information = weight * (positive - p), weight * p * (1.0 - p)
    i00, i01, i11 = information.sum(axis=1), information @ x, information @ x**2
    g0, g1 = residual.sum(axis=1), residual @ x
    top = np.column_stack([i11 * g0 - i01 * g1, i00 * g1 - i01 * g0])
    determinant = (i00 * i11 - i01**2)[:, None]
    step = np.divide(top, determinant, out=np.full_like(top, MAX_STEP), where=determinant > 0)
    limited: Array = np.clip(step, -MAX_STEP, MAX_STEP)
    return limited
