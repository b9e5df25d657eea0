"""EventTable: doses and levels of patients, in the columns of a NONMEM data set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

__all__ = ["COLUMNS", "DOSE", "HOURS", "LEVEL", "OTHER", "RESET", "RESET_AND_DOSE", "EventTable"]

LEVEL, DOSE, OTHER, RESET, RESET_AND_DOSE = range(5)
"""Kinds of events (EVID): a level, a dose, another event (a covariate changes), a reset, a reset with a dose."""

COLUMNS = (
    "patient",
    "time",
    "amount",
    "rate",
    "kind",
    "compartment",
    "level",
    "observed",
    "additional",
    "interval",
    "steady_state",
    "censored",
    "limit",
    "occasion",
    "row",
)


HOURS = {"hours": 1.0, "days": 24.0}
"""Hours in a unit of time."""


@dataclass(frozen=True)
class EventTable:
    """Doses and levels, one row per event, sorted by patient and time; rows of one time keep the order of the file.

    ``table`` has the columns of COLUMNS and those named in ``covariates``:

    =============== ==================================================================================
    patient         id, str
    time            time since a patient's origin, in ``time_unit``; not negative
    amount          amount of a dose, in the unit of the model; NaN for other events
    rate            amount per time of an infusion; 0 for a bolus; -1 and -2 where the model has the rate or duration
    kind            LEVEL, DOSE, OTHER, RESET or RESET_AND_DOSE
    compartment     number of the compartment of a dose or level, from 1; 0 for the model's default
    level           measured level; the limit where it is below the limit; NaN where there is none
    observed        bool: the level counts (a level with MDV 1 is predicted but does not count)
    additional      number of further doses of the same kind, each ``interval`` after the one before
    interval        dosing interval; 0 if there is none
    steady_state    0, 1 (steady state of this dose and interval alone) or 2 (steady state added to what is there)
    censored        bool: the level is below ``limit``, the lower limit of quantification
    limit           lower limit of quantification; NaN if none is known
    occasion        number of the occasion, from 0
    row             row of the file, from 1 without the header, for messages
    =============== ==================================================================================

    A covariate holds the value at the time of its row. Between two rows the value of the later row counts (next
    observation carried backward), as in NONMEM.
    """

    table: pd.DataFrame
    covariates: tuple[str, ...] = ()
    time_unit: Literal["hours", "days"] = "hours"

    def __post_init__(self) -> None:
        missing = [name for name in (*COLUMNS, *self.covariates) if name not in self.table]
        assert not missing, missing

    @property
    def is_dose(self) -> pd.Series[bool]:
        """Which rows give a dose."""
        return self.table["kind"].isin([DOSE, RESET_AND_DOSE])

    @property
    def patients(self) -> pd.Index:
        """Ids of the patients, in the order of the table."""
        return pd.Index(self.table["patient"].unique())

    def take(self, patients: pd.Index) -> EventTable:
        """Select the events of some patients."""
        kept = self.table[self.table["patient"].isin(patients)].reset_index(drop=True)
        return EventTable(kept, self.covariates, self.time_unit)

    def in_unit(self, time_unit: Literal["hours", "days"]) -> EventTable:
        """Convert times, intervals and rates to another unit of time; rates of -1 and -2 are codes and stay.

        Examples
        --------
        >>> row = dict.fromkeys(COLUMNS, 0) | {"time": 48.0, "interval": 12.0, "rate": 10.0}
        >>> days = EventTable(pd.DataFrame([row])).in_unit("days").table
        >>> days[["time", "interval", "rate"]].iloc[0].to_list()
        [2.0, 0.5, 240.0]
        """
        factor = HOURS[self.time_unit] / HOURS[time_unit]
        table = self.table
        converted = table.assign(
            time=table["time"] * factor,
            interval=table["interval"] * factor,
            rate=table["rate"].where(table["rate"] < 0, table["rate"] / factor),
        )
        return EventTable(converted, self.covariates, time_unit)
