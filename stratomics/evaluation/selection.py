"""How sure is sure: errors among the patients a method is surest of, and a debiased calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma
from scipy.stats import norm

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.metric import Metric

__all__ = ["AURC", "ECE", "aurc", "debiased_ece", "risk_coverage_curve"]

Array = NDArray[np.float64]

BINS = 10
FEWEST = 200
"""Patients below which a binned calibration error says more of chance than of the method."""


def debiased_ece(cases: ResponseCases, weight: Array) -> Array:
    """Mean distance of probability and frequency over ten bins, less what chance adds, lower is better; 0 is perfect.

    Kumar, Liang and Ma 2019, doi 10.48550/arXiv.1909.10155, whose estimator for absolute distances this is, with the
    normal's mean in place of draws from it: twice the plain error, less its mean when frequencies vary by their
    binomial error. Bins hold equally many patients; tied probabilities share one. Repeats are averaged. Of calibrated
    probabilities it is 0 on average, so it may fall below. NaN below 200 patients.
    """
    if len(cases) < FEWEST:
        return np.full(len(weight), np.nan)
    total = np.zeros(len(weight))
    for probability in cases.probability:
        order = np.argsort(probability, kind="stable")
        _, start = np.unique(probability[order], return_index=True)
        drawn = weight[:, order]
        n, sum_p, sum_y = (
            np.add.reduceat(drawn * x, start, axis=1)
            for x in (np.ones(len(order)), probability[order], cases.positive[order])
        )
        # A threshold lies in the bin where the middle of its patients stands.
        middle = (np.cumsum(n, axis=1) - n / 2) / n.sum(axis=1, keepdims=True)
        bins = np.minimum((middle * BINS).astype(int), BINS - 1)
        counts, p, y = (np.stack([(x * (bins == k)).sum(axis=1) for k in range(BINS)]) for x in (n, sum_p, sum_y))
        filled = np.maximum(counts, 1.0)
        apart, frequency = (p - y) / filled, y / filled
        error = np.sqrt(frequency * (1.0 - frequency) / filled)
        total += (counts * (2 * np.abs(apart) - _mean_distance(apart, error))).sum(axis=0) / counts.sum(axis=0)
    return total / len(cases.probability)


def aurc(cases: ResponseCases, weight: Array) -> Array:
    """Share of wrong answers among the k surest patients, averaged over k from 1 to n, lower is better.

    Geifman, Uziel and El-Yaniv 2019, doi 10.48550/arXiv.1805.08206. The answer is the likelier class, half of one
    where both are; who is equally sure comes in any order, over which the share is averaged. All patients of a
    repeat count together, and repeats are averaged. Whose sureness says nothing has his share of wrong answers.
    """
    total = np.zeros(len(weight))
    for sure, wrong in _answers(cases):
        order = np.argsort(-sure, kind="stable")
        _, start = np.unique(-sure[order], return_index=True)
        tied = np.add.reduceat(weight[:, order], start, axis=1)
        errors = np.add.reduceat((weight * wrong)[:, order], start, axis=1)
        before, errors_before = np.cumsum(tied, axis=1) - tied, np.cumsum(errors, axis=1) - errors
        share = np.divide(errors, tied, out=np.zeros_like(errors), where=tied > 0)
        # The sum of (errors_before + share k) / (before + k) over k = 1 .. tied.
        harmonic = digamma(before + tied + 1.0) - digamma(before + 1.0)
        total += (errors + (errors_before - share * before) * harmonic).sum(axis=1) / weight.sum(axis=1)
    return total / len(cases.probability)


def risk_coverage_curve(cases: ResponseCases) -> tuple[Array, Array]:
    """Shares of patients kept (n,), the surest first, and of wrong answers among them (n,), repeats averaged."""
    n = len(cases)
    kept = np.arange(1.0, n + 1.0)
    risks = []
    for sure, wrong in _answers(cases):
        _, group = np.unique(-sure, return_inverse=True)
        # Who is equally sure comes in any order: each has the mean of his group.
        mean = np.bincount(group, wrong) / np.bincount(group)
        risks.append(np.cumsum(mean[np.sort(group)]) / kept)
    return kept / n, np.mean(risks, axis=0)


def _answers(cases: ResponseCases) -> list[tuple[Array, Array]]:
    """(n,) how sure and (n,) how wrong, of each repeat."""
    return [
        (
            np.maximum(p, 1.0 - p),
            np.where(p == 0.5, 0.5, (p > 0.5) != cases.positive).astype(np.float64),  # noqa: PLR2004  # one half
        )
        for p in cases.probability
    ]


def _mean_distance(apart: Array, error: Array) -> Array:
    """Mean of ``|apart + error Z|`` for a standard normal Z."""
    ratio = np.divide(apart, error, out=np.full_like(apart, np.inf), where=error > 0)
    mean = error * 2 * norm.pdf(ratio) + apart * (2 * norm.cdf(ratio) - 1)
    distance: Array = np.where(error > 0, mean, np.abs(apart))
    return distance


AURC = Metric(aurc, higher_is_better=False, label="risk-coverage area")
ECE = Metric(
    debiased_ece,
    higher_is_better=False,
    label="debiased calibration error",
    interval="reflected",
    absent=f"fewer than {FEWEST} patients, too few for a binned calibration error",
)
