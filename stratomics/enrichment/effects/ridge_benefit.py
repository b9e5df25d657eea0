"""Benefit from covariates by one ridge regression, and what it says of patients it was learned without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.effects.aipcw import aipcw
from stratomics.enrichment.effects.nuisance import arm_curves
from stratomics.enrichment.effects.propensity import treatment_probability
from stratomics.enrichment.effects.trial import Trial

__all__ = ["RidgeBenefit", "cross_fitted_benefit", "cross_fitted_ridge"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

EXPLAINED = 0.1
"""Share of the noise's variance that the ridge expects of all covariates together, of comparable scale and standard
deviation 1. Benefit is weak beside the noise of an outcome; nothing is tuned on it."""


@dataclass(frozen=True)
class RidgeBenefit:
    """A line of benefit: ``intercept + x @ coefficients`` (p,), more is better for the treated.

    A regression of the benefit that the outcomes speak of, which needs no model of either arm (Tian et al. 2014,
    doi 10.1080/01621459.2014.951443).
    """

    coefficients: Array
    intercept: float

    @classmethod
    def fit(cls, trial: Trial, x: Array, horizon: float = np.inf) -> Self:
        """Learn from the patients of a trial and their covariates (n, p), comparable in scale.

        Parameters
        ----------
        trial, x
            The patients.
        horizon
            Of a survival endpoint: benefit is time gained up to then.
        """
        target = _rough_benefit(trial, horizon)
        center = x.mean(axis=0)
        coefficients: Array = _shrunk_inverse(x - center) @ target
        return cls(coefficients, float(target.mean() - center @ coefficients))

    def predict(self, x: Array) -> Array:
        """(m,) benefit of patients (m, p)."""
        benefit: Array = self.intercept + x @ self.coefficients
        return benefit


def cross_fitted_benefit(
    trial: Trial, x: Array, fold: NDArray[np.int64], horizon: float = np.inf
) -> tuple[Array, Array]:
    """Benefit of each patient by lines that were learned without his fold; fold (repeats, n).

    Returns
    -------
    tuple
        (repeats, n) benefit, and the (lines, p) coefficients, by repeat and fold.
    """

    def target(train: Rows) -> Array:
        values = np.zeros(len(trial))
        values[train] = _rough_benefit(trial.take(train), horizon)
        return values

    targets = [target(np.flatnonzero(row != number)) for row in fold for number in np.unique(row)]
    return cross_fitted_ridge(x, np.stack(targets), fold)


def cross_fitted_ridge(x: Array, target: Array, fold: NDArray[np.int64]) -> tuple[Array, Array]:
    """Ridge predictions of each fold by the others, from one inverse for all folds.

    The residuals of a fold left out are ``(I - H)^-1`` of its residuals when it is in, whatever its own targets
    (Hastie, Tibshirani and Friedman 2009, 7.10), which saves a fit a fold.

    Parameters
    ----------
    x
        (n, p).
    target
        (lines, n): of each line the target of those it learns from; what stands at the others does not count.
    fold
        (repeats, n) numbers; a line for each number of each repeat.

    Returns
    -------
    tuple
        (repeats, n) predictions, and (lines, p) coefficients.
    """
    n = len(x)
    centred = x - x.mean(axis=0)
    inverse = _shrunk_inverse(centred)
    hat = centred @ inverse + 1.0 / n
    left, lines = target - target @ hat, target @ inverse.T
    predicted = np.empty(fold.shape)
    places = ((repeat, row == number) for repeat, row in enumerate(fold) for number in np.unique(row))
    for line, (repeat, out) in enumerate(places):
        rows = np.flatnonzero(out)
        surprise = np.linalg.solve(np.eye(len(rows)) - hat[np.ix_(rows, rows)], left[line, rows])
        predicted[repeat, rows] = target[line, rows] - surprise
        lines[line] -= inverse[:, rows] @ surprise
    return predicted, lines


def _shrunk_inverse(centred: Array) -> Array:
    """(p, n) that makes ridge coefficients of a target, from whichever side is shorter."""
    n, p = centred.shape
    penalty = p / EXPLAINED
    if p <= n:
        shorter: Array = np.linalg.solve(centred.T @ centred + penalty * np.eye(p), centred.T)
        return shorter
    inverse: Array = np.linalg.solve(centred @ centred.T + penalty * np.eye(n), centred).T
    return inverse


def _rough_benefit(trial: Trial, horizon: float) -> Array:
    """(n,) benefit that a patient's own outcome speaks of: beside its arm's mean, by inverse probability."""
    nobody = np.zeros((len(trial), 0))
    probability = treatment_probability(trial, nobody, 0)
    if trial.survives:
        outcome = np.empty(len(trial))
        event, time = trial.survival.event, trial.survival.time
        for arm in (trial.treated, ~trial.treated):
            curves = arm_curves(nobody[arm], event[arm], time[arm], nobody[arm])
            outcome[arm] = aipcw(event[arm], time[arm], curves, horizon, "rmst")[0]
    else:
        outcome = trial.response.positive.astype(np.float64)
    mean = np.where(trial.treated, outcome[trial.treated].mean(), outcome[~trial.treated].mean())
    above = outcome - mean
    difference = outcome[trial.treated].mean() - outcome[~trial.treated].mean()
    benefit: Array = difference + np.where(trial.treated, above / probability, -above / (1.0 - probability))
    return benefit
