"""Times of events: numbers, or times of the clock with dates, which become times since each patient's first row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from omics.events.cells import numbers_of, texts_of
from omics.events.event_table import HOURS
from omics.events.refuse import refuse_rows

__all__ = ["event_times"]

if TYPE_CHECKING:
    Column = pd.Series[Any]
    Numbers = pd.Series[float]

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
DATE = re.compile(r"\d{4}-\d\d-\d\d")
STAMP = re.compile(rf"{DATE.pattern}[T ]{CLOCK.pattern}(\.0+)?")

CLOCK_NOTE = "times of the clock were read as {unit} since the first row of each patient"


def event_times(
    rows: pd.DataFrame,
    times: Column,
    dates: Column | None,
    time_unit: Literal["hours", "days"],
    file: str,
) -> tuple[Numbers, list[str]]:
    """Convert the column TIME, and DATE where there is one, to times since the origin of each patient.

    Parameters
    ----------
    rows
        Columns ``patient`` and ``row`` of the events.
    times
        (rows,) numbers, times such as ``10:30``, or dates with times such as ``2024-03-01 10:30``.
    dates
        (rows,) numbers of days or dates such as ``2024-03-01``, for times of the clock; None without them.
    time_unit
        Unit of numbers in `times`, and of the answer.
    file
        Named in errors.

    Returns
    -------
    tuple
        (rows,) times as float, and notes.

    Raises
    ------
    CohortError
        If a time is no time, a date is written in another way, times of the clock pass midnight without a date, or
        dates differ within a patient whose times are numbers.
    """
    texts = texts_of(times)
    stamped, clocked = _has_form(texts, STAMP), _has_form(texts, CLOCK)
    if not (stamped | clocked).any():
        _check_no_dates(rows, dates, file)
        return numbers_of(rows, times, "TIME", file), []
    form = stamped if stamped.any() else clocked
    sentence = "the time '{text}' is written in another way than the others; write all times in one way"
    refuse_rows(rows.assign(text=texts), ~form, "mixed_times", sentence, file)
    hours = _stamps(texts) if stamped.any() else _clock(texts)
    if clocked.any() and dates is not None:
        hours += 24 * _days(rows, dates, file)
    since = (hours - hours.groupby(rows["patient"]).transform("first")) / HOURS[time_unit]
    if clocked.any() and dates is None:
        sentence = "the clock is earlier than in the row before; add a column DATE where it passes midnight"
        refuse_rows(rows, since.groupby(rows["patient"]).diff() < 0, "unsorted_times", sentence, file)
    return since, [CLOCK_NOTE.format(unit=time_unit)]


def _has_form(texts: pd.Series[str], form: re.Pattern[str]) -> pd.Series[bool]:
    return texts.map(lambda text: bool(form.fullmatch(text)))


def _check_no_dates(rows: pd.DataFrame, dates: Column | None, file: str) -> None:
    """Check that no dates differ within a patient beside times that are numbers: either may be the time of the day."""
    if dates is None:
        return
    differ = dates.astype(str).groupby(rows["patient"]).transform("nunique") > 1
    sentence = (
        "DATE differs within the patient and TIME is a number; write the time since the first dose and remove "
        "DATE, or write times of the clock such as 10:30"
    )
    refuse_rows(rows, differ, "unclear_date", sentence, file)


def _clock(texts: pd.Series[str]) -> Numbers:
    parts = texts.str.extract(CLOCK).astype(float).fillna(0)
    return parts[0] + parts[1] / 60 + parts[2] / 3600


def _stamps(texts: pd.Series[str]) -> Numbers:
    moments = pd.to_datetime(texts, format="ISO8601")
    return (moments - pd.Timestamp(0)).dt.total_seconds() / 3600


def _days(rows: pd.DataFrame, dates: Column, file: str) -> Numbers:
    texts = texts_of(dates).str.removesuffix(" 00:00:00")
    written = _has_form(texts, DATE)
    if not written.all():
        slashed = texts.str.contains(r"[/.-]", regex=True) & ~texts.str.fullmatch(r"\d+\.0*")
        sentence = "the date '{text}' can be read in several ways; write it as 2024-03-01"
        refuse_rows(rows.assign(text=texts), slashed | (texts == ""), "unclear_date", sentence, file)
        return numbers_of(rows, dates, "DATE", file)
    return (pd.to_datetime(texts, format="%Y-%m-%d") - pd.Timestamp(0)).dt.days.astype(float)
