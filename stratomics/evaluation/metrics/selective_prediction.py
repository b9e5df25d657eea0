"""How sure is sure: errors among the patients a method is surest of, and a debiased calibration error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.metrics.metric import Metric

__all__ = ["AURC", "ECE", "aurc", "debiased_ece", "risk_coverage_curve"]

Array = NDArray[np.float64]

BINS = 10
FEWEST = 200
"""Patients below which a binned calibration error says more of chance than of the method."""


def debiased_ece(cases: ResponseCases, weight: Array) -> Array:
    """Distance of probability and frequency over ten bins, less what chance adds, lower is better; 0 is perfect.

    Kumar, Liang and Ma 2019, doi 10.48550/arXiv.1909.10155: the mean squared distance over the bins, less the binomial
    variance of each bin's frequency, which makes it unbiased; here its root, in units of probability, with its sign,
    since calibrated probabilities fall below 0 as often as above. Absolute distances, as the plain ECE has them, cannot
    be freed of chance: their correction leaves calibrated probabilities of 250 patients at 0.04. Bins hold equally many
    patients; tied probabilities share one. Repeats are averaged. NaN below 200 patients.
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
        counts, p, y = (
            np.stack([(x * (bins == k)).sum(axis=1) for k in range(BINS)]) for x in (n, sum_p, sum_y)
        )
        # One patient alone has no variance to take off.
        filled = np.where(counts > 1.0, counts, np.inf)
        frequency = y / filled
        chance = frequency * (1.0 - frequency) / (filled - 1.0)
        squared = (counts * (((p - y) / filled) ** 2 - chance)).sum(axis=0) / counts.sum(axis=0)
        total += np.sign(squared) * np.sqrt(np.abs(squared))
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


AURC = Metric(aurc, higher_is_better=False, label="risk-coverage area")
ECE = Metric(
    debiased_ece,
    higher_is_better=False,
    label="debiased calibration error",
    interval=False,
    absent=f"fewer than {FEWEST} patients, too few for a binned calibration error",
)
