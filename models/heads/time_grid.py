"""Time grids at equal steps of the Kaplan-Meier curve of the training patients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import kaplan_meier
from omics.cohort.endpoints import Survival
from omics.common.errors import DataError

__all__ = ["TIMES", "event_quantiles", "hazard_cuts"]

Array = NDArray[np.float64]

FEWEST_CUTS, MOST_CUTS = 15, 30
EVENTS_PER_CUT = 10

TIMES = 100
"""Maximum number of steps of a predicted curve."""


def event_quantiles(endpoint: Survival, count: int) -> Array:
    """Event times between which the Kaplan-Meier curve decreases in equal steps.

    Parameters
    ----------
    endpoint
        Survival of the training patients; patients without the endpoint are ignored.
    count
        Maximum number of times.

    Returns
    -------
    Array
        At most `count` distinct event times, ascending; the last event time is one of them.

    Raises
    ------
    DataError
        If no patient has the event.

    Examples
    --------
    >>> survival = Survival(np.arange(1.0, 9.0), np.ones(8, bool), np.ones(8, bool))
    >>> event_quantiles(survival, 4)
    array([2., 4., 6., 8.])
    """
    event, time = endpoint.event & endpoint.observed, endpoint.time
    if not event.any():
        raise DataError(
            "no patient has the event, so time cannot be cut; check the coding of the event column"
        )
    curve = kaplan_meier(event[endpoint.observed], time[endpoint.observed])
    times = np.unique(time[event])
    decrease = 1.0 - curve(times)
    # The smallest event time that reaches each share of the total decrease, with a tolerance for rounding.
    steps = np.linspace(0.0, decrease[-1], count + 1)[1:] * (1.0 - 1e-12)
    chosen: Array = times[np.unique(np.searchsorted(decrease, steps).clip(max=len(times) - 1))]
    return chosen


def hazard_cuts(endpoint: Survival) -> Array:
    """Cut time into 15 to 30 intervals by the number of events, or fewer if there are fewer distinct event times."""
    events = int((endpoint.event & endpoint.observed).sum())
    return event_quantiles(endpoint, min(max(events // EVENTS_PER_CUT, FEWEST_CUTS), MOST_CUTS))
