"""Whether predicted probabilities of a response are too far apart: its logit regressed on the predicted one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from stratomics.evaluation.cases import ResponseCases

__all__ = ["observed_less_predicted", "recalibration"]

Array = NDArray[np.float64]

SMALLEST = 1e-7
"""A probability is held this far from 0 and 1."""
STEPS = 30
LONGEST = 2.0
CLOSE = 1e-8


def recalibration(cases: ResponseCases, weight: Array) -> Array:
    """(draws, 2) intercept and slope of the logit of a positive response on the predicted logit; 0 and 1 are best.

    Cox 1958, doi 10.1093/biomet/45.3-4.562. A slope below 1 says that predictions are too far apart. The patients of a
    repeat count together, and repeats are averaged. NaN where all have one prediction or one class, or predictions part
    the classes without error.
    """
    total = np.zeros((len(weight), 2))
    for probability in cases.probability:
        total += _newton(logit(np.clip(probability, SMALLEST, 1.0 - SMALLEST)), cases.positive, weight)
    return total / len(cases.probability)


def observed_less_predicted(cases: ResponseCases, weight: Array) -> Array:
    """(draws,) share of positive patients less the mean predicted probability, 0 is best: calibration in the large."""
    apart = cases.positive - cases.probability.mean(axis=0)
    mean: Array = (weight @ apart) / weight.sum(axis=1)
    return mean


def _newton(x: Array, positive: NDArray[np.bool_], weight: Array) -> Array:
    """(draws, 2) maximum likelihood, all draws at once; NaN of those that have no end."""
    b = np.full((len(weight), 2), np.nan)
    if np.ptp(x) < SMALLEST:
        return b
    going, now = np.arange(len(weight)), np.tile([0.0, 1.0], (len(weight), 1))
    for _ in range(STEPS):
        step = _step(x, positive, weight[going], now)
        now = now + step
        ended = np.abs(step).max(axis=1) < CLOSE
        b[going[ended]] = now[ended]
        going, now = going[~ended], now[~ended]
        if not len(going):
            break
    return b


def _step(x: Array, positive: NDArray[np.bool_], weight: Array, b: Array) -> Array:
    """(draws, 2) Newton's, held short."""
    p = expit(b[:, :1] + b[:, 1:] * x)
    surplus, information = weight * (positive - p), weight * p * (1.0 - p)
    i00, i01, i11 = information.sum(axis=1), information @ x, information @ x**2
    g0, g1 = surplus.sum(axis=1), surplus @ x
    top = np.column_stack([i11 * g0 - i01 * g1, i00 * g1 - i01 * g0])
    determinant = (i00 * i11 - i01**2)[:, None]
    step = np.divide(top, determinant, out=np.full_like(top, LONGEST), where=determinant > 0)
    held: Array = np.clip(step, -LONGEST, LONGEST)
    return held
