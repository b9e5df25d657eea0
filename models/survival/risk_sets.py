"""Numbers of patients at risk, and the terms of Greenwood's variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["greenwood_terms", "number_at_risk"]

Array = NDArray[np.float64]


def number_at_risk(time: Array, times: Array, entry: Array | None = None) -> NDArray[np.int64]:
    """Count the patients at risk at each time, which are those with ``entry < t <= time``.

    Parameters
    ----------
    time
        (n,) time of event or censoring.
    times
        (t,) times at which to count.
    entry
        (n,) time of entry under observation; before all `times` by default.

    Returns
    -------
    ndarray
        (t,) numbers of patients.

    Examples
    --------
    >>> number_at_risk(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.5]), np.array([0.0, 1.0, 2.0]))
    array([1, 1])
    """
    count: NDArray[np.int64] = len(time) - np.searchsorted(np.sort(time), times, side="left")
    if entry is not None:
        count -= len(entry) - np.searchsorted(np.sort(entry), times, side="left")
    return count


def greenwood_terms(event: NDArray[np.bool_], time: Array, times: Array, entry: Array | None = None) -> Array:
    """Terms d / (n (n - d)) of Greenwood's variance, from d events among n patients at risk at each time.

    The variance of log S(t) is the sum of the terms up to t (Greenwood 1926).

    Parameters
    ----------
    event, time
        (n,) each.
    times
        (t,) times of the terms.
    entry
        (n,) time of entry under observation; before all `times` by default.

    Returns
    -------
    Array
        (t,) terms; 0 where all patients at risk have the event.

    Examples
    --------
    >>> greenwood_terms(np.array([True, False]), np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    array([0.5, 0. ])
    """
    ordered = np.sort(time[event])
    deaths = np.searchsorted(ordered, times, side="right") - np.searchsorted(ordered, times, side="left")
    at_risk = number_at_risk(time, times, entry)
    product = (at_risk * (at_risk - deaths)).astype(np.float64)
    terms: Array = np.divide(deaths, product, out=np.zeros(len(times)), where=product > 0)
    return terms
