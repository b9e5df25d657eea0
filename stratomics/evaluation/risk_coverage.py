"""Selective prediction: how wrong a method is about the patients whom it keeps, and about those whom it sets aside."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, ResponseCases
from stratomics.evaluation.metrics.survival_scores import standing_for

__all__ = ["abstention_table", "brier_among", "brier_by_coverage", "doubt", "mean_over_coverage"]

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]

MOST = 0.5
"""Of a patient's repeats."""


def doubt(cases: Cases) -> Array:
    """(repeats, n) variance p (1 - p) of the outcome as predicted: by how much a method itself expects to be wrong."""
    return cases.probability * (1.0 - cases.probability)


def brier_by_coverage(cases: Cases, uncertainty: Array, shares: Array, weight: Array) -> Array:
    """(draws, shares) Brier score of the share of patients who are kept, the least uncertain first, lower is better.

    El-Yaniv and Wiener 2010, https://www.jmlr.org/papers/v11/el-yaniv10a.html, with the squared error of the predicted
    probability as the risk: of a positive response, or of an event by the horizon, where who was censored before it is
    stood for by the others as in :func:`stratomics.evaluation.metrics.survival_scores.brier_curve`. At a share of 1 it is the Brier
    score of all. Who is equally uncertain comes in any order, over which the score is averaged. The patients of a
    repeat count together, and repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    uncertainty
        (repeats, n), higher means less certain, in any unit.
    shares
        (shares,) in (0, 1].
    weight
        (draws, n) how often each patient counts.

    Examples
    --------
    >>> cases = ResponseCases(np.array([True, True]), np.array([[0.9, 0.5]]), np.zeros((1, 2), dtype=np.int64))
    >>> brier_by_coverage(cases, doubt(cases), np.array([0.5, 1.0]), np.ones((1, 2))).round(2)
    array([[0.01, 0.13]])
    """
    counted, happened = _outcome(cases, weight)
    total = np.zeros((len(weight), len(shares)))
    for probability, own in zip(cases.probability, uncertainty, strict=True):
        order = np.argsort(own, kind="stable")
        _, start = np.unique(own[order], return_index=True)
        error = counted * (probability - happened) ** 2
        patients, errors = (
            np.cumsum(np.add.reduceat(one[:, order], start, axis=1), axis=1) for one in (weight, error)
        )
        for draw, (n, e) in enumerate(zip(patients, errors, strict=True)):
            kept = shares * n[-1]
            total[draw] += np.interp(kept, np.append(0.0, n), np.append(0.0, e)) / kept
    return total / len(uncertainty)


def mean_over_coverage(curve: Array, shares: Array) -> Array:
    """(draws,) mean of a curve (draws, shares) over the shares that are kept: the area under it, per unit of share."""
    mean: Array = np.trapezoid(curve, shares, axis=1) / (shares[-1] - shares[0])
    return mean


def brier_among(cases: Cases, chosen: Truth, weight: Array) -> Array:
    """(draws,) Brier score, as in :func:`brier_by_coverage`, of the patients `chosen` (repeats, n); NaN of nobody."""
    counted, happened = _outcome(cases, weight)
    errors = counted @ (chosen * (cases.probability - happened) ** 2).T
    n = (weight @ chosen.T).sum(axis=1)
    score: Array = np.divide(errors.sum(axis=1), n, out=np.full(len(weight), np.nan), where=n > 0)
    return score


def abstention_table(abstained: Truth, unlike: Truth, by: Mapping[str, NDArray[np.str_]]) -> pd.DataFrame:
    """Count the patients of whom the models abstain, overall and by what is known of them, and why.

    Parameters
    ----------
    abstained
        (repeats, n); who is abstained from in most of his repeats counts.
    unlike
        (repeats, n) whether unlike the patients of training; else the prediction itself is unsure.
    by
        Name -> label of each patient (n,).

    Returns
    -------
    pandas.DataFrame
        ``by``, ``level``, ``n``, ``abstained``, ``unlike`` (some of whom are unsure too), ``unsure`` (the others).
    """
    out = abstained.mean(axis=0) > MOST
    strange = out & (unlike.mean(axis=0) > MOST)
    rows = []
    for name, labels in {"all": np.full(len(out), "all"), **by}.items():
        for level in np.unique(labels):
            members = labels == level
            counts = (members, members & out, members & strange, members & out & ~strange)
            rows.append((name, str(level), *(int(one.sum()) for one in counts)))
    return pd.DataFrame(rows, columns=["by", "level", "n", "abstained", "unlike", "unsure"])


def _outcome(cases: Cases, weight: Array) -> tuple[Array, Truth]:
    """(draws, n) how many patients each stands for, 0 whose outcome is unknown; (n,) whether it was the event."""
    if isinstance(cases, ResponseCases):
        return weight, cases.positive
    return standing_for(cases, cases.horizon, weight), cases.event & (cases.time <= cases.horizon)
