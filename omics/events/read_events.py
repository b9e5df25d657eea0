"""Read tables of doses and levels in the layout of NONMEM."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.events.cells import numbers_of, texts_of
from omics.events.check_events import check_events, check_kinds
from omics.events.event_table import COLUMNS, DOSE, LEVEL, OTHER, EventTable
from omics.events.levels import read_levels
from omics.events.refuse import refuse_rows
from omics.events.times import event_times
from omics.readers.notes import attach_notes, notes_of
from omics.readers.plain_tables import read_columns, read_table

__all__ = ["read_events"]

if TYPE_CHECKING:
    Cells = Mapping[str, pd.Series[Any]]

REQUIRED = ("ID", "TIME", "AMT")
OPTIONAL = (
    "RATE",
    "EVID",
    "CMT",
    "DV",
    "MDV",
    "ADDL",
    "II",
    "SS",
    "BLQ",
    "CENS",
    "LLOQ",
    "OCC",
    "DATE",
    "DVID",
)

UNREAD = {
    **dict.fromkeys(("TINF", "DUR"), "write the amount divided by it into a column RATE"),
    **dict.fromkeys(("BLOQ", "BQL"), "name it BLQ"),
    **dict.fromkeys(("LOQ", "LLQ"), "name it LLOQ"),
}
"""Columns of other programs that would change doses or levels -> what to do."""

DOSING = {"AMT": "amount", "RATE": "rate", "ADDL": "additional", "II": "interval", "SS": "steady_state"}
"""Columns that describe a dose -> columns of an EventTable."""


def read_events(
    path: str | Path,
    covariates: Mapping[str, str] | None = None,
    time_unit: Literal["hours", "days"] = "hours",
    samples: pd.DataFrame | None = None,
) -> EventTable:
    """Read doses and levels.

    Parameters
    ----------
    path
        A table in any plain format, with the columns ID, TIME and AMT, and where needed RATE, EVID, CMT, DV, MDV, ADDL,
        II, SS, BLQ or CENS, LLOQ, OCC and DATE, in any order and case. A point means missing. Columns that are absent
        have the defaults of NONMEM. Other columns are ignored.
    covariates
        Name of a covariate in the model -> column of the table, or of `samples`.
    time_unit
        Unit of TIME, II and of the time in RATE.
    samples
        One row per patient, indexed by id: covariates that do not change and are not in the table.

    Returns
    -------
    EventTable
        The events, by patient in the order of the file. ``notes_of(events.table)`` lists what was read by a rule.

    Raises
    ------
    CohortError
        One sentence with file, row and patient.
    """
    path = Path(path)
    file = str(path)
    frame, columns = _read(path, (covariates or {}).values())
    cells = {name: frame[column] for name, column in columns.items() if name != "ID"}
    rows = pd.DataFrame({"patient": frame["patient"], "row": np.arange(1, len(frame) + 1)})
    _check_one_kind_of_level(rows, cells, file)
    rows["time"], notes = event_times(rows, cells["TIME"], cells.get("DATE"), time_unit, file)
    for name, column in DOSING.items():
        rows[column] = _numbers(rows, cells, name, file)
    rows["kind"] = _kinds(rows, cells, file)
    check_kinds(rows, file)
    rows["compartment"] = _numbers(rows, cells, "CMT", file).fillna(0)
    rows["occasion"] = _occasions(rows, cells, file)
    levels = read_levels(rows, cells, file)
    rows = rows.join(levels)
    for name, column in (covariates or {}).items():
        rows[name] = _covariate(rows, frame, name, column, samples, file)
    check_events(rows, file)
    return _table(rows, tuple(covariates or {}), time_unit, [*notes_of(frame), *notes, *notes_of(levels)])


def _read(path: Path, covariates: Collection[str]) -> tuple[pd.DataFrame, dict[str, str]]:
    """Table of a file with the column ``patient``, and name of a column in NONMEM -> its name in the file."""
    written: dict[str, str] = {}
    for column in map(str, read_columns(path).columns):
        name = column.lstrip("#").strip().upper()
        if name in written and name in (*REQUIRED, *OPTIONAL):
            sentence = f"the columns {written[name]} and {column} are both {name}; remove one of them"
            raise CohortError(sentence, "duplicate_column", file=str(path), column=column)
        if name in UNREAD and column not in covariates:
            sentence = f"this column is not read; {UNREAD[name]}"
            raise CohortError(sentence, "other_event_column", file=str(path), column=column)
        written[name] = column
    for name in REQUIRED:
        if name not in written:
            known = [column for key, column in written.items() if key not in REQUIRED]
            sentence = f"no such column; {nearest(name, known)}"
            raise CohortError(sentence, "missing_column", file=str(path), column=name)
    table = read_table(path, written["ID"], unique=False)
    frame = table.reset_index(drop=True).assign(patient=table.index.to_numpy())
    return frame, {name: written[name] for name in (*REQUIRED, *OPTIONAL) if name in written}


def _numbers(rows: pd.DataFrame, cells: Cells, name: str, file: str) -> pd.Series[float]:
    if name not in cells:
        return pd.Series(np.nan, rows.index)
    return numbers_of(rows, cells[name], name, file)


def _check_one_kind_of_level(rows: pd.DataFrame, cells: Cells, file: str) -> None:
    """Check that DVID does not name two kinds of measurements, such as a level and an effect."""
    if "DVID" not in cells:
        return
    amounts = _numbers(rows, cells, "AMT", file).fillna(0)
    kinds = cells["DVID"].astype(str)[amounts == 0]
    first = kinds.iloc[0] if len(kinds) else ""
    sentence = "DVID is {kind} and {first} above; keep the rows with the levels of one drug"
    named = rows.loc[kinds.index].assign(kind=kinds, first=first)
    refuse_rows(named, kinds != first, "several_kinds_of_levels", sentence, file)


def _kinds(rows: pd.DataFrame, cells: Cells, file: str) -> pd.Series[float]:
    """EVID; where it is missing, a row with dosing information is a dose, and one with MDV 1 is another event."""
    given = _numbers(rows, cells, "EVID", file)
    dosing = (rows[list(DOSING.values())].fillna(0) != 0).any(axis=1)
    no_level = _numbers(rows, cells, "MDV", file) == 1
    return given.fillna(pd.Series(np.where(dosing, DOSE, np.where(no_level, OTHER, LEVEL)), rows.index))


def _occasions(rows: pd.DataFrame, cells: Cells, file: str) -> pd.Series[int]:
    """Occasions of each patient, numbered from 0 in the order of the file."""
    if "OCC" not in cells:
        return pd.Series(0, rows.index)
    texts = texts_of(cells["OCC"])
    sentence = "OCC is missing; give every row the number of its occasion"
    refuse_rows(rows, texts.isin(["", "."]), "missing_occasion", sentence, file)
    numbers: pd.Series[int] = texts.groupby(rows["patient"]).transform(lambda one: pd.factorize(one)[0])
    return numbers.astype(int)


def _covariate(
    rows: pd.DataFrame,
    frame: pd.DataFrame,
    name: str,
    column: str,
    samples: pd.DataFrame | None,
    file: str,
) -> pd.Series[float]:
    """Values of a covariate from the table of events, or else from the samples table."""
    if name in COLUMNS:
        sentence = f"the covariate '{name}' has the name of a column of events; choose another name"
        raise CohortError(sentence, "reserved_name", file=file, column=name)
    if column in frame:
        values = numbers_of(rows, frame[column], column, file)
    elif samples is not None and column in samples:
        cells = samples[column].reindex(rows["patient"]).set_axis(rows.index)
        # Patients who are not in the samples table are left out later.
        known = rows["patient"].isin(samples.index)
        values = numbers_of(rows, cells, column, file).where(known, 0.0)
    else:
        choices = [*map(str, frame.columns), *([] if samples is None else map(str, samples.columns))]
        sentence = f"no such column, for the covariate {name}; {nearest(column, choices)}"
        raise CohortError(sentence, "missing_column", file=file, column=column)
    sentence = "the covariate {covariate} is missing; give every row its value"
    named = rows.assign(covariate=name)
    refuse_rows(named, values.isna(), "missing_covariate", sentence, file)
    return values


def _table(
    rows: pd.DataFrame,
    covariates: tuple[str, ...],
    time_unit: Literal["hours", "days"],
    notes: list[str],
) -> EventTable:
    """Bring the rows of each patient together, in the types of an EventTable."""
    order = pd.Series(pd.factorize(rows["patient"])[0], rows.index).sort_values(kind="stable").index
    table = rows.loc[order, [*COLUMNS, *covariates]].reset_index(drop=True)
    zeros = dict.fromkeys(("rate", "additional", "interval", "steady_state"), 0.0)
    whole = dict.fromkeys(("kind", "compartment", "additional", "steady_state", "occasion", "row"), "int64")
    table = table.fillna(zeros).astype(whole)
    is_dose = EventTable(table, covariates, time_unit).is_dose
    table["amount"] = table["amount"].where(is_dose)
    return EventTable(attach_notes(table, notes), covariates, time_unit)
