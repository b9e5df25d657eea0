"""Checks of a table of events as it is read: the first wrong row is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from omics.events.event_table import DOSE, LEVEL, RESET_AND_DOSE
from omics.events.refuse import refuse_rows

__all__ = ["check_events", "check_kinds"]

if TYPE_CHECKING:
    Flags = pd.Series[bool]

OLD_CODES = 100
"""Rxode2's older codes of events begin here."""

CODED_RATES = (-1, -2)
"""Rates for which the model has the rate or the duration."""

KINDS = range(5)
STEADY_STATES = range(3)


def check_kinds(rows: pd.DataFrame, file: str) -> None:
    """Check the column EVID.

    Parameters
    ----------
    rows
        Columns ``patient``, ``row`` and ``kind``.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a code is unknown.
    """
    kind = rows["kind"]
    named = rows.assign(compartment=kind // 100 % 100)
    infusion = (
        "EVID {kind:g} is an old code of rxode2 for the start or end of an infusion; write EVID 1, CMT "
        "{compartment:g}, the amount in AMT and the rate in RATE, and remove the row of its end"
    )
    refuse_rows(named, kind >= OLD_CODES**2, "old_event_code", infusion, file)
    dose = "EVID {kind:g} is an old code of rxode2 for a dose; write EVID 1 and CMT {compartment:g}"
    refuse_rows(named, kind >= OLD_CODES, "old_event_code", dose, file)
    sentence = (
        "EVID is {kind:g}; write 0 for a level, 1 for a dose, 2 for another event, 3 or 4 for a reset without or "
        "with a dose"
    )
    refuse_rows(rows, ~kind.isin(KINDS), "unknown_event_code", sentence, file)


def check_events(rows: pd.DataFrame, file: str) -> None:
    """Check events before they become an EventTable.

    Parameters
    ----------
    rows
        The columns of an EventTable, in the order of the file; what a row does not have is NaN.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a row is wrong; one sentence with the row and its patient.
    """
    dose = rows["kind"].isin([DOSE, RESET_AND_DOSE])
    _check_times(rows, file)
    _check_doses(rows, dose, file)
    _check_repeats(rows, dose, file)
    _check_first_dose(rows, dose, file)
    compartment = rows["compartment"]
    sentence = "CMT is {compartment:g}; write the number of a compartment from 1, or 0 for the default"
    refuse_rows(rows, (compartment < 0) | (compartment % 1 != 0), "unknown_compartment", sentence, file)


def _check_times(rows: pd.DataFrame, file: str) -> None:
    time, patient = rows["time"], rows["patient"]
    refuse_rows(rows, time.isna(), "missing_time", "TIME is missing; give every row a time", file)
    sentence = "TIME is {time:g}; count times from 0, at or before the first row of the patient"
    refuse_rows(rows, time < 0, "negative_time", sentence, file)
    before = time.groupby(patient).shift()
    sentence = (
        "TIME is {time:g} after {before:g} in the row before; sort the rows of each patient by time, counted from one "
        "origin"
    )
    refuse_rows(rows.assign(before=before), time < before, "unsorted_times", sentence, file)


def _check_doses(rows: pd.DataFrame, dose: Flags, file: str) -> None:
    amount, rate = rows["amount"], rows["rate"].fillna(0)
    refuse_rows(rows, dose & (amount < 0), "negative_amount", "AMT is {amount:g}; a dose is above 0", file)
    endless = _is_endless(rows)
    sentence = "a dose without AMT; give its amount, or EVID 0 for a level"
    refuse_rows(rows, dose & ~(amount > 0) & ~endless, "dose_without_amount", sentence, file)
    sentence = "RATE is {rate:g}; write an amount per time, 0 for a bolus, or -1 or -2 where the model has it"
    refuse_rows(rows, dose & (rate < 0) & ~rate.isin(CODED_RATES), "bad_rate", sentence, file)
    dosing = rows[["amount", "rate", "additional", "interval", "steady_state"]].fillna(0) != 0
    sentence = "EVID {kind:g} is no dose, and AMT, RATE, ADDL, II or SS is not 0; correct one of them"
    refuse_rows(rows, ~dose & dosing.any(axis=1), "dosing_without_dose", sentence, file)
    sentence = "the same dose as in a row above, at the same time; remove it, or add the amounts in one row"
    columns = ["patient", "time", "amount", "rate", "compartment", "kind"]
    refuse_rows(rows, dose & rows.duplicated(columns), "repeated_dose", sentence, file)


def _is_endless(rows: pd.DataFrame) -> Flags:
    """Whether an infusion without an amount is at steady state, which NONMEM writes as AMT 0, SS 1 and a RATE."""
    no_amount = rows["amount"].fillna(0) == 0
    endless: Flags = no_amount & (rows["rate"] > 0) & (rows["steady_state"] == 1)
    return endless


def _check_repeats(rows: pd.DataFrame, dose: Flags, file: str) -> None:
    number, interval, steady = (rows[name].fillna(0) for name in ("additional", "interval", "steady_state"))
    sentence = "ADDL is {additional:g}; write the number of further doses"
    refuse_rows(rows, (number < 0) | (number % 1 != 0), "unknown_event_code", sentence, file)
    sentence = "SS is {steady_state:g}; write 1 for steady state, 2 to add it to what is there, or 0"
    refuse_rows(rows, ~steady.isin(STEADY_STATES), "unknown_event_code", sentence, file)
    sentence = "II is {interval:g}; write the time between doses"
    refuse_rows(rows, interval < 0, "negative_interval", sentence, file)
    sentence = "ADDL {additional:g} without II; give the time between doses in II"
    refuse_rows(rows, dose & (number > 0) & (interval == 0), "additional_without_interval", sentence, file)
    sentence = "SS {steady_state:g} without II; give the time between doses in II"
    wrong = dose & (steady > 0) & (interval == 0) & ~_is_endless(rows)
    refuse_rows(rows, wrong, "steady_state_without_interval", sentence, file)


def _check_first_dose(rows: pd.DataFrame, dose: Flags, file: str) -> None:
    """Check that no level above 0 is before the first dose, where every model predicts 0."""
    given = dose.astype(int).groupby(rows["patient"]).cumsum() > 0
    positive = (rows["kind"] == LEVEL) & rows["observed"] & ~rows["censored"] & (rows["level"] > 0)
    sentence = (
        "a level of {level:g} before the first dose of the patient, where every model predicts 0; add the earlier "
        "doses, or set MDV 1"
    )
    refuse_rows(rows, positive & ~given, "level_before_dose", sentence, file)
