"""Selective prediction of a response: errors by confidence, and a debiased calibration error."""

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
"""Number of patients below which a binned calibration error is mostly sampling variability."""


def debiased_ece(cases: ResponseCases, weight: Array) -> Array:
    """Debiased expected calibration error over ten bins; lower is better, 0 is perfect.

    Kumar, Liang and Ma 2019, doi 10.48550/arXiv.1909.10155: the mean squared difference of predicted probability and
    observed frequency over the bins, minus the binomial variance of each frequency, which makes it unbiased. The result
    is its square root, in units of probability, with its sign, because for calibrated probabilities the estimate is
    negative as often as positive. Absolute differences, as in the plain calibration error, cannot be debiased: with
    their correction, calibrated probabilities of 250 patients still have an error of 0.04. Bins have equal numbers of
    patients, and tied probabilities share a bin. Repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) signed calibration error; NaN with fewer than 200 patients.
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
        # A distinct probability belongs to the bin that contains the middle of its patients.
        middle = (np.cumsum(n, axis=1) - n / 2) / n.sum(axis=1, keepdims=True)
        bins = np.minimum((middle * BINS).astype(int), BINS - 1)
        counts, p, y = (
            np.stack([(x * (bins == k)).sum(axis=1) for k in range(BINS)]) for x in (n, sum_p, sum_y)
        )
        # The variance of a single patient cannot be estimated.
        filled = np.where(counts > 1.0, counts, np.inf)
        frequency = y / filled
        chance = frequency * (1.0 - frequency) / (filled - 1.0)
        squared = (counts * (((p - y) / filled) ** 2 - chance)).sum(axis=0) / counts.sum(axis=0)
        total += np.sign(squared) * np.sqrt(np.abs(squared))
    return total / len(cases.probability)


def aurc(cases: ResponseCases, weight: Array) -> Array:
    """Area under the risk-coverage curve; lower is better.

    Geifman, Uziel and El-Yaniv 2019, doi 10.48550/arXiv.1805.08206: the error rate among the k most confident
    patients, averaged over k from 1 to n. The predicted class is the more probable one; at equal probabilities the
    error is one half. The error rate is averaged over all orders of patients with equal confidence. All patients of a
    repeat count together, and repeats are averaged. If confidence is uninformative, the area is the overall error rate.

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
    total = np.zeros(len(weight))
    for confidence, wrong in _confidence_and_error(cases):
        order = np.argsort(-confidence, kind="stable")
        _, start = np.unique(-confidence[order], return_index=True)
        tied = np.add.reduceat(weight[:, order], start, axis=1)
        errors = np.add.reduceat((weight * wrong)[:, order], start, axis=1)
        before, errors_before = np.cumsum(tied, axis=1) - tied, np.cumsum(errors, axis=1) - errors
        share = np.divide(errors, tied, out=np.zeros_like(errors), where=tied > 0)
        # The sum of (errors_before + share k) / (before + k) over k = 1 .. tied.
        harmonic = digamma(before + tied + 1.0) - digamma(before + 1.0)
        total += (errors + (errors_before - share * before) * harmonic).sum(axis=1) / weight.sum(axis=1)
    return total / len(cases.probability)


def risk_coverage_curve(cases: ResponseCases) -> tuple[Array, Array]:
    """Coverage (n,), by descending confidence, and error rate (n,) at this coverage, averaged over repeats."""
    n = len(cases)
    number = np.arange(1.0, n + 1.0)
    risks = []
    for confidence, wrong in _confidence_and_error(cases):
        _, group = np.unique(-confidence, return_inverse=True)
        # Patients with equal confidence all have the mean error of their group, which averages over their order.
        mean = np.bincount(group, wrong) / np.bincount(group)
        risks.append(np.cumsum(mean[np.sort(group)]) / number)
    return number / n, np.mean(risks, axis=0)


def _confidence_and_error(cases: ResponseCases) -> list[tuple[Array, Array]]:
    """Confidence (n,) and error (n,) of each repeat."""
    return [
        (
            np.maximum(p, 1.0 - p),
            np.where(p == 0.5, 0.5, (p > 0.5) != cases.positive).astype(np.float64),  # noqa: PLR2004  # one half
        )
        for p in cases.probability
    ]


AURC = Metric(aurc, higher_is_better=False, label="risk-coverage area", limits=(0.0, np.inf))
ECE = Metric(
    debiased_ece,
    higher_is_better=False,
    label="debiased calibration error",
    interval=False,
    absent=f"fewer than {FEWEST} patients, too few for a binned calibration error",
)
