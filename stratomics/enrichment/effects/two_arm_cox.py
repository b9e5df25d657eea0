"""Hazard ratio of two arms for many resamples at once: Cox regression with one binary covariate."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

__all__ = ["two_arm_cox"]

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

MAX_ITERATIONS = 40
MAX_STEP = 2.0
"""Largest Newton step of the log hazard ratio, for stability."""
DIVERGED = 15.0
"""A log hazard ratio beyond this value is taken to diverge."""


def two_arm_cox(
    treated: NDArray[np.bool_], event: NDArray[np.bool_], time: Array, count: Array
) -> tuple[Array, Array]:
    """Log hazard ratio of treated to control with its standard error; ties by Efron's method.

    A patient that counts twice is treated as two patients with tied times, as in a table with a repeated row. With one
    binary covariate the likelihood needs only the numbers at risk and the deaths by arm at each time, so that 1,000
    resamples of 2,685 patients take a quarter of a second.

    Parameters
    ----------
    treated, event, time
        (n,) each.
    count
        (draws, n) how often each patient counts, in whole numbers.

    Returns
    -------
    tuple
        (draws,) each; NaN without a finite ratio: an arm has no death, or all its deaths come before those of the
        other arm.

    Examples
    --------
    >>> treated = np.array([True, False, True, False])
    >>> log_ratio, se = two_arm_cox(treated, np.ones(4, dtype=bool), np.arange(1.0, 5.0), np.ones((1, 4)))
    >>> log_ratio.round(4), se.round(4)
    (array([0.9406]), array([1.2403]))
    """
    order = np.argsort(-time, kind="stable")
    _, start = np.unique(-time[order], return_index=True)
    stop = np.append(start[1:], len(order))
    whole = np.ascontiguousarray(np.asarray(count)[:, order], dtype=np.int64)
    return _fit(treated[order], event[order], start.astype(np.int64), stop.astype(np.int64), whole)


@njit(cache=True)
def _fit(
    treated: NDArray[np.bool_], event: NDArray[np.bool_], start: Counts, stop: Counts, count: Counts
) -> tuple[Array, Array]:  # pragma: no cover  # compiled
    draws = count.shape[0]
    log_ratio, error = np.full(draws, np.nan), np.full(draws, np.nan)
    at_risk, dead = np.zeros((len(start), 2)), np.zeros((len(start), 2))
    for b in range(draws):
        times = _tabulate(treated, event, start, stop, count[b], at_risk, dead)
        total = np.zeros(2)
        for k in range(times):
            total += dead[k]
        if total[0] == 0 or total[1] == 0:
            continue
        value, converged = 0.0, False
        for _ in range(MAX_ITERATIONS):
            gradient, information = _derivatives(value, times, at_risk, dead)
            step = gradient / information if information > 0 else 0.0
            value += min(max(step, -MAX_STEP), MAX_STEP)
            converged = abs(step) < 1e-10  # noqa: PLR2004  # convergence of Newton steps
            if converged or abs(value) > DIVERGED:
                break
        _, information = _derivatives(value, times, at_risk, dead)
        if converged and abs(value) <= DIVERGED and information > 0:
            log_ratio[b], error[b] = value, 1.0 / np.sqrt(information)
    return log_ratio, error


@njit(cache=True)
def _tabulate(
    treated: NDArray[np.bool_],
    event: NDArray[np.bool_],
    start: Counts,
    stop: Counts,
    count: Counts,
    at_risk: Array,
    dead: Array,
) -> int:  # pragma: no cover  # compiled
    """Fill in the numbers at risk and the deaths by arm at each death time; return the number of death times."""
    here = np.zeros(2)
    times = 0
    for group in range(len(start)):
        dead[times, :] = 0.0
        for i in range(start[group], stop[group]):
            arm = 1 if treated[i] else 0
            here[arm] += count[i]
            if event[i]:
                dead[times, arm] += count[i]
        if dead[times, 0] + dead[times, 1] > 0:
            at_risk[times] = here
            times += 1
            if times == len(start):
                break
    return times


@njit(cache=True)
def _derivatives(
    value: float, times: int, at_risk: Array, dead: Array
) -> tuple[float, float]:  # pragma: no cover  # compiled
    """Gradient and information of the log partial likelihood at a log hazard ratio."""
    ratio = np.exp(value)
    gradient, information = 0.0, 0.0
    for k in range(times):
        deaths = dead[k, 0] + dead[k, 1]
        gradient += dead[k, 1]
        for tied in range(int(deaths)):
            share = tied / deaths
            treated = ratio * (at_risk[k, 1] - share * dead[k, 1])
            part = treated / (treated + at_risk[k, 0] - share * dead[k, 0])
            gradient -= part
            information += part * (1.0 - part)
    return gradient, information
