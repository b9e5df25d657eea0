"""Cox regression on one or two covariates for many weights of the patients, for calibration slope and curve."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["baseline_hazard", "weighted_cox"]

Array = NDArray[np.float64]

STEPS = 30
MAX_STEP = 1.0
"""Longest Newton step, in standard deviations of a covariate, so that steps stay bounded where events are separated."""
MIN_INFORMATION = 1e-10
"""Information per event below which a covariate is treated as uninformative."""


def weighted_cox(
    x: Array, event: NDArray[np.bool_], time: Array, weight: Array, stratum: NDArray[np.int64]
) -> Array:
    """Maximise the stratified partial likelihood, with Breslow's method for ties.

    A patient with weight 2 counts exactly as two patients, which Efron's method for ties would not ensure
    (`models.linear.cox_net` uses Efron's method).

    Parameters
    ----------
    x
        (n, p) covariates, p small.
    event, time, stratum
        (n,) each; patients are compared within their stratum.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, p) coefficients: NaN if a covariate is uninformative; the values after 30 steps if it separates the
        events.

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
    """Breslow's cumulative baseline hazard.

    Breslow 1972, in the discussion of Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x.

    Parameters
    ----------
    linear
        (n,) linear predictors.
    event, time, weight
        (n,) each; `weight` is how often each patient counts.
    horizon
        Time.

    Returns
    -------
    float
        Cumulative hazard at `horizon` of a patient with linear predictor 0.
    """
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
    """Maximise for each row of weights; patients are sorted by stratum, then by descending time."""
    p = z.shape[1]
    b = np.zeros((len(weight), p))
    for draw in range(len(weight)):
        for number in range(STEPS):
            gradient, information, events = _derivatives(z, event, time, stratum, weight[draw], b[draw])
            weakest = events
            for k in range(p):
                weakest = min(weakest, information[k, k])
            if weakest <= MIN_INFORMATION * events:
                # At the first step the covariate is uninformative; at later steps the events are separated.
                if number == 0:
                    b[draw] = np.nan
                break
            step = np.linalg.solve(information + 1e-12 * events * np.eye(p), gradient)
            length = np.abs(step).max()
            b[draw] += step * min(1.0, MAX_STEP / max(length, 1e-300))
            if length < 1e-9:  # noqa: PLR2004  # of a standard deviation
                break
    return b


@njit(cache=True)
def _derivatives(  # noqa: C901  # one loop, compiled by numba
    z: Array, event: NDArray[np.bool_], time: Array, stratum: NDArray[np.int64], weight: Array, b: Array
) -> tuple[Array, Array, float]:
    """Gradient (p,) and information (p, p) of the log partial likelihood, and the total weight of the events."""
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
