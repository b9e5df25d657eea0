"""Cumulative hazard by the product limit, where patients may come late."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction

__all__ = ["product_limit_hazard"]

Array = NDArray[np.float64]


def product_limit_hazard(event: NDArray[np.bool_], time: Array, entry: Array | None = None) -> StepFunction:
    """Minus the log of the Kaplan-Meier curve (Kaplan and Meier 1958, doi 10.2307/2281868).

    Parameters
    ----------
    event, time
        (n,) each.
    entry
        (n,) < time: who came then is at risk at t if ``entry < t <= time``; from the start if left out.

    Returns
    -------
    StepFunction
        0 before the first event. Where the last at risk die, half a patient is left, so that it stays finite.

    Examples
    --------
    >>> hazard = product_limit_hazard(np.array([True, False, True]), np.array([1.0, 2.0, 3.0]))
    >>> np.exp(-hazard.values).round(3)
    array([0.667, 0.222])
    """
    times, deaths = np.unique(time[event], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), times, side="left")
    if entry is not None:
        at_risk -= len(entry) - np.searchsorted(np.sort(entry), times, side="left")
    share = deaths / np.maximum(at_risk, deaths + 0.5)
    return StepFunction(times, np.cumsum(-np.log1p(-share)), before=0.0)
