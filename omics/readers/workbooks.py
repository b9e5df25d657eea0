"""Read tables from Excel workbooks (.xlsx)."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.matrix import check_named, check_unique
from omics.readers.notes import attach_notes, is_sentence
from omics.readers.sheets import sheet_cells, sheet_names

__all__ = ["read_xlsx"]

DATES = (datetime.date, datetime.time, datetime.timedelta)

WIDE = 3
"""Number of columns from which a row with one filled cell counts as a title or a footnote."""

NUMBER = re.compile(r"\s*[+-]?(?!0\d)(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def read_xlsx(path: Path, ids: str | None = None, sheet: str | None = None) -> pd.DataFrame:
    """Read one sheet of a workbook; the first row has the names of the columns, the first column the ids.

    Parameters
    ----------
    path
        An Office Open XML workbook; needs the extra ``xlsx``.
    ids
        The column of ids, which stays text, as the first one does.
    sheet
        Name of the sheet; the first one if left out, with a note that names the others.

    Returns
    -------
    DataFrame
        Columns as in the sheet, with the types that a csv file would have: a column with text stays text, which a
        samples table allows and a view does not. An empty cell is not measured; a formula gives its stored value, a
        date its text. Each row of a merged area has its value. Titles above the table and footnotes below it are left
        out, with a note.

    Raises
    ------
    CohortError
        If the file is not a workbook, a column has no name or the name of another column, a name is a date, a formula
        has no stored value, or a cell shows an error.

    Notes
    -----
    ECMA-376, https://ecma-international.org/publications-and-standards/standards/ecma-376/. Spreadsheets convert
    gene names such as SEPT2 to dates: Ziemann et al. 2016, doi 10.1186/s13059-016-1044-7.
    """
    rows = [row for row in sheet_cells(path, sheet) if any(value is not None for value in row)]
    if not rows:
        raise CohortError(
            "the sheet is empty; choose another one with sheet: NAME", "empty_table", file=str(path)
        )
    width = max(place for row in rows for place, value in enumerate(row, start=1) if value is not None)
    rows, notes = _without_sentences([(row + [None] * width)[:width] for row in rows])
    first, *others = sheet_names(path)
    if sheet is None and others:
        notes.append(
            f"the sheet '{first}' is read, and not {', '.join(others)}; sheet: NAME reads another one"
        )
    header, *body = rows
    names = [_name(value, path) or "" for value in header]
    check_named(names, "column", "empty_feature", str(path))
    check_unique(names, str(path))
    named = [[_name(row[0], path), *map(_plain, row[1:])] for row in body]
    frame = pd.DataFrame(named, columns=names)
    empty = frame.columns[1:][frame.iloc[:, 1:].isna().all()]
    typed = frame.astype(dict.fromkeys(empty, np.float64))
    return attach_notes(typed.assign(**_stored_as_text(typed, ids)), notes)


def _stored_as_text(frame: pd.DataFrame, index: str | None) -> dict[str, pd.Series[Any]]:
    """Columns of numbers that the sheet has as text, converted as those of a csv file; ids stay text."""
    converted = {}
    for name in frame.columns[1:]:
        column = frame[name]
        texts = [value for value in column if isinstance(value, str)]
        if column.dtype == object and texts and name != index and all(map(NUMBER.fullmatch, texts)):
            converted[str(name)] = pd.to_numeric(column)
    return converted


def _without_sentences(rows: list[list[Any]]) -> tuple[list[list[Any]], list[str]]:
    """Rows of the table, without titles above it and footnotes below it, and a note on each of these."""
    notes = []
    if len(rows[0]) >= WIDE:
        while len(rows) > 1 and _is_sentence(rows[0]):
            notes.append(f"a row above the header left out: {rows.pop(0)[0]}")
        while (
            len(rows) > 1
            and _is_sentence(rows[-1])
            and is_sentence(rows[-1][0], [str(row[0]) for row in rows[:-1]])
        ):
            notes.append(f"a row below the table left out: {rows.pop()[0]}")
    return rows, notes


def _is_sentence(row: list[Any]) -> bool:
    """Whether only the first cell is filled, with text."""
    return isinstance(row[0], str) and all(value is None for value in row[1:])


def _name(value: Any, path: Path) -> str | None:
    if isinstance(value, DATES):
        raise CohortError(
            f"the name {_plain(value)} is a date and perhaps was a gene; write it as text",
            "date_for_name",
            file=str(path),
        )
    # A sheet does not distinguish integers: the id 7 may be stored as 7.0.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    # pandas would silently convert dates and durations to nanoseconds where a number is expected.
    return str(value) if isinstance(value, DATES) else value
