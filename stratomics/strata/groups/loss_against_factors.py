"""What groups lose: how well they predict an outcome, next to the continuous factors that they were made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.model_selection import StratifiedKFold

from models.linear.group_ridge import group_ridge, likelihood_of
from models.linear.logistic_net import LogisticLikelihood
from models.survival.breslow import BreslowBaseline
from models.survival.kaplan_meier import StepFunction
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.intervals import Estimate, estimate_with_interval, with_training_variability
from stratomics.evaluation.metrics.concordance import HARRELL_C
from stratomics.evaluation.metrics.metric import Metric
from stratomics.evaluation.metrics.response_scores import LOG_LOSS
from stratomics.evaluation.metrics.survival_scores import IBS
from stratomics.strata.groups.outcomes import coded_groups

__all__ = ["MetricLoss", "loss_against_factors"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

FOLDS, REPEATS = 5, 5
DRAWS = 500
POINTS = 100

METRICS: dict[str, tuple[Metric, ...]] = {Survival.kind: (HARRELL_C, IBS), Response.kind: (LOG_LOSS,)}


@dataclass(frozen=True)
class MetricLoss:
    """One metric of the groups and of the factors, in the same folds.

    Attributes
    ----------
    label, higher_is_better
        Name and direction of the metric.
    groups, factors
        Estimate with its 95% interval; patients are resampled, and the variability of training is included.
    loss
        What is lost by groups: the better value less that of the groups, positive if the factors predict better.
    """

    label: str
    higher_is_better: bool
    groups: Estimate
    factors: Estimate
    loss: Estimate


def loss_against_factors(
    group: NDArray[Any],
    factors: Array,
    endpoint: Survival | Response,
    *,
    repeats: int = REPEATS,
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[MetricLoss, ...]:
    """Predict an outcome by groups and by factors, in cross-validation by the same ridge regression.

    Dichotomized predictors lose information (Royston et al. 2006, doi 10.1002/sim.2331). Groups and factors must have
    been learned without the outcome; both may have seen all patients. Metrics compare patients within folds: see
    :mod:`stratomics.evaluation.metrics`.

    Parameters
    ----------
    group
        (n,) group of each patient; missing for patients in none.
    factors
        (n, q) coordinates.
    endpoint
        Outcome of the n patients; those without it are left out.
    repeats
        Number of times that the patients are split into five folds.
    draws
        Number of bootstrap resamples.
    seed
        Of folds and resamples.

    Returns
    -------
    tuple of MetricLoss
        Harrell's concordance and integrated Brier score for survival, log loss for a response.

    Raises
    ------
    DataError
        If there are fewer than two groups, or too few events or patients of a class for five folds.
    """
    names, code, rows = coded_groups(group, endpoint.observed)
    part = endpoint.take(rows)
    for what, members in part.required_groups.items():
        if members.sum() < FOLDS:
            raise DataError(
                f"{members.sum()} {what}(s) are too few for {FOLDS} folds, so groups and factors cannot be compared"
            )
    fold = _folds(part, repeats, seed)
    of_groups = _cases(np.equal.outer(code, np.arange(len(names))).astype(np.float64), part, fold)
    of_factors = _cases(factors[rows], part, fold)
    weight = _weights(len(rows), draws, seed)
    return tuple(_loss(metric, of_groups, of_factors, weight, fold) for metric in METRICS[part.kind])


def _folds(endpoint: Survival | Response, repeats: int, seed: int) -> Rows:
    """(repeats, n) number of the fold of each patient."""
    fold = np.empty((repeats, len(endpoint.observed)), dtype=np.int64)
    for repeat in range(repeats):
        state = int(named_generator(seed, "groups against factors", repeat).integers(2**31))
        splitter = StratifiedKFold(FOLDS, shuffle=True, random_state=state)
        for number, (_, test) in enumerate(splitter.split(endpoint.label, endpoint.label)):
            fold[repeat, test] = number
    return fold


def _weights(n: int, draws: int, seed: int) -> Array:
    """(1 + draws, n): each patient once, then resampled patients."""
    resampled = named_generator(seed, "resampled patients").multinomial(n, np.full(n, 1 / n), size=draws)
    return np.vstack([np.ones(n), resampled]).astype(np.float64)


def _cases(x: Array, endpoint: Survival | Response, fold: Rows) -> Cases:
    if isinstance(endpoint, Response):
        probability = np.empty(fold.shape)
        for repeat, train, test in _splits(fold):
            estimate, new = _estimates(x, endpoint, train, test)
            intercept = LogisticLikelihood(endpoint.positive[train]).intercept(estimate)
            probability[repeat, test] = expit(new + intercept)
        return ResponseCases(endpoint.positive, probability, fold)
    risk, end = np.empty(fold.shape), np.empty(fold.shape)
    grid = np.linspace(endpoint.time.min(), endpoint.time.max(), POINTS + 2)[1:-1]
    survival = np.empty((*fold.shape, POINTS))
    for repeat, train, test in _splits(fold):
        estimate, risk[repeat, test] = _estimates(x, endpoint, train, test)
        part = endpoint.take(train)
        base = BreslowBaseline.fit(estimate, part.event, part.time, part.entry)
        curves = StepFunction(base.times, base.survival(risk[repeat, test]))
        survival[repeat, test], end[repeat, test] = curves(grid), base.times[-1]
    horizon = float(np.median(endpoint.time[endpoint.event]))
    curves_of_repeats = tuple(StepFunction(grid, values) for values in survival)
    return SurvivalCases(endpoint.event, endpoint.time, risk, fold, grid, horizon, curves_of_repeats, end)


def _splits(fold: Rows) -> Iterator[tuple[int, Rows, Rows]]:
    """Repeat, training rows and test rows of each fold."""
    for repeat, numbers in enumerate(fold):
        for number in np.unique(numbers):
            yield repeat, np.flatnonzero(numbers != number), np.flatnonzero(numbers == number)


def _estimates(x: Array, endpoint: Survival | Response, train: Rows, test: Rows) -> tuple[Array, Array]:
    """Linear predictors of training and test patients, by ridge regression with a penalty from the training patients.

    The columns are divided by one number, so that factors keep their relative size.
    """
    center = x[train].mean(axis=0)
    scale = float(np.sqrt(x[train].var(axis=0).max())) or 1.0
    standard = (x - center) / scale
    block = np.zeros(x.shape[1], dtype=np.int64)
    coefficients = group_ridge(standard[train], block, likelihood_of(endpoint.take(train))).coefficients
    return standard[train] @ coefficients, standard[test] @ coefficients


def _loss(metric: Metric, groups: Cases, factors: Cases, weight: Array, fold: Rows) -> MetricLoss:
    one, other = (with_training_variability(metric.function(c, weight), fold) for c in (groups, factors))
    difference = other - one if metric.higher_is_better else one - other
    estimates = (estimate_with_interval(values) for values in (one, other, difference))
    return MetricLoss(metric.label, bool(metric.higher_is_better), *estimates)
