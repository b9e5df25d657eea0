"""Decision curve analysis: net benefit of acting on a prediction, against treating all or no patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases

__all__ = ["decision_thresholds", "net_benefit", "treat_all"]

Array = NDArray[np.float64]

PERCENT = 100
SMALLEST = 1e-9
MARGIN = 5
"""Percentage points on both sides of the prediction, if all predictions are equal."""


def net_benefit(cases: Cases, thresholds: Array, weight: Array) -> Array:
    """Net benefit of treating patients at or above a threshold of the predicted probability; higher is better.

    Vickers and Elkin 2006, doi 10.1177/0272989X06295361: the share of patients who are treated and have the event,
    minus the share who are treated and do not have it, weighted by the odds of the threshold. "Treat" stands for any
    action. Treating no patient has net benefit 0. For survival, the event is one by :attr:`SurvivalCases.horizon`, and
    its probability among treated patients is 1 minus the Kaplan-Meier estimate (Vickers et al. 2008, doi
    10.1186/1472-6947-8-53), for any cause and without delayed entry. All patients of a repeat count together, and
    repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    thresholds
        (thresholds,) probabilities in [0, 1).
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, thresholds) net benefit; NaN if all treated patients were censored before the horizon.

    Examples
    --------
    >>> cases = ResponseCases(np.array([True, False]), np.array([[0.9, 0.3]]), np.zeros((1, 2), dtype=np.int64))
    >>> net_benefit(cases, np.array([0.2, 0.5]), np.ones((1, 2)))
    array([[0.375, 0.5  ]])
    """
    of_repeats = [
        _net(cases, probability[:, None] >= thresholds, thresholds, weight)
        for probability in cases.probability
    ]
    mean: Array = np.mean(of_repeats, axis=0)
    return mean


def treat_all(cases: Cases, thresholds: Array, weight: Array) -> Array:
    """Net benefit of treating all patients.

    Parameters
    ----------
    cases, thresholds, weight
        As in :func:`net_benefit`.

    Returns
    -------
    numpy.ndarray
        (draws, thresholds) net benefit.
    """
    return _net(cases, np.ones((len(cases), 1), dtype=np.bool_), thresholds, weight)


def decision_thresholds(cases: Cases) -> Array:
    """Thresholds in steps of 1%, from the 1st to the 99th percentile of the predictions, within 1% to 99%.

    Outside this range nearly all or nearly no patients would be treated. If all predictions are equal, the range is
    5 percentage points on both sides.

    Examples
    --------
    >>> equal = ResponseCases(np.array([True]), np.array([[0.5]]), np.zeros((1, 1), dtype=np.int64))
    >>> decision_thresholds(equal)[[0, -1]]
    array([0.45, 0.55])
    """
    low, high = np.quantile(cases.probability, [0.01, 0.99]) * PERCENT
    first, last = int(np.floor(low)), int(np.ceil(high))
    if last - first <= 1:
        first, last = first - MARGIN, last + MARGIN
    return np.arange(max(first, 1), min(max(last, 1), PERCENT - 1) + 1) / PERCENT


def _net(cases: Cases, treated: NDArray[np.bool_], thresholds: Array, weight: Array) -> Array:
    """(draws, thresholds) net benefit, from whether each patient is treated, (n, thresholds) or (n, 1)."""
    number = weight @ treated
    if isinstance(cases, ResponseCases):
        events = weight @ (treated & cases.positive[:, None])
    else:
        events = number * _incidence(cases, treated, weight)
    odds = thresholds / (1.0 - thresholds)
    net: Array = (events - (number - events) * odds) / weight.sum(axis=1, keepdims=True)
    return net


def _incidence(cases: SurvivalCases, treated: NDArray[np.bool_], weight: Array) -> Array:
    """(draws, thresholds) 1 minus Kaplan-Meier at the horizon among treated patients; 0 if no patient is treated.

    Equal to :func:`models.survival.kaplan_meier.kaplan_meier` in each group, for all groups in one pass over the times.
    """
    chosen = treated.astype(np.float64)
    at_risk = weight @ chosen
    alive, empty, before = np.ones_like(at_risk), at_risk == 0, 0.0
    died = cases.event & (cases.time <= cases.horizon)
    for time in np.unique(cases.time[died]):
        passed, now = (cases.time >= before) & (cases.time < time), died & (cases.time == time)
        at_risk -= weight[:, passed] @ chosen[passed]
        # Without patients at risk there are no events.
        alive *= 1.0 - (weight[:, now] @ chosen[now]) / np.maximum(at_risk, SMALLEST)
        before = time
    followed = cases.time >= cases.horizon
    unknown = ~empty & (alive > 0) & (weight[:, followed] @ chosen[followed] == 0)
    incidence: Array = np.where(unknown, np.nan, 1.0 - alive)
    return incidence
