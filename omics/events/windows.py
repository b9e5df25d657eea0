"""Windows of exposure: from when to when it counts, which ends before the outcome does."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.events.event_table import HOURS, EventTable

__all__ = ["ALL_EVENTS", "FIRST_CYCLE", "check_window", "window_ends"]

FIRST_CYCLE, ALL_EVENTS = "first_cycle", "all"
"""Windows from the first dose to the end of its interval, and to the last row of the patient."""

DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""Days in a unit of an endpoint."""

ROUNDING = 1e-9
"""Relative difference of times in two units that is none."""


def window_ends(events: EventTable, window: str | float = FIRST_CYCLE) -> pd.Series[float]:
    """Find the end of the window of each patient; it begins with their first dose.

    Parameters
    ----------
    events
        Doses and levels.
    window
        FIRST_CYCLE, ALL_EVENTS, or a time in the unit of `events`, from the same origin.

    Returns
    -------
    Series of float
        (patients,) ends in the unit of `events`, by patient; NaN where there is no dose, or where the first dose has no
        interval and no dose follows.
    """
    doses = events.table[events.is_dose]
    start = doses.groupby("patient", sort=False)["time"].min().reindex(events.patients)
    if window == FIRST_CYCLE:
        return (start + _first_interval(doses, start)).rename("end")
    last = events.table.groupby("patient", sort=False)["time"].max()
    ends = last if window == ALL_EVENTS else pd.Series(float(window), last.index)
    return ends.where(start.notna()).rename("end")


def _first_interval(doses: pd.DataFrame, start: pd.Series[float]) -> pd.Series[float]:
    """II of the first dose, or else the time to the next one."""
    since = doses["time"] - doses["patient"].map(start)
    repeated = doses["interval"].where((since == 0) & (doses["interval"] > 0))
    by_patient = doses["patient"]
    intervals = repeated.groupby(by_patient).min()
    return intervals.fillna(since.where(since > 0).groupby(by_patient).min()).reindex(start.index)


def check_window(
    ends: pd.Series[float],
    time_unit: str,
    follow_up: pd.Series[float],
    unit: str,
    *,
    endpoint: str,
    file: str,
) -> None:
    """Refuse windows that end after the event or the end of follow-up: exposure after it cannot predict it.

    Parameters
    ----------
    ends
        As from :func:`window_ends`, counted from the same origin as `follow_up`.
    time_unit
        Unit of `ends`: hours or days.
    follow_up
        (n,) time of the event or of the end of follow-up by patient; NaN where it is not observed.
    unit
        Unit of `follow_up`: days, weeks, months or years.
    endpoint
        Name of the endpoint, for errors.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If the window of a patient ends after their follow-up.
    """
    day = ends.reindex(follow_up.index) * HOURS[time_unit] / HOURS["days"]
    late = day - follow_up * DAYS[unit] > ROUNDING * np.maximum(day, 1)
    if late.any():
        patient = str(late.idxmax())
        raise CohortError(
            f"the window of exposure ends on day {day[patient]:.3g}, after the event or the end of follow-up of "
            f"'{endpoint}' on day {follow_up[patient] * DAYS[unit]:.3g} ({int(late.sum())} patient(s)); give an "
            "earlier window",
            "window_after_endpoint",
            file=file,
            patient=patient,
        )
