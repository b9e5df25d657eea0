"""Logistic regression, plain, ridge and elastic net: the likelihood for the solver of `elastic_net`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.linear.elastic_net import elastic_net

__all__ = ["LogisticLikelihood", "logistic_net"]

Array = NDArray[np.float64]

STEPS = 100


class LogisticLikelihood:
    """Binomial likelihood of one set of patients with both classes, as a function of their linear predictors.

    The intercept is never penalised and is always the best one for the linear predictors at hand (a profile
    likelihood), so the solver meets the coefficients alone.

    Parameters
    ----------
    positive
        (n,) bool.
    """

    def __init__(self, positive: NDArray[np.bool_]) -> None:
        self.positive = positive
        self.sign = np.where(positive, 1.0, -1.0)

    def intercept(self, estimate: Array) -> float:
        """Where the probabilities add up to the number of positive patients."""
        # Between the intercepts that would give the patient of highest or of lowest estimate the average.
        odds = np.log(self.positive.mean() / (1 - self.positive.mean()))
        low, high = odds - estimate.max(), odds - estimate.min()
        value = odds - float(np.median(estimate))
        for _ in range(STEPS):
            probability = expit(estimate + value)
            surplus = probability.sum() - self.positive.sum()
            low, high = (low, value) if surplus > 0 else (value, high)
            slope = (probability * (1 - probability)).sum()
            newton = value - surplus / slope if slope > 0 else np.inf
            # Newton's step where it stays between the bounds, else halfway.
            step = newton if low <= newton <= high else (low + high) / 2
            if abs(step - value) < 1e-13 * max(1.0, abs(value)):
                return float(step)
            value = step
        return float(value)

    def loss(self, estimate: Array) -> float:
        """Negative log likelihood a patient."""
        logit = estimate + self.intercept(estimate)
        return float(np.logaddexp(0.0, -self.sign * logit).mean())

    def gradient(self, estimate: Array) -> Array:
        """(n,) gradient of `loss` by the linear predictors."""
        probability: Array = expit(estimate + self.intercept(estimate))
        return (probability - self.positive) / len(estimate)

    def curvature(self, estimate: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss` by the linear predictors, times x (n, p), in O(n p)."""
        probability = expit(estimate + self.intercept(estimate))
        weight = probability * (1 - probability)
        centre = weight @ x / max(weight.sum(), np.finfo(float).tiny)
        curved: Array = weight[:, None] * (x - centre) / len(estimate)
        return curved


def logistic_net(
    x: Array, positive: NDArray[np.bool_], penalty: float, l1_ratio: float
) -> tuple[Array, float]:
    """Minimise ``-log L / n + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)``, intercept free.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    positive
        (n,) bool, both classes.
    penalty, l1_ratio
        Strength; 0 is ridge, 1 is lasso.

    Returns
    -------
    tuple
        (p,) coefficients, and the intercept; higher means more likely positive.

    Raises
    ------
    FitError
        If coefficients grow without end, as when a covariate separates the classes and penalty is 0.
    """
    likelihood = LogisticLikelihood(positive)
    coefficients = elastic_net(x, likelihood, penalty, l1_ratio)
    return coefficients, likelihood.intercept(x @ coefficients)
