"""Log-rank test of any number of groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models.survival.risk_sets import number_at_risk

__all__ = ["log_rank_groups"]

Array = NDArray[np.float64]


def log_rank_groups(
    group: NDArray[np.int64],
    event: NDArray[np.bool_],
    time: Array,
    entry: Array | None = None,
    stratum: NDArray[np.int64] | None = None,
) -> tuple[float, int, float]:
    """Test whether groups have the same hazard (Mantel 1966; Peto and Peto 1972, doi 10.2307/2344317).

    Parameters
    ----------
    group
        (n,) number of the group of each patient.
    event, time
        (n,) each.
    entry
        (n,) < time: a patient is at risk at t if ``entry < t <= time``; from the start by default.
    stratum
        (n,) number of the stratum of each patient, such as the site: patients are compared within their stratum only.
        One stratum if left out.

    Returns
    -------
    statistic
        Chi-squared statistic.
    degrees
        Its degrees of freedom: groups at risk at the time of an event, less one.
    p
        The p-value; NaN without degrees of freedom.

    Examples
    --------
    >>> time, event = np.arange(1.0, 7.0), np.ones(6, dtype=bool)
    >>> statistic, degrees, p = log_rank_groups(np.array([0, 0, 1, 1, 2, 2]), event, time)
    >>> round(statistic, 3), degrees, round(p, 3)
    (7.25, 2, 0.027)
    """
    _, codes = np.unique(group, return_inverse=True)
    strata = np.zeros(len(time), dtype=np.int64) if stratum is None else stratum
    difference, covariance = np.zeros(codes.max(initial=-1) + 1), np.zeros((codes.max(initial=-1) + 1,) * 2)
    for number in np.unique(strata):
        rows = strata == number
        late = None if entry is None else entry[rows]
        score, variance = _score(codes[rows], event[rows], time[rows], late, len(difference))
        difference, covariance = difference + score, covariance + variance
    degrees = int(np.linalg.matrix_rank(covariance, hermitian=True)) if covariance.size else 0
    if degrees == 0:
        return 0.0, 0, float("nan")
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    return statistic, degrees, float(chi2.sf(statistic, degrees))


def _score(
    codes: NDArray[np.int64], event: NDArray[np.bool_], time: Array, entry: Array | None, groups: int
) -> tuple[Array, Array]:
    """Observed less expected events (groups,) of one stratum, and their covariance."""
    times = np.unique(time[event])
    members = [codes == code for code in range(groups)]
    at_risk = np.array([_at_risk(time, times, entry, rows) for rows in members]).reshape(groups, -1)
    deaths = np.array([_deaths(time, event, times, rows) for rows in members]).reshape(groups, -1)
    n, d = at_risk.sum(axis=0), deaths.sum(axis=0)
    share = at_risk / n
    # Variance of a draw without replacement, for several events at the same time.
    weight = d * np.divide(n - d, n - 1.0, out=np.zeros(len(times)), where=n > 1)
    covariance: Array = np.diag(share @ weight) - (share * weight) @ share.T
    return (deaths - share * d).sum(axis=1), covariance


def _at_risk(time: Array, times: Array, entry: Array | None, rows: NDArray[np.bool_]) -> Array:
    return number_at_risk(time[rows], times, None if entry is None else entry[rows]).astype(np.float64)


def _deaths(time: Array, event: NDArray[np.bool_], times: Array, rows: NDArray[np.bool_]) -> Array:
    """(t,) events of a group at each event time."""
    places = np.searchsorted(times, time[rows & event])
    return np.bincount(places, minlength=len(times)).astype(np.float64)
