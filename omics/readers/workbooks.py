"""Read tables from Excel workbooks (.xlsx)."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.common.memory import check_memory
from omics.readers.delimited import missing_to_none
from omics.readers.matrix import check_named, check_unique
from omics.readers.notes import attach_notes, is_sentence
from omics.readers.optional_packages import require_package
from omics.readers.sizes import check_members

__all__ = ["read_xlsx"]

DATES = (datetime.date, datetime.time, datetime.timedelta)

WIDE = 3
"""Number of columns from which a row with one filled cell counts as a title or a footnote."""

PER_BYTE = 5
"""Bytes in memory for each byte of an unpacked workbook."""

PER_CELL = 32
"""Bytes in memory for each cell."""

MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+[0-9]+(?::[A-Z]+[0-9]+)?)"')
"""Merged area in the xml of a sheet; a library that reads them would visit every cell of the area."""

NUMBER = re.compile(r"\s*[+-]?(?!0\d)(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")


def read_xlsx(path: Path, ids: str | None = None) -> pd.DataFrame:
    """Read the first sheet of a workbook; the first row has the names of the columns, the first column the ids.

    Parameters
    ----------
    path
        An Office Open XML workbook; needs the extra ``xlsx``.
    ids
        The column of ids, which stays text, as the first one does.

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
    rows = [row for row in _cells(path) if any(value is not None for value in row)]
    if not rows:
        raise CohortError("the first sheet is empty; move the table there", "empty_table", file=str(path))
    width = max(place for row in rows for place, value in enumerate(row, start=1) if value is not None)
    rows, notes = _without_sentences([(row + [None] * width)[:width] for row in rows])
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


def _merged_areas(content: bytes) -> list[tuple[int, int, int, int]]:
    """List the merged cells of the first sheet: first row, last row, first column, last column, counted from 0."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        references = MERGED.findall(book.read(_first_sheet(book)))
    bounds = require_package("openpyxl.utils.cell", "xlsx", "xlsx").range_boundaries
    areas = (bounds(reference.decode()) for reference in references)
    return [(top - 1, bottom - 1, left - 1, right - 1) for left, top, right, bottom in areas]


def _first_sheet(book: zipfile.ZipFile) -> str:
    """Member of the archive that may have the first sheet; the sheets are numbered in their order by all programs."""
    sheets = sorted(
        (name for name in book.namelist() if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)),
        key=lambda name: (len(name), name),
    )
    return sheets[0]


def _filled(rows: list[list[Any]], areas: list[tuple[int, int, int, int]], file: str) -> list[list[Any]]:
    """Rows in which every cell of a merged area has the value of the area; the header and the ids stay as they are."""
    cells = sum((min(bottom, len(rows)) + 1 - top) * (right + 1 - left) for top, bottom, left, right in areas)
    check_memory(cells * PER_CELL, file, "what the merged cells hold")
    for top, bottom, left, right in areas:
        value = rows[top][left] if top < len(rows) and left < len(rows[top]) else None
        for row in rows[top : bottom + 1]:
            # A title that is merged over the width of the table is one cell.
            if top == bottom and right > left:
                continue
            row.extend([None] * (right + 1 - len(row)))
            row[left : right + 1] = [value] * (right + 1 - left)
    return rows


def _cells(path: Path) -> list[list[Any]]:
    openpyxl = require_package("openpyxl", "xlsx", "xlsx")
    content = path.read_bytes()  # openpyxl does not close a file that it cannot read
    rows: list[list[Any]] = []
    cells = 0
    try:
        with zipfile.ZipFile(BytesIO(content)) as book:
            check_members(book, str(path), PER_BYTE)
        with (
            warnings.catch_warnings(
                action="ignore"
            ),  # they are about styles and extensions, not about values
            closing(openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)) as stored,
            closing(openpyxl.load_workbook(BytesIO(content), read_only=True)) as written,
        ):
            sheets = [book.worksheets[0] for book in (stored, written)]
            for sheet in sheets:
                # Programs that stream a sheet may declare a size that is too small, and rows would be lost.
                sheet.reset_dimensions()
            for pair in zip(*(sheet.iter_rows() for sheet in sheets), strict=True):
                rows.append([_value(cell, formula, path) for cell, formula in zip(*pair, strict=True)])
                # One cell far to the right makes a row of all cells before it.
                cells += len(rows[-1])
                check_memory(cells * PER_CELL, str(path), "the first sheet")
        return _filled(rows, _merged_areas(content), str(path))
    except (zipfile.BadZipFile, KeyError, IndexError, SyntaxError) as error:
        raise CohortError(
            f"not a readable workbook ({error}); save it again as .xlsx", "unreadable_file", file=str(path)
        ) from None


def _value(cell: Any, formula: Any, path: Path) -> Any:
    value = cell.value
    if cell.data_type == "e":
        raise CohortError(
            f"the cell {cell.coordinate} shows {value}; correct or empty it", "error_cell", file=str(path)
        )
    # A formula with an empty result stores an empty text (t="str"); one that was never calculated stores nothing.
    if value is None and formula.data_type == "f" and cell.data_type == "n":
        raise CohortError(
            f"the formula in {formula.coordinate} has no stored value; open the workbook in a spreadsheet "
            "program and save it",
            "formula_without_value",
            file=str(path),
        )
    if isinstance(value, str):
        return missing_to_none(value)
    return value


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
