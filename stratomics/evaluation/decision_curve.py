"""Decision curves: what is gained by acting on a prediction, over acting on everybody and on nobody."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases

__all__ = ["net_benefit", "thresholds_of", "treat_all"]

Array = NDArray[np.float64]

PERCENT = 100
SMALLEST = 1e-9
NARROW = 5
"""Per cents to either side of predictions that are all alike."""


def net_benefit(cases: Cases, thresholds: Array, weight: Array) -> Array:
    """(draws, thresholds) net benefit of treating whose predicted probability reaches a threshold, higher is better.

    Vickers and Elkin 2006, doi 10.1177/0272989X06295361: the share of patients who are treated and have the event,
    less the share who are treated and do not, weighted by the odds of the threshold; to treat stands for whatever would
    be done. Treating nobody has 0. Of survival the event is one by :attr:`SurvivalCases.horizon`, and its share among
    those treated is 1 less Kaplan-Meier (Vickers et al. 2008, doi 10.1186/1472-6947-8-53), of any cause and as if all
    were followed from time 0; NaN where all who are treated were censored before the horizon. The patients of a repeat
    count together, and repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    thresholds
        (thresholds,) probabilities in [0, 1).
    weight
        (draws, n) how often each patient counts.

    Examples
    --------
    >>> cases = ResponseCases(np.array([True, False]), np.array([[0.9, 0.3]]), np.zeros((1, 2), dtype=np.int64))
    >>> net_benefit(cases, np.array([0.2, 0.5]), np.ones((1, 2)))
    array([[0.375, 0.5  ]])
    """
    of_repeats = [_net(cases, own[:, None] >= thresholds, thresholds, weight) for own in cases.probability]
    mean: Array = np.mean(of_repeats, axis=0)
    return mean


def treat_all(cases: Cases, thresholds: Array, weight: Array) -> Array:
    """(draws, thresholds) net benefit of treating everybody; as :func:`net_benefit`."""
    return _net(cases, np.ones((len(cases), 1), dtype=np.bool_), thresholds, weight)


def thresholds_of(cases: Cases) -> Array:
    """Whole per cents from the 1st to the 99th percentile of the predictions, none below 1% or above 99%.

    Beyond them nearly everybody, or nearly nobody, would be treated. Of predictions that are all alike, 5% around.

    Examples
    --------
    >>> alike = ResponseCases(np.array([True]), np.array([[0.5]]), np.zeros((1, 1), dtype=np.int64))
    >>> thresholds_of(alike)[[0, -1]]
    array([0.45, 0.55])
    """
    low, high = np.quantile(cases.probability, [0.01, 0.99]) * PERCENT
    first, last = int(np.floor(low)), int(np.ceil(high))
    if last - first <= 1:
        first, last = first - NARROW, last + NARROW
    return np.arange(max(first, 1), min(max(last, 1), PERCENT - 1) + 1) / PERCENT


def _net(cases: Cases, treated: NDArray[np.bool_], thresholds: Array, weight: Array) -> Array:
    """(draws, thresholds) from who is treated, (n, thresholds) or (n, 1)."""
    number = weight @ treated
    if isinstance(cases, ResponseCases):
        events = weight @ (treated & cases.positive[:, None])
    else:
        events = number * _incidence(cases, treated, weight)
    odds = thresholds / (1.0 - thresholds)
    net: Array = (events - (number - events) * odds) / weight.sum(axis=1, keepdims=True)
    return net


def _incidence(cases: SurvivalCases, treated: NDArray[np.bool_], weight: Array) -> Array:
    """(draws, thresholds) one less Kaplan-Meier at the horizon among those treated; 0 of nobody.

    What :func:`models.survival.kaplan_meier.kaplan_meier` gives group by group, for all groups in one pass over the times.
    """
    chosen = treated.astype(np.float64)
    at_risk = weight @ chosen
    alive, nobody, before = np.ones_like(at_risk), at_risk == 0, 0.0
    died = cases.event & (cases.time <= cases.horizon)
    for time in np.unique(cases.time[died]):
        left, now = (cases.time >= before) & (cases.time < time), died & (cases.time == time)
        at_risk -= weight[:, left] @ chosen[left]
        # Where nobody is left, nobody dies.
        alive *= 1.0 - (weight[:, now] @ chosen[now]) / np.maximum(at_risk, SMALLEST)
        before = time
    still = cases.time >= cases.horizon
    unknown = ~nobody & (alive > 0) & (weight[:, still] @ chosen[still] == 0)
    incidence: Array = np.where(unknown, np.nan, 1.0 - alive)
    return incidence
