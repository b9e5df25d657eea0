"""Mixtures of methods: of survival curves, or of the log odds of a response, with nonnegative weights.

With a few dozen patients, freely estimated weights of half a dozen methods are worse than equal weights (Claeskens et
al. 2016, doi 10.1016/j.ijforecast.2015.12.005). The weights therefore have a normal prior with the mean and the
variance of a uniform distribution over all mixtures. With hundreds of patients the data outweigh the prior.
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
from stratomics.evaluation.metrics.survival_scores import ipcw_weights

__all__ = ["CurveMixture", "OddsMixture", "prior_precision"]

Array = NDArray[np.float64]

MIN_SCORE = 1e-12
"""Lower limit of the score, so that its logarithm exists for methods without any error."""

MIN_PROBABILITY = 1e-6
"""Probabilities are clipped this far from 0 and 1, since no mixture could correct them there."""


def prior_precision(methods: int) -> float:
    """1 over the variance of one weight under the uniform distribution over all mixtures of `methods` methods.

    Examples
    --------
    >>> prior_precision(6)
    50.4
    """
    k = methods
    return k**2 * (k + 1) / (k - 1) if k > 1 else 1.0


@dataclass(frozen=True)
class CurveMixture:
    """A mixture of survival curves.

    Attributes
    ----------
    weights
        (k,) weights of the methods, which sum to 1.
    """

    weights: Array

    @classmethod
    def fit(cls, cases: list[SurvivalCases]) -> Self:
        """Fit to out-of-fold predictions of k methods for the same n patients, in one repeat.

        The weights minimize the squared error of S(t) over the time grid, weighted by the inverse probability of
        censoring (Graf et al. 1999, as in
        :func:`stratomics.evaluation.metrics.survival_scores.integrated_brier_score`). In the posterior each patient is
        one observation, with the attained score as variance.
        """
        rows, target = _by_censoring(cases)
        n, k = len(cases[0]), len(cases)
        # The score of weights w is w' gram w - 2 cross w + rest.
        gram, cross, rest = (part / target.size for part in (rows.T @ rows, target @ rows, target @ target))
        equal, precision = np.full(k, 1.0 / k), prior_precision(k)

        def loss_and_gradient(weights: Array) -> tuple[float, Array]:
            off = weights - equal
            score = max(float(weights @ gram @ weights - 2.0 * cross @ weights + rest), MIN_SCORE)
            slope = n * (gram @ weights - cross) / score
            return n * np.log(score) / 2.0 + precision * float(off @ off) / 2.0, slope + precision * off

        one = {"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": np.ones_like}
        bounds = [(0.0, 1.0)] * k
        optimum = minimize(
            loss_and_gradient,
            equal,
            jac=True,
            method="SLSQP",
            bounds=bounds,
            constraints=one,
            options={"ftol": 1e-12},
        )
        weights = np.clip(optimum.x, 0.0, None)
        return cls(weights / weights.sum())

    def mix(self, predictions: list[Prediction]) -> Prediction:
        """Mix the curves under the arm received; the risk is minus the area under the mixed curve."""
        curves = [next(prediction.curves()) for prediction in predictions]
        times = np.unique(np.concatenate([method.survival.times for method in curves]))
        ids = predictions[0].patients["sample_id"].to_numpy(dtype=str)
        values = np.tensordot(self.weights, np.stack([_at(method, ids, times) for method in curves]), 1)
        steps = np.diff(times, prepend=0.0)
        before = np.column_stack([np.ones(len(ids)), values[:, :-1]])
        return Prediction.of_survival(ids, -(before @ steps), times, values)


@dataclass(frozen=True)
class OddsMixture:
    """A mixture of log odds. If methods agree, the mixture may be further from 1/2 than each of them.

    Attributes
    ----------
    weights
        (k,) weights of the methods.
    intercept
        Added to the weighted sum.
    """

    weights: Array
    intercept: float

    @classmethod
    def fit(cls, cases: list[ResponseCases]) -> Self:
        """Fit to out-of-fold predictions of k methods for the same n patients, in one repeat.

        A logistic regression on log odds; a linear pool of calibrated probabilities is underconfident (Ranjan and
        Gneiting 2010, doi 10.1111/j.1467-9868.2009.00726.x).
        """
        odds, k = np.column_stack([_log_odds(method.probability[0]) for method in cases]), len(cases)
        sign = np.where(cases[0].positive, 1.0, -1.0)
        equal, precision = np.full(k, 1.0 / k), prior_precision(k)

        def loss_and_gradient(parameters: Array) -> tuple[float, Array]:
            margin = sign * (odds @ parameters[:k] + parameters[k])
            off, slope = parameters[:k] - equal, -sign * expit(-margin)
            loss = np.logaddexp(0.0, -margin).sum() + precision * float(off @ off) / 2.0
            return loss, np.append(odds.T @ slope + precision * off, slope.sum())

        bounds = [(0.0, None)] * k + [(None, None)]
        options = {"ftol": 1e-13, "gtol": 1e-9}
        start = np.append(equal, 0.0)
        optimum = minimize(
            loss_and_gradient, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options
        )
        return cls(optimum.x[:k], float(optimum.x[k]))

    def mix(self, predictions: list[Prediction], name: str) -> Prediction:
        """Mix the probabilities of the endpoint `name`."""
        ids = predictions[0].patients["sample_id"].to_numpy(dtype=str)
        odds = np.stack(
            [_log_odds(method.patients["response_probability"].to_numpy()) for method in predictions]
        )
        return Prediction.of_response(ids, name, expit(self.weights @ odds + self.intercept))


def _by_censoring(cases: list[SurvivalCases]) -> tuple[Array, Array]:
    """Rows (n * times, k) and target (n * times,) of the least-squares problem, weighted for censoring."""
    first = cases[0]
    once = np.ones((1, len(first)))
    weight = np.column_stack([ipcw_weights(first, at, once)[0] for at in first.grid])
    root, alive = np.sqrt(weight).ravel(), (first.time[:, None] > first.grid).ravel()
    rows = np.column_stack([method.survival[0].ravel() * root for method in cases])
    return rows, alive * root


def _log_odds(probability: Array) -> Array:
    odds: Array = logit(np.clip(probability, MIN_PROBABILITY, 1.0 - MIN_PROBABILITY))
    return odds


def _at(curves: Curves, ids: NDArray[np.str_], times: Array) -> Array:
    """(n, times) survival of the patients `ids`."""
    rows = pd.Index(curves.sample_ids).get_indexer(pd.Index(ids))
    values: Array = StepFunction(curves.survival.times, curves.survival.values[rows])(times)
    return values
