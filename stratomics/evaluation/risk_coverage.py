"""Selective prediction: errors in the patients with the most certain predictions, and in those with abstention."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, ResponseCases
from stratomics.evaluation.metrics.survival_scores import ipcw_weights

__all__ = [
    "abstention_table",
    "brier_by_coverage",
    "brier_of_subset",
    "mean_over_coverage",
    "outcome_variance",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAJORITY = 0.5
"""Share of the repeats of a patient above which a property counts."""


def outcome_variance(cases: Cases) -> Array:
    """(repeats, n) variance p (1 - p) of the outcome under the predicted probability p, which is the expected error."""
    return cases.probability * (1.0 - cases.probability)


def brier_by_coverage(cases: Cases, uncertainty: Array, shares: Array, weight: Array) -> Array:
    """Brier score of the patients with the least uncertain predictions, by coverage; lower is better.

    El-Yaniv and Wiener 2010, https://www.jmlr.org/papers/v11/el-yaniv10a.html, with the squared error of the predicted
    probability as risk. The probability is that of a positive response, or of an event by the horizon; for censored
    patients see :func:`stratomics.evaluation.metrics.survival_scores.ipcw_weights`. At coverage 1 it is the Brier score
    of all patients. The score is averaged over all orders of patients with equal uncertainty. All patients of a repeat
    count together, and repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    uncertainty
        (repeats, n) in any unit; higher means less certain.
    shares
        (shares,) coverages in (0, 1].
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, shares) Brier score.

    Examples
    --------
    >>> cases = ResponseCases(np.array([True, True]), np.array([[0.9, 0.5]]), np.zeros((1, 2), dtype=np.int64))
    >>> brier_by_coverage(cases, outcome_variance(cases), np.array([0.5, 1.0]), np.ones((1, 2))).round(2)
    array([[0.01, 0.13]])
    """
    counted, happened = _outcome(cases, weight)
    total = np.zeros((len(weight), len(shares)))
    for probability, values in zip(cases.probability, uncertainty, strict=True):
        order = np.argsort(values, kind="stable")
        _, start = np.unique(values[order], return_index=True)
        error = counted * (probability - happened) ** 2
        patients, errors = (
            np.cumsum(np.add.reduceat(one[:, order], start, axis=1), axis=1) for one in (weight, error)
        )
        for draw, (n, e) in enumerate(zip(patients, errors, strict=True)):
            covered = shares * n[-1]
            total[draw] += np.interp(covered, np.append(0.0, n), np.append(0.0, e)) / covered
    return total / len(uncertainty)


def mean_over_coverage(curve: Array, shares: Array) -> Array:
    """Mean of a risk-coverage curve over coverage.

    Parameters
    ----------
    curve
        (draws, shares) risk.
    shares
        (shares,) coverages in ascending order.

    Returns
    -------
    numpy.ndarray
        (draws,) area under the curve, divided by the range of coverages.
    """
    mean: Array = np.trapezoid(curve, shares, axis=1) / (shares[-1] - shares[0])
    return mean


def brier_of_subset(cases: Cases, chosen: Mask, weight: Array) -> Array:
    """Brier score of a subset of patients, as in :func:`brier_by_coverage`.

    Parameters
    ----------
    cases
        n patients.
    chosen
        (repeats, n) whether the patient is in the subset.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) Brier score; NaN if the subset is empty.
    """
    counted, happened = _outcome(cases, weight)
    errors = counted @ (chosen * (cases.probability - happened) ** 2).T
    n = (weight @ chosen.T).sum(axis=1)
    score: Array = np.divide(errors.sum(axis=1), n, out=np.full(len(weight), np.nan), where=n > 0)
    return score


def abstention_table(abstained: Mask, unlike: Mask, by: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """Count the patients for whom the models abstain, overall and by group, with the reason.

    Parameters
    ----------
    abstained
        (repeats, n) whether the models abstain; patients with abstention in most of their repeats count.
    unlike
        (repeats, n) whether the patient is unlike the training patients; otherwise the prediction is uncertain.
    by
        Name -> label of each patient (n,).

    Returns
    -------
    pandas.DataFrame
        ``by``, ``level``, ``n``, ``abstained``, ``unlike`` (including those with an uncertain prediction too),
        ``unsure`` (all others).
    """
    abstain = abstained.mean(axis=0) > MAJORITY
    out_of_distribution = abstain & (unlike.mean(axis=0) > MAJORITY)
    rows = []
    for name, labels in {"all": np.full(len(abstain), "all"), **by}.items():
        for level in np.unique(labels):
            members = labels == level
            counts = (
                members,
                members & abstain,
                members & out_of_distribution,
                members & abstain & ~out_of_distribution,
            )
            rows.append((name, str(level), *(int(one.sum()) for one in counts)))
    return pd.DataFrame(rows, columns=["by", "level", "n", "abstained", "unlike", "unsure"])


def _outcome(cases: Cases, weight: Array) -> tuple[Array, Mask]:
    """(draws, n) how many patients each represents, 0 if the outcome is unknown; (n,) whether the event occurred."""
    if isinstance(cases, ResponseCases):
        return weight, cases.positive
    return ipcw_weights(cases, cases.horizon, weight), cases.event & (cases.time <= cases.horizon)
