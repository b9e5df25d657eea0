"""Ridge regression of benefit on covariates, with cross-fitted predictions."""

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
"""Variance explained by all covariates together, as a share of the noise variance, with covariates at standard
deviation 1. It fixes the ridge penalty. Benefit is weak compared with the noise of an outcome, so nothing is tuned."""


@dataclass(frozen=True)
class RidgeBenefit:
    """Linear benefit: ``intercept + x @ coefficients`` (p,); positive favours treatment.

    The target is the benefit that each outcome indicates after inverse probability weighting, which needs no outcome
    model of either arm (Tian et al. 2014, doi 10.1080/01621459.2014.951443).
    """

    coefficients: Array
    intercept: float

    @classmethod
    def fit(cls, trial: Trial, x: Array, horizon: float = np.inf) -> Self:
        """Fit to the patients of a trial.

        Parameters
        ----------
        trial
            The patients.
        x
            (n, p) covariates on a comparable scale.
        horizon
            For a survival endpoint, benefit is the time gained up to this time.
        """
        target = _weighted_benefit(trial, horizon)
        center = x.mean(axis=0)
        coefficients: Array = _ridge_inverse(x - center) @ target
        return cls(coefficients, float(target.mean() - center @ coefficients))

    def predict(self, x: Array) -> Array:
        """(m,) benefit of patients (m, p)."""
        benefit: Array = self.intercept + x @ self.coefficients
        return benefit


def cross_fitted_benefit(
    trial: Trial, x: Array, fold: NDArray[np.int64], horizon: float = np.inf
) -> tuple[Array, Array]:
    """Out-of-fold benefit of each patient.

    Parameters
    ----------
    trial
        The patients.
    x
        (n, p) covariates on a comparable scale.
    fold
        (repeats, n) number of the fold that holds each patient out.
    horizon
        For a survival endpoint, benefit is the time gained up to this time.

    Returns
    -------
    tuple
        (repeats, n) benefit, and (models, p) coefficients, ordered by repeat and fold.
    """

    def target(train: Rows) -> Array:
        values = np.zeros(len(trial))
        values[train] = _weighted_benefit(trial.take(train), horizon)
        return values

    targets = [target(np.flatnonzero(row != number)) for row in fold for number in np.unique(row)]
    return cross_fitted_ridge(x, np.stack(targets), fold)


def cross_fitted_ridge(x: Array, target: Array, fold: NDArray[np.int64]) -> tuple[Array, Array]:
    """Ridge predictions of each fold by a model of the other folds, from one matrix inverse for all folds.

    The residuals of a held-out fold are ``(I - H)^-1`` times its residuals in the fit to all patients, for any targets
    of that fold (Hastie, Tibshirani and Friedman 2009, section 7.10). This avoids one fit per fold.

    Parameters
    ----------
    x
        (n, p) covariates.
    target
        (models, n) targets of each model at its training patients; values at the other patients are ignored.
    fold
        (repeats, n) fold numbers; there is one model for each fold of each repeat.

    Returns
    -------
    tuple
        (repeats, n) predictions, and (models, p) coefficients.
    """
    n = len(x)
    centred = x - x.mean(axis=0)
    inverse = _ridge_inverse(centred)
    hat = centred @ inverse + 1.0 / n
    residual, coefficients = target - target @ hat, target @ inverse.T
    predicted = np.empty(fold.shape)
    held_out = ((repeat, row == number) for repeat, row in enumerate(fold) for number in np.unique(row))
    for model, (repeat, test) in enumerate(held_out):
        rows = np.flatnonzero(test)
        error = np.linalg.solve(np.eye(len(rows)) - hat[np.ix_(rows, rows)], residual[model, rows])
        predicted[repeat, rows] = target[model, rows] - error
        coefficients[model] -= inverse[:, rows] @ error
    return predicted, coefficients


def _ridge_inverse(centred: Array) -> Array:
    """(p, n) matrix that maps a target to ridge coefficients; the smaller of two linear systems is solved."""
    n, p = centred.shape
    penalty = p / EXPLAINED
    if p <= n:
        primal: Array = np.linalg.solve(centred.T @ centred + penalty * np.eye(p), centred.T)
        return primal
    dual: Array = np.linalg.solve(centred @ centred.T + penalty * np.eye(n), centred).T
    return dual


def _weighted_benefit(trial: Trial, horizon: float) -> Array:
    """(n,) benefit indicated by each outcome: the mean difference plus the weighted deviation from the arm's mean."""
    no_covariates = np.zeros((len(trial), 0))
    probability = treatment_probability(trial, no_covariates, 0)
    if trial.is_survival:
        outcome = np.empty(len(trial))
        event, time = trial.survival.event, trial.survival.time
        for arm in (trial.treated, ~trial.treated):
            curves = arm_curves(no_covariates[arm], event[arm], time[arm], no_covariates[arm])
            outcome[arm] = aipcw(event[arm], time[arm], curves, horizon, "rmst")[0]
    else:
        outcome = trial.response.positive.astype(np.float64)
    mean = np.where(trial.treated, outcome[trial.treated].mean(), outcome[~trial.treated].mean())
    above = outcome - mean
    difference = outcome[trial.treated].mean() - outcome[~trial.treated].mean()
    benefit: Array = difference + np.where(trial.treated, above / probability, -above / (1.0 - probability))
    return benefit
