"""Windows of exposure: from when to when it counts, which ends before the outcome does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.events.event_table import HOURS, EventTable

__all__ = ["FIRST_CYCLE", "check_window", "window_bounds"]

FIRST_CYCLE = "first_cycle"
"""The window from the first dose to the second occasion (cycle), or to the second dose where there is one occasion."""

DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""Days in a unit of an endpoint."""


def window_bounds(events: EventTable, window: str | Sequence[float] = FIRST_CYCLE) -> pd.DataFrame:
    """Find the start and the end of the window of each patient.

    Parameters
    ----------
    events
        Doses and levels.
    window
        FIRST_CYCLE, or the start and end since the first dose in the unit of `events`.

    Returns
    -------
    DataFrame
        (patients, 2) the columns ``start`` and ``end`` in the unit of `events`, by patient; NaN without a dose. The
        first cycle of a patient with one occasion and one dose ends with their last row.
    """
    doses = events.table[events.is_dose]
    start = doses.groupby("patient", sort=False)["time"].min().reindex(events.patients)
    if window == FIRST_CYCLE:
        end = _end_of_first_cycle(events, start)
    else:
        first, last = (float(bound) for bound in window)
        start, end = start + first, start + last
    return pd.DataFrame({"start": start, "end": end}, index=events.patients.rename("patient"))


def _end_of_first_cycle(events: EventTable, start: pd.Series[float]) -> pd.Series[float]:
    table = events.table
    first_dose = table["patient"].map(start)
    later = events.is_dose & (table["time"] > first_dose)
    repeated = events.is_dose & (table["time"] == first_dose) & (table["additional"] > 0)
    times = pd.concat([table["time"][later], (table["time"] + table["interval"])[repeated]])
    second_dose = times.groupby(table["patient"].reindex(times.index)).min()
    occasions = table["occasion"].groupby(table["patient"])
    next_cycle = table["time"][table["occasion"] > occasions.transform("min")]
    second_cycle = next_cycle.groupby(table["patient"]).min()
    last = table.groupby("patient", sort=False)["time"].max()
    by_patient = [series.reindex(start.index) for series in (second_cycle, second_dose, last)]
    return by_patient[0].fillna(by_patient[1]).fillna(by_patient[2]).where(start.notna())


def check_window(
    bounds: pd.DataFrame,
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
    bounds
        As from :func:`window_bounds`, counted from the same origin as `follow_up`.
    time_unit
        Unit of `bounds`: hours or days.
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
    ends = bounds["end"].reindex(follow_up.index) * HOURS[time_unit] / HOURS["days"]
    after = ends - follow_up * DAYS[unit]
    late = after > 1e-9 * np.maximum(ends, 1)
    if late.any():
        patient = str(late.idxmax())
        raise CohortError(
            f"the window of exposure ends on day {ends[patient]:.3g}, after the event or the end of follow-up of "
            f"'{endpoint}' on day {follow_up[patient] * DAYS[unit]:.3g} ({int(late.sum())} patient(s)); give an "
            "earlier window",
            "window_after_endpoint",
            file=file,
            patient=patient,
        )
