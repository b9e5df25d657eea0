"""Mixtures of methods: of survival curves, or of the log odds of a response; weights are never negative.

A few dozen patients cannot tell half a dozen methods apart, and weights that are free to follow them are worse than
equal ones (Claeskens et al. 2016, doi 10.1016/j.ijforecast.2015.12.005). So weights have a prior: mean and variance of
mixtures of which each is as likely as the other. What hundreds of patients say overrules it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from models.prediction import Curves, Prediction
from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import ResponseCases, SurvivalCases
from stratomics.evaluation.metrics.survival_scores import standing_for

__all__ = ["CurveMixture", "OddsMixture", "prior_precision"]

Array = NDArray[np.float64]

NOTHING = 1e-12
"""A score of methods that are never wrong, of which there is no logarithm."""

SURE = 1e-6
"""Nearer to 0 or 1 no method's probability is taken, since no mixture could correct it."""


def prior_precision(methods: int) -> float:
    """1 over the variance of a weight of one of several `methods`, over all mixtures of them alike.

    Examples
    --------
    >>> prior_precision(6)
    50.4
    """
    k = methods
    return k**2 * (k + 1) / (k - 1) if k > 1 else 1.0


@dataclass(frozen=True)
class CurveMixture:
    """Weights (k,) of survival curves, which sum to 1."""

    weights: Array

    @classmethod
    def fit(cls, cases: list[SurvivalCases]) -> Self:
        """Learn from what k methods said of the same n patients, whom their fits left out; of one repeat.

        Least squares of S(t) over the grid, a patient and a time weighing by the probability of not being censored
        (Graf et al. 1999, as in :func:`stratomics.evaluation.metrics.survival_scores.integrated_brier_score`); to the prior's eyes a
        patient is one observation, whose variance is the score that is reached.
        """
        rows, target = _by_censoring(cases)
        n, k = len(cases[0]), len(cases)
        # The score of weights w is w' gram w - 2 cross w + rest.
        gram, cross, rest = (part / target.size for part in (rows.T @ rows, target @ rows, target @ target))
        equal, precision = np.full(k, 1.0 / k), prior_precision(k)

        def lost(weights: Array) -> tuple[float, Array]:
            off = weights - equal
            score = max(float(weights @ gram @ weights - 2.0 * cross @ weights + rest), NOTHING)
            slope = n * (gram @ weights - cross) / score
            return n * np.log(score) / 2.0 + precision * float(off @ off) / 2.0, slope + precision * off

        one = {"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like}
        bounds = [(0.0, 1.0)] * k
        found = minimize(
            lost, equal, jac=True, method="SLSQP", bounds=bounds, constraints=one, options={"ftol": 1e-12}
        )
        weights = np.clip(found.x, 0.0, None)
        return cls(weights / weights.sum())

    def mixed(self, predictions: list[Prediction]) -> Prediction:
        """Mix curves under the arm received; the risk is minus the area under the mixture."""
        curves = [next(own.curves()) for own in predictions]
        times = np.unique(np.concatenate([own.survival.times for own in curves]))
        ids = predictions[0].patients["sample_id"].to_numpy(dtype=str)
        values = np.tensordot(self.weights, np.stack([_at(own, ids, times) for own in curves]), 1)
        steps = np.diff(times, prepend=0.0)
        before = np.column_stack([np.ones(len(ids)), values[:, :-1]])
        return Prediction.of_survival(ids, -(before @ steps), times, values)


@dataclass(frozen=True)
class OddsMixture:
    """Weights (k,) of log odds, and what is added to their sum: pooled so, methods that agree are surer together."""

    weights: Array
    intercept: float

    @classmethod
    def fit(cls, cases: list[ResponseCases]) -> Self:
        """Learn from what k methods said of the same n patients, whom their fits left out; of one repeat.

        A logistic regression on log odds (Ranjan and Gneiting 2010, doi 10.1111/j.1467-9868.2009.00726.x, on why a
        linear pool of probabilities is never sure enough).
        """
        said, k = np.column_stack([_log_odds(own.probability[0]) for own in cases]), len(cases)
        sign = np.where(cases[0].positive, 1.0, -1.0)
        equal, precision = np.full(k, 1.0 / k), prior_precision(k)

        def lost(parameters: Array) -> tuple[float, Array]:
            margin = sign * (said @ parameters[:k] + parameters[k])
            off, slope = parameters[:k] - equal, -sign * expit(-margin)
            loss = np.logaddexp(0.0, -margin).sum() + precision * float(off @ off) / 2.0
            return loss, np.append(said.T @ slope + precision * off, slope.sum())

        bounds = [(0.0, None)] * k + [(None, None)]
        options = {"ftol": 1e-13, "gtol": 1e-9}
        found = minimize(
            lost, np.append(equal, 0.0), jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        return cls(found.x[:k], float(found.x[k]))

    def mixed(self, predictions: list[Prediction], name: str) -> Prediction:
        """Mix probabilities of the endpoint called `name`."""
        ids = predictions[0].patients["sample_id"].to_numpy(dtype=str)
        said = np.stack([_log_odds(own.patients["response_probability"].to_numpy()) for own in predictions])
        return Prediction.of_response(ids, name, expit(self.weights @ said + self.intercept))


def _by_censoring(cases: list[SurvivalCases]) -> tuple[Array, Array]:
    """Rows (n * times, k) and target (n * times,) of the least squares."""
    first = cases[0]
    once = np.ones((1, len(first)))
    weight = np.column_stack([standing_for(first, at, once)[0] for at in first.grid])
    root, alive = np.sqrt(weight).ravel(), (first.time[:, None] > first.grid).ravel()
    rows = np.column_stack([own.survival[0].ravel() * root for own in cases])
    return rows, alive * root


def _log_odds(probability: Array) -> Array:
    odds: Array = logit(np.clip(probability, SURE, 1.0 - SURE))
    return odds


def _at(curves: Curves, ids: NDArray[np.str_], times: Array) -> Array:
    rows = pd.Index(curves.sample_ids).get_indexer(pd.Index(ids))
    values: Array = StepFunction(curves.survival.times, curves.survival.values[rows])(times)
    return values
