"""Kaplan-Meier curves of two arms for many resamples at once: survival and restricted mean survival time."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["two_arm_curves"]

Array = NDArray[np.float64]


def two_arm_curves(
    treated: NDArray[np.bool_], event: NDArray[np.bool_], time: Array, count: Array, horizon: float
) -> tuple[Array, Array]:
    """Restricted mean survival time and survival at the horizon, with standard errors.

    Variances are Greenwood's; that of the restricted mean follows Irwin (1949, doi 10.1017/S0022172400014443).

    Parameters
    ----------
    treated, event, time
        (n,) each.
    count
        (draws, n) how often each patient counts.
    horizon
        Time at which survival is read and the restricted mean ends.

    Returns
    -------
    tuple
        Estimates and standard errors, (draws, 2 arms, 2) each: control before treated, restricted mean before
        survival. NaN if no patient of an arm is followed to the horizon and the curve has not reached 0.

    Examples
    --------
    >>> treated, time = np.array([True, False] * 2), np.array([3.0, 1.0, 4.0, 3.0])
    >>> two_arm_curves(treated, np.array([True] * 4), time, np.ones((1, 4)), 2.0)[0]
    array([[[1.5, 0.5],
            [2. , 1. ]]])
    """
    estimate = np.full((len(count), 2, 2), np.nan)
    error = np.full((len(count), 2, 2), np.nan)
    for arm in range(2):
        rows = np.flatnonzero(treated == bool(arm))
        rows = rows[np.argsort(time[rows], kind="stable")]
        drawn = np.ascontiguousarray(np.asarray(count, dtype=np.float64)[:, rows])
        _curves(event[rows], time[rows], drawn, horizon, estimate[:, arm], error[:, arm])
    return estimate, error


@njit(cache=True)
def _curves(
    event: NDArray[np.bool_], time: Array, count: Array, horizon: float, estimate: Array, error: Array
) -> None:  # pragma: no cover  # compiled
    draws, n = count.shape
    area, variance = np.zeros(n + 1), np.zeros(n + 1)
    for b in range(draws):
        at_risk = count[b].sum()
        survival, last, steps, i = 1.0, 0.0, 0, 0
        reached = False
        while i < n and time[i] <= horizon:
            deaths, leaving, now = 0.0, 0.0, time[i]
            while i < n and time[i] == now:
                leaving += count[b, i]
                if event[i]:
                    deaths += count[b, i]
                i += 1
            if deaths > 0:
                area[steps] = survival * (now - last)
                variance[steps] = deaths / (at_risk * (at_risk - deaths)) if at_risk > deaths else 0.0
                survival *= 1.0 - deaths / at_risk
                last = now
                steps += 1
            at_risk -= leaving
            if now == horizon and leaving > 0:
                reached = True
        if not (reached or at_risk > 0 or survival <= 0.0):
            continue
        area[steps] = survival * (horizon - last)
        # Backwards in time, a death is weighted by the area under the curve after it.
        area_after, mean_variance, greenwood = 0.0, 0.0, 0.0
        for k in range(steps, 0, -1):
            area_after += area[k]
            mean_variance += area_after**2 * variance[k - 1]
            greenwood += variance[k - 1]
        estimate[b, 0], estimate[b, 1] = area_after + area[0], survival
        error[b, 0], error[b, 1] = np.sqrt(mean_variance), survival * np.sqrt(greenwood)
