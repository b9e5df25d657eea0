"""Metrics of a binary response, each computed for many bootstrap weights of the patients at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.metrics.metric import SHARE, Metric, within_folds

__all__ = ["AUPRC", "AUROC", "BRIER", "LOG_LOSS", "auprc", "auroc", "brier", "log_loss"]

Array = NDArray[np.float64]

SMALLEST = np.finfo(np.float64).eps
"""Probabilities are clipped to this distance from 0 and 1, so that the loss of each patient is finite."""


def log_loss(cases: ResponseCases, weight: Array) -> Array:
    """Mean negative log likelihood per patient, in nats; lower is better.

    Good 1952, doi 10.1111/j.2517-6161.1952.tb00104.x. The mean is over all patients of a repeat, then over repeats. A
    probability of one half for all patients gives 0.693.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) log loss.
    """
    likelihood = np.where(cases.positive, cases.probability, 1.0 - cases.probability)
    return _mean_loss(-np.log(np.clip(likelihood, SMALLEST, 1.0)), weight)


def brier(cases: ResponseCases, weight: Array) -> Array:
    """Brier score: mean squared difference of probability and response; lower is better.

    Brier 1950, doi 10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2, for the positive class only: a probability of one
    half for all patients gives 0.25. Patients and repeats as in :func:`log_loss`.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1.
    """
    return _mean_loss((cases.probability - cases.positive) ** 2, weight)


def auroc(cases: ResponseCases, weight: Array) -> Array:
    """Area under the ROC curve: share of pairs of a positive and a negative patient in the right order.

    Higher is better. Hanley and McNeil 1982, doi 10.1148/radiology.143.1.7063747. Pairs are compared within fold and
    repeat, then folds are averaged; tied probabilities count one half, and folds with one class are left out. Chance
    is 0.5.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no fold has both classes.
    """

    def score(repeat: int, rows: NDArray[np.int64]) -> Array:
        positive, negative = _by_threshold(cases, weight, repeat, rows)
        # Thresholds are in descending order, so negatives further down have a lower probability.
        below = negative.sum(axis=1, keepdims=True) - np.cumsum(negative, axis=1)
        right = (positive * (below + negative / 2)).sum(axis=1)
        return _over(right, positive.sum(axis=1) * negative.sum(axis=1))

    return within_folds(cases.fold, score)


def auprc(cases: ResponseCases, weight: Array) -> Array:
    """Average precision, the area under the precision-recall curve; higher is better.

    Precision at each distinct probability, weighted by the increase in recall, without interpolation (Davis and
    Goadrich 2006, doi 10.1145/1143844.1143874). Folds as in :func:`auroc`. Chance is the prevalence in the fold.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no fold has both classes.
    """

    def score(repeat: int, rows: NDArray[np.int64]) -> Array:
        positive, negative = _by_threshold(cases, weight, repeat, rows)
        true, called = np.cumsum(positive, axis=1), np.cumsum(positive + negative, axis=1)
        precision = np.divide(true, called, out=np.zeros_like(true), where=called > 0)
        both = (positive.sum(axis=1) > 0) & (negative.sum(axis=1) > 0)
        return _over((positive * precision).sum(axis=1), positive.sum(axis=1) * both)

    return within_folds(cases.fold, score)


def _mean_loss(loss: Array, weight: Array) -> Array:
    """(draws,) weighted mean of losses (repeats, n) over patients, then over repeats."""
    mean: Array = ((weight @ loss.T) / weight.sum(axis=1, keepdims=True)).mean(axis=1)
    return mean


def _by_threshold(
    cases: ResponseCases, weight: Array, repeat: int, rows: NDArray[np.int64]
) -> tuple[Array, Array]:
    """(draws, thresholds) weights of positive and of negative patients at each probability, in descending order."""
    order = rows[np.argsort(-cases.probability[repeat, rows], kind="stable")]
    _, start = np.unique(-cases.probability[repeat, order], return_index=True)
    positive = weight[:, order] * cases.positive[order]
    return np.add.reduceat(positive, start, axis=1), np.add.reduceat(
        weight[:, order] - positive, start, axis=1
    )


def _over(top: Array, bottom: Array) -> Array:
    """Divide, with NaN where the divisor is 0."""
    quotient: Array = np.divide(top, bottom, out=np.full(len(top), np.nan), where=bottom > 0)
    return quotient


LOG_LOSS = Metric(log_loss, higher_is_better=False, label="log loss", limits=(0.0, np.inf))
AUROC = Metric(auroc, higher_is_better=True, label="AUROC", limits=SHARE)
AUPRC = Metric(auprc, higher_is_better=True, label="AUPRC", limits=SHARE)
BRIER = Metric(brier, higher_is_better=False, label="Brier score", limits=SHARE)
