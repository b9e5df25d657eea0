"""Cells of the sheets of an Excel workbook (.xlsx)."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from omics.common.errors import CohortError, nearest
from omics.common.memory import check_memory
from omics.readers.delimited import missing_to_none
from omics.readers.optional_packages import require_package
from omics.readers.sizes import check_members

__all__ = ["first_rows", "sheet_cells", "sheet_names"]

PER_BYTE = 5
"""Bytes in memory for each byte of an unpacked workbook."""

PER_CELL = 32
"""Bytes in memory for each cell."""

MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+[0-9]+(?::[A-Z]+[0-9]+)?)"')
"""Merged area in the xml of a sheet; a library that reads them would visit every cell of the area."""


def sheet_names(path: Path) -> list[str]:
    """Names of the sheets of a workbook, in their order.

    Raises
    ------
    CohortError
        If the file is not a workbook.
    """
    with _opened(path, path.read_bytes(), [True]) as (book,):
        return [str(sheet.title) for sheet in book.worksheets]


def first_rows(path: Path, count: int) -> dict[str, list[list[Any]]]:
    """Read the first rows of each sheet, to see what it holds.

    Parameters
    ----------
    path
        The workbook.
    count
        Number of rows.

    Returns
    -------
    dict
        Name of the sheet -> its rows; a cell with an error is its text.
    """
    with _opened(path, path.read_bytes(), [True]) as (book,):
        rows = {}
        for sheet in book.worksheets:
            sheet.reset_dimensions()
            rows[str(sheet.title)] = [list(row) for row in islice(sheet.iter_rows(values_only=True), count)]
        return rows


def sheet_cells(path: Path, name: str | None = None) -> list[list[Any]]:
    """Read the cells of a sheet, row by row; an empty cell is None.

    Parameters
    ----------
    path
        The workbook; needs the extra ``xlsx``.
    name
        Name of the sheet; the first one if left out.

    Returns
    -------
    list of list
        Rows, which may have different lengths. A formula gives its stored value; each row of a merged area has its
        value.

    Raises
    ------
    CohortError
        If the file is not a workbook, there is no such sheet, a formula has no stored value, or a cell shows an error.
    """
    content = path.read_bytes()  # openpyxl does not close a file that it cannot read
    rows: list[list[Any]] = []
    cells = 0
    with _opened(path, content, [True, False]) as books:
        sheets = [_sheet(book, name, path) for book in books]
        for sheet in sheets:
            # Programs that stream a sheet may declare a size that is too small, and rows would be lost.
            sheet.reset_dimensions()
        for pair in zip(*(sheet.iter_rows() for sheet in sheets), strict=True):
            rows.append([_value(cell, formula, path) for cell, formula in zip(*pair, strict=True)])
            # One cell far to the right makes a row of all cells before it.
            cells += len(rows[-1])
            check_memory(cells * PER_CELL, str(path), "the sheet")
        return _filled(rows, _merged_areas(content, sheets[0]._worksheet_path), str(path))


@contextmanager
def _opened(path: Path, content: bytes, values: list[bool]) -> Iterator[list[Any]]:
    """Open a workbook for each of `values`, which says whether formulas give their stored value."""
    openpyxl = require_package("openpyxl", "xlsx", "xlsx")
    try:
        with zipfile.ZipFile(BytesIO(content)) as book:
            check_members(book, str(path), PER_BYTE)
        # Warnings are about styles and extensions, not about values.
        with warnings.catch_warnings(action="ignore"), ExitStack() as stack:
            opened = [
                openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=stored)
                for stored in values
            ]
            for book in opened:
                stack.enter_context(closing(book))
            yield opened
    except (zipfile.BadZipFile, KeyError, IndexError, SyntaxError) as error:
        raise CohortError(
            f"not a readable workbook ({error}); save it again as .xlsx", "unreadable_file", file=str(path)
        ) from None


def _sheet(book: Any, name: str | None, path: Path) -> Any:
    names = [str(sheet.title) for sheet in book.worksheets]
    if name is None:
        return book.worksheets[0]
    if name not in names:
        raise CohortError(f"no sheet '{name}'; {nearest(name, names)}", "missing_sheet", file=str(path))
    return book.worksheets[names.index(name)]


def _merged_areas(content: bytes, member: str) -> list[tuple[int, int, int, int]]:
    """List the merged cells of a sheet: first row, last row, first column, last column, counted from 0."""
    with zipfile.ZipFile(BytesIO(content)) as book:
        references = MERGED.findall(book.read(member))
    bounds = require_package("openpyxl.utils.cell", "xlsx", "xlsx").range_boundaries
    areas = (bounds(reference.decode()) for reference in references)
    return [(top - 1, bottom - 1, left - 1, right - 1) for left, top, right, bottom in areas]


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
