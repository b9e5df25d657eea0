"""Time-dependent AUC: at each time, patients with the event by then against patients still event-free."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.survival.kaplan_meier import censoring_survival, kaplan_meier
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import SHARE, Metric, within_folds

__all__ = ["TIME_AUC", "auc_at", "auc_curve", "auc_times", "time_auc"]

Array = NDArray[np.float64]


def auc_times(cases: SurvivalCases) -> Array:
    """(20,) times at which the AUC is computed: every fifth time of the grid."""
    return cases.grid[4::5]


def auc_curve(cases: SurvivalCases, weight: Array) -> Array:
    """Cumulative/dynamic AUC at :func:`auc_times`; higher is better.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, 20) AUC, as of :func:`auc_at`.
    """
    return auc_at(cases, auc_times(cases), weight)


def auc_at(cases: SurvivalCases, times: Array, weight: Array) -> Array:
    """Cumulative/dynamic AUC at any times; higher is better.

    Uno et al. 2007, doi 10.1198/016214507000000149: the share of pairs in the right order by 1 - S(t). A pair consists
    of a patient with the event by t, weighted by 1 / G at their event time, and a patient event-free at t. The
    censoring distribution G is estimated in all evaluated patients. Pairs are compared within fold and repeat, then
    folds are averaged; ties count one half. Chance is 0.5.

    Parameters
    ----------
    cases
        n patients.
    times
        (t,) times.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, t) AUC; NaN at times at which no fold has a pair.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)(cases.time)
    event_weight = np.divide(weight, censoring, out=np.zeros_like(weight), where=censoring > 0)

    def score(repeat: int, rows: NDArray[np.int64]) -> Array:
        marker = 1.0 - cases.curves[repeat](times)[rows]
        died = cases.event[rows, None] & (cases.time[rows, None] <= times)
        alive = cases.time[rows, None] > times
        order = np.argsort(marker, axis=0, kind="stable")
        right, pairs = _count(
            np.take_along_axis(marker, order, axis=0),
            order,
            died,
            alive,
            np.ascontiguousarray(event_weight[:, rows]),
            np.ascontiguousarray(weight[:, rows]),
        )
        share: Array = np.divide(right, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
        return share

    return within_folds(cases.fold, score)


def time_auc(cases: SurvivalCases, weight: Array) -> Array:
    """Mean of :func:`auc_curve` over time; higher is better.

    Lambert and Chevret 2016, doi 10.1177/0962280213515571: the weight of each time is the decrease of the Kaplan-Meier
    estimate since the time before. Chance is 0.5.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1; NaN if no time has an AUC.
    """
    curve, times = auc_curve(cases, weight), auc_times(cases)
    alive = kaplan_meier(cases.event, cases.time, weight)(times)
    decrease = -np.diff(alive, axis=1, prepend=1.0) * np.isfinite(curve)
    total = decrease.sum(axis=1)
    mean: Array = np.divide(
        (decrease * np.nan_to_num(curve)).sum(axis=1),
        total,
        out=np.full(len(weight), np.nan),
        where=total > 0,
    )
    return mean


@njit(cache=True)
def _count(
    marker: Array,
    order: NDArray[np.int64],
    died: NDArray[np.bool_],
    alive: NDArray[np.bool_],
    first: Array,
    second: Array,
) -> tuple[Array, Array]:
    """(draws, times) weight of the concordant pairs and of all pairs; `marker` (n, times) is sorted."""
    n, times = marker.shape
    draws = len(first)
    right, pairs = np.zeros((draws, times)), np.zeros((draws, times))
    for b in range(draws):
        for t in range(times):
            below = events = total = 0.0
            start = 0
            while start < n:
                stop = start
                tied_events = tied_free = 0.0
                while stop < n and marker[stop, t] == marker[start, t]:
                    i = order[stop, t]
                    if died[i, t]:
                        tied_events += first[b, i]
                    elif alive[i, t]:
                        tied_free += second[b, i]
                    stop += 1
                total += tied_events * (below + 0.5 * tied_free)
                below += tied_free
                events += tied_events
                start = stop
            right[b, t] = total
            pairs[b, t] = events * below
    return right, pairs


TIME_AUC = Metric(
    time_auc,
    higher_is_better=True,
    label="time-dependent AUC",
    limits=SHARE,
    absent="at no time does a fold have both patients with the event and patients free of it",
)
