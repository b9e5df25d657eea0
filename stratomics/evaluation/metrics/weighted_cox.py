"""Cox regression on one or two columns for many weights of the patients: what slope and calibration curve need."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["baseline_hazard", "weighted_cox"]

Array = NDArray[np.float64]

STEPS = 30
LONGEST = 1.0
"""A step in units of a column's standard deviation, so that Newton does not leap where events are separated."""
NOTHING = 1e-10
"""Information an event below which a column says nothing."""


def weighted_cox(
    x: Array, event: NDArray[np.bool_], time: Array, weight: Array, stratum: NDArray[np.int64]
) -> Array:
    """(draws, p) coefficients of the partial likelihood, stratified, ties as Breslow has them.

    A patient of weight 2 counts as two, which Efron's ties would not keep; `models.linear.cox_net` has those. Where a
    column says nothing coefficients are NaN; where it separates the events they are as far as 30 steps went.

    Parameters
    ----------
    x
        (n, p) covariates, p small.
    event, time, stratum
        (n,) each; patients are compared within their stratum.
    weight
        (draws, n) how often each patient counts.

    Examples
    --------
    >>> x, event, one = np.array([[1.0], [0.0], [1.0], [0.0]]), np.ones(4, dtype=bool), np.ones((1, 4))
    >>> weighted_cox(x, event, np.arange(4.0), one, np.zeros(4, dtype=int)).round(3)
    array([[0.941]])
    """
    scale = x.std(axis=0)
    scale[scale == 0.0] = 1.0
    order = np.lexsort((-time, stratum))
    z = np.ascontiguousarray(((x - x.mean(axis=0)) / scale)[order])
    drawn = np.ascontiguousarray(weight[:, order])
    coefficients: Array = _newton(z, event[order], time[order], stratum[order], drawn) / scale
    return coefficients


def baseline_hazard(
    linear: Array, event: NDArray[np.bool_], time: Array, weight: Array, horizon: float
) -> float:
    """Breslow's cumulative hazard at `horizon` of a patient whose linear predictor (n,) is 0; weight (n,)."""
    order = np.argsort(-time, kind="stable")
    times, start = np.unique(-time[order], return_index=True)
    at_risk = np.cumsum(np.add.reduceat((weight * np.exp(linear))[order], start))
    deaths = np.add.reduceat((weight * event)[order], start)
    steps = np.divide(deaths, at_risk, out=np.zeros_like(deaths), where=at_risk > 0)
    return float(steps[-times <= horizon].sum())


@njit(cache=True)
def _newton(
    z: Array, event: NDArray[np.bool_], time: Array, stratum: NDArray[np.int64], weight: Array
) -> Array:
    """Maximise for each row of weights; patients come by stratum, the last time first."""
    p = z.shape[1]
    b = np.zeros((len(weight), p))
    for draw in range(len(weight)):
        for number in range(STEPS):
            gradient, information, events = _derivatives(z, event, time, stratum, weight[draw], b[draw])
            weakest = events
            for k in range(p):
                weakest = min(weakest, information[k, k])
            if weakest <= NOTHING * events:
                # At the start nothing can be learned; later on the events are separated and the end is far off.
                if number == 0:
                    b[draw] = np.nan
                break
            step = np.linalg.solve(information + 1e-12 * events * np.eye(p), gradient)
            length = np.abs(step).max()
            b[draw] += step * min(1.0, LONGEST / max(length, 1e-300))
            if length < 1e-9:  # noqa: PLR2004  # of a standard deviation
                break
    return b


@njit(cache=True)
def _derivatives(  # noqa: C901  # one loop that numba compiles whole
    z: Array, event: NDArray[np.bool_], time: Array, stratum: NDArray[np.int64], weight: Array, b: Array
) -> tuple[Array, Array, float]:
    """Gradient (p,) and information (p, p) of the log partial likelihood, and the weight of all events."""
    n, p = z.shape
    linear = z @ b
    shift = linear.max()
    gradient, information, events = np.zeros(p), np.zeros((p, p)), 0.0
    s0, s1, s2 = 0.0, np.zeros(p), np.zeros((p, p))
    start = 0
    while start < n:
        if start > 0 and stratum[start] != stratum[start - 1]:
            s0 = 0.0
            s1[:] = 0.0
            s2[:] = 0.0
        deaths = 0.0
        stop = start
        while stop < n and stratum[stop] == stratum[start] and time[stop] == time[start]:
            hazard = weight[stop] * np.exp(linear[stop] - shift)
            s0 += hazard
            for k in range(p):
                s1[k] += hazard * z[stop, k]
                for m in range(p):
                    s2[k, m] += hazard * z[stop, k] * z[stop, m]
                if event[stop]:
                    gradient[k] += weight[stop] * z[stop, k]
            if event[stop]:
                deaths += weight[stop]
            stop += 1
        if deaths > 0.0 and s0 > 0.0:
            events += deaths
            for k in range(p):
                gradient[k] -= deaths * s1[k] / s0
                for m in range(p):
                    information[k, m] += deaths * (s2[k, m] / s0 - s1[k] * s1[m] / s0**2)
        start = stop
    return gradient, information, events
