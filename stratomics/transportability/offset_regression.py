"""Poisson and logistic regression with an offset, on an intercept and at most a few columns."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

__all__ = ["Family", "OffsetFit", "offset_regression", "predicted_logit"]

Array = NDArray[np.float64]
Family = Literal["poisson", "binomial"]

STEPS = 50
HALVINGS = 30
TOLERANCE = 1e-10
LARGEST = 30.0
"""Linear predictors beyond it mean that outcomes are separated."""
SMALLEST = 1e-7
"""Probabilities are clipped to this distance from 0 and 1."""


class OffsetFit(NamedTuple):
    """Coefficients, the intercept first, and their standard errors."""

    coefficients: Array
    se: Array


def predicted_logit(probability: Array) -> Array:
    """Logit of probabilities, clipped away from 0 and 1."""
    values: Array = logit(np.clip(probability, SMALLEST, 1.0 - SMALLEST))
    return values


def offset_regression(
    x: Array, outcome: NDArray[np.bool_], offset: Array, family: Family
) -> OffsetFit | None:
    """Maximise the likelihood of an outcome given an offset, an intercept and columns.

    With the predicted cumulative hazard of each patient at their own time, whose logarithm is the offset, the Poisson
    likelihood is that of a survival model (Crowson, Atkinson and Therneau 2016, doi 10.1177/0962280213497434).

    Parameters
    ----------
    x
        (n, p) columns; p may be 0.
    outcome
        (n,) whether the event occurred, or the response is positive.
    offset
        (n,) added to the linear predictor.
    family
        ``poisson`` (log link) or ``binomial`` (logit link).

    Returns
    -------
    OffsetFit or None
        None if the outcome has one class, or the estimates diverge.
    """
    design = np.column_stack([np.ones(len(x)), x])
    if not outcome.any() or (family == "binomial" and outcome.all()):
        return None
    b = np.zeros(design.shape[1])
    for _ in range(STEPS):
        linear = design @ b + offset
        if not np.abs(b).max() < LARGEST:
            return None
        mean = np.exp(np.minimum(linear, LARGEST)) if family == "poisson" else expit(linear)
        spread = mean if family == "poisson" else mean * (1.0 - mean)
        information = design.T @ (spread[:, None] * design)
        if np.linalg.matrix_rank(information) < len(b):
            return None
        step = np.linalg.solve(information, design.T @ (outcome - mean))
        before = _loss(linear, outcome, family)
        # A whole Newton step may overshoot where almost all probabilities are near 0 or 1.
        for _ in range(HALVINGS):
            if _loss(design @ (b + step) + offset, outcome, family) <= before + TOLERANCE:
                break
            step = step / 2.0
        b = b + step
        if np.abs(step).max() < TOLERANCE:
            return OffsetFit(b, np.sqrt(np.diag(np.linalg.inv(information))))
    return None


def _loss(linear: Array, outcome: NDArray[np.bool_], family: Family) -> float:
    """Negative log likelihood, up to a constant."""
    if family == "poisson":
        return float((np.exp(np.minimum(linear, LARGEST)) - outcome * linear).sum())
    return float(np.logaddexp(0.0, np.where(outcome, -linear, linear)).sum())
