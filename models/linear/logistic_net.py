"""Logistic regression without penalty, ridge and elastic net: the likelihood for the solver in `elastic_net`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.linear.elastic_net import elastic_net

__all__ = ["LogisticLikelihood", "logistic_net"]

Array = NDArray[np.float64]

STEPS = 100


class LogisticLikelihood:
    """Binomial likelihood of a set of patients with both classes, as a function of their linear predictors.

    The intercept is not penalised. It is always the maximum likelihood estimate given the linear predictors (a profile
    likelihood), so that the solver sees the coefficients only.

    Parameters
    ----------
    positive
        (n,) bool.
    """

    def __init__(self, positive: NDArray[np.bool_]) -> None:
        self.positive = positive
        self.sign = np.where(positive, 1.0, -1.0)

    def intercept(self, estimate: Array) -> float:
        """Return the intercept at which the probabilities add up to the number of positive patients."""
        # The intercept lies between those that give the highest or the lowest estimate the average probability.
        odds = np.log(self.positive.mean() / (1 - self.positive.mean()))
        low, high = odds - estimate.max(), odds - estimate.min()
        value = odds - float(np.median(estimate))
        for _ in range(STEPS):
            probability = expit(estimate + value)
            surplus = probability.sum() - self.positive.sum()
            low, high = (low, value) if surplus > 0 else (value, high)
            slope = (probability * (1 - probability)).sum()
            newton = value - surplus / slope if slope > 0 else np.inf
            # Newton's step if it stays within the bounds, otherwise bisection.
            step = newton if low <= newton <= high else (low + high) / 2
            if abs(step - value) < 1e-13 * max(1.0, abs(value)):
                return float(step)
            value = step
        return float(value)

    def loss(self, estimate: Array) -> float:
        """Negative log likelihood per patient."""
        logit = estimate + self.intercept(estimate)
        return float(np.logaddexp(0.0, -self.sign * logit).mean())

    def gradient(self, estimate: Array) -> Array:
        """(n,) gradient of `loss` with respect to the linear predictors."""
        probability: Array = expit(estimate + self.intercept(estimate))
        return (probability - self.positive) / len(estimate)

    def curvature(self, estimate: Array, x: Array) -> Array:
        """(n, p): the Hessian of `loss` with respect to the linear predictors, times x (n, p), in O(n p)."""
        probability = expit(estimate + self.intercept(estimate))
        weight = probability * (1 - probability)
        centre = weight @ x / max(weight.sum(), np.finfo(float).tiny)
        curved: Array = weight[:, None] * (x - centre) / len(estimate)
        return curved


def logistic_net(
    x: Array, positive: NDArray[np.bool_], penalty: float, l1_ratio: float
) -> tuple[Array, float]:
    """Fit an elastic net logistic regression with an intercept.

    Minimises ``-log L / n + penalty * (l1_ratio |b|_1 + (1 - l1_ratio) |b|_2^2 / 2)``; the intercept is not penalised.
    Friedman et al. 2010, doi 10.18637/jss.v033.i01.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    positive
        (n,) bool, with both classes.
    penalty, l1_ratio
        Strength of the penalty; 0 is ridge, 1 is lasso.

    Returns
    -------
    tuple
        (p,) coefficients, and the intercept; higher means more likely positive.

    Raises
    ------
    FitError
        If coefficients diverge, for example without a penalty when a covariate separates the classes.
    """
    likelihood = LogisticLikelihood(positive)
    coefficients = elastic_net(x, likelihood, penalty, l1_ratio)
    return coefficients, likelihood.intercept(x @ coefficients)
