"""Time-dependent AUC: at each time, those who had the event by then against those still free of it."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.survival.kaplan_meier import censoring_survival, kaplan_meier
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import Metric, within_folds

__all__ = ["TIME_AUC", "auc_curve", "auc_times", "time_auc"]

Array = NDArray[np.float64]


def auc_times(cases: SurvivalCases) -> Array:
    """(20,) times at which the AUC is taken: every fifth of the grid."""
    return cases.grid[4::5]


def auc_curve(cases: SurvivalCases, weight: Array) -> Array:
    """(draws, 20) cumulative/dynamic AUC at :func:`auc_times`, higher is better.

    Uno et al. 2007, doi 10.1198/016214507000000149: the share of pairs in the right order by 1 - S(t), of one who
    had the event by t, weighted by 1 / G at his time, and one free of it at t. G is estimated on all evaluated
    patients. Pairs are compared within fold and repeat, then folds are averaged; ties count one half. NaN at
    times when no fold has both. Chance is 0.5.
    """
    times = auc_times(cases)
    censoring = censoring_survival(cases.event, cases.time, weight)(cases.time)
    cases_weight = np.divide(weight, censoring, out=np.zeros_like(weight), where=censoring > 0)

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
            np.ascontiguousarray(cases_weight[:, rows]),
            np.ascontiguousarray(weight[:, rows]),
        )
        share: Array = np.divide(right, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
        return share

    return within_folds(cases.fold, score)


def time_auc(cases: SurvivalCases, weight: Array) -> Array:
    """Mean of :func:`auc_curve` over the times of events, higher is better.

    Lambert and Chevret 2016, doi 10.1177/0962280213515571: each time weighs by how far Kaplan-Meier falls up to
    it since the time before. Chance is 0.5.
    """
    curve, times = auc_curve(cases, weight), auc_times(cases)
    alive = kaplan_meier(cases.event, cases.time, weight)(times)
    fall = -np.diff(alive, axis=1, prepend=1.0) * np.isfinite(curve)
    total = fall.sum(axis=1)
    mean: Array = np.divide(
        (fall * np.nan_to_num(curve)).sum(axis=1), total, out=np.full(len(weight), np.nan), where=total > 0
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
    """(draws, times) weight of the pairs in the right order, and of all; `marker` (n, times) comes sorted."""
    n, times = marker.shape
    draws = len(first)
    right, pairs = np.zeros((draws, times)), np.zeros((draws, times))
    for b in range(draws):
        for t in range(times):
            below = ill = total = 0.0
            start = 0
            while start < n:
                stop = start
                tied_ill = tied_well = 0.0
                while stop < n and marker[stop, t] == marker[start, t]:
                    i = order[stop, t]
                    if died[i, t]:
                        tied_ill += first[b, i]
                    elif alive[i, t]:
                        tied_well += second[b, i]
                    stop += 1
                total += tied_ill * (below + 0.5 * tied_well)
                below += tied_well
                ill += tied_ill
                start = stop
            right[b, t] = total
            pairs[b, t] = ill * below
    return right, pairs


TIME_AUC = Metric(
    time_auc,
    higher_is_better=True,
    label="time-dependent AUC",
    absent="at no time does a fold have both patients with the event and patients free of it",
)
