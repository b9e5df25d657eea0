"""Read delimited text strictly: every cell stays text until a reader asks for numbers."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.arrow_csv import Header, check_columns, malformed, read_text_columns
from omics.readers.column_types import typed_columns
from omics.readers.not_numbers import not_a_number
from omics.readers.text_files import check_header_line, iterate_lines, nul_byte_error, open_text, read_lines

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "MISSING",
    "Cells",
    "Header",
    "fit_to_header",
    "missing_to_none",
    "read_cells",
    "read_header",
    "split_line",
    "with_row_names",
]

MISSING: tuple[str, ...] = ("", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "'--", "--")
MISSING += (
    "[Not Available]",
    "[Not Applicable]",
    "[Not Evaluated]",
    "[Not Reported]",
    "[Unknown]",
    "[Discrepancy]",
    "[Completed]",
    "[Pending]",
)
"""Texts that mean "not measured", also as the GDC and cBioPortal write them; any other text in place of a number is an
error."""

TOGETHER = 2**20  # cells that are converted together; one call of pyarrow per column would take seconds
PER_BYTE = 10  # bytes in memory for each byte of text that is read as cells
MOST_HEADER_LINES = 100  # a header in quotes that never close would take the whole file


@dataclass(frozen=True)
class Cells:
    """Text columns of a file.

    Attributes
    ----------
    file
        Named in errors.
    columns
        Name -> pyarrow array of strings, null where not measured.
    labels
        The first column of the file, which identifies a row in errors.
    line
        Line number of the first row.
    """

    file: str
    columns: dict[str, pa.ChunkedArray]
    labels: pa.ChunkedArray
    line: int

    def text(self, name: str) -> list[str]:
        """Cells of a column without spaces around them; empty where missing."""
        return [(value or "").strip() for value in self.columns[name].to_pylist()]

    def typed(self, names: Sequence[str]) -> pd.DataFrame:
        """Columns converted to whole numbers, numbers or truth values where every cell allows it; text otherwise.

        A cell such as 007 makes its column text, since an id would lose its leading zeros as a number.
        """
        wide = max(1, TOGETHER // max(1, len(self.labels)))
        slabs = (names[i : i + wide] for i in range(0, len(names), wide))
        parts = [
            part for slab in slabs for part in typed_columns([self.columns[name] for name in slab], slab)
        ]
        if not parts:
            return pd.DataFrame(index=range(len(self.labels)))
        return pd.concat(parts, axis="columns")[list(names)]

    def below(self, rows: int) -> Cells:
        """Return the cells without the first `rows` rows."""
        columns = {name: column.slice(rows) for name, column in self.columns.items()}
        return Cells(self.file, columns, self.labels.slice(rows), self.line + rows)

    def numbers(self, names: Sequence[str]) -> NDArray[np.float64]:
        """Columns as float64 (rows x names), NaN where not measured.

        Raises
        ------
        CohortError
            If a cell is text and not a number.
        """
        if not names:
            return np.empty((len(self.labels), 0))
        return np.column_stack([self._floats(name) for name in names])

    def _floats(self, name: str) -> NDArray[np.float64]:
        import pyarrow as pa

        column = self.columns[name]
        try:
            values: NDArray[np.float64] = column.cast(pa.float64()).to_numpy()
            if np.isnan(values).sum() > column.null_count:  # pyarrow reads any spelling of nan
                raise pa.ArrowInvalid
            return values
        except pa.ArrowInvalid:
            row, value = next((i, x) for i, x in enumerate(column.to_pylist()) if x and not _is_number(x))
            raise CohortError(
                f"line {self.line + row} ('{self.labels[row]}'): {not_a_number(value)}",
                "text_for_number",
                file=self.file,
                column=name,
            ) from None


def missing_to_none(text: str) -> str | None:
    """Text of a cell without spaces around it; None where it means "not measured"."""
    text = text.strip()
    return None if text in MISSING else text


def fit_to_header(header: Sequence[str], fields: list[str], file: str) -> list[str]:
    """Remove empty cells beyond the width of the header, which spreadsheets write.

    Parameters
    ----------
    header
        Names of the columns.
    fields
        Cells of a row.
    file
        Named in errors.

    Returns
    -------
    list of str
        As many cells as the header has.

    Raises
    ------
    CohortError
        If the row has another width.
    """
    width = len(header)
    if len(fields) < width or any(field.strip() for field in fields[width:]):
        raise CohortError(
            f"row '{fields[0] if fields else ''}' has {len(fields)} cells and not {width}; "
            "leave a cell empty where nothing was measured",
            "ragged_row",
            file=file,
        )
    return fields[:width]


def split_line(line: str, separator: str = "\t", quote: str = "") -> list[str]:
    r"""Split a line into cells.

    Parameters
    ----------
    line
        The line, without its end.
    separator
        Character between cells.
    quote
        The quoting character; empty where quotes are part of the text.

    Returns
    -------
    list of str
        The cells.

    Examples
    --------
    >>> split_line('"a,b",c', ",", '"'), split_line('5"\tx')
    (['a,b', 'c'], ['5"', 'x'])
    """
    return next(csv.reader([line], delimiter=separator, quotechar=quote)) if quote else line.split(separator)


def read_header(path: Path, separators: str = "\t,", comment: str = "#", skip: int = 0) -> Header:
    """Read the header: the first line that is not empty and not a comment.

    Parameters
    ----------
    path
        The file.
    separators
        Possible separators; the first one that occurs in the line is used.
    comment
        Start of a comment; empty where the format has no comments.
    skip
        Number of lines above the header.

    Returns
    -------
    Header
        Names of the columns, and layout of the file.

    Raises
    ------
    CohortError
        If the file has no header.
    """
    numbered = islice(enumerate(iterate_lines(path), start=1), skip, None)
    heads = ((i, text) for i, text in numbered if text and not (comment and text.startswith(comment)))
    lines, line = next(heads, (0, ""))
    if not line:
        raise CohortError("the file has no header line; save it again", "empty_file", file=str(path))
    check_header_line(line, lines, str(path))
    separator = next((mark for mark in separators if mark in line), separators[-1])
    # In a tab-separated file without quotes in its header, a " in a cell is part of the text.
    quote = '"' if separator != "\t" or '"' in line else ""
    # A name in quotes may go over several lines; each break counts as a blank.
    while quote and line.count(quote) % 2 and lines < MOST_HEADER_LINES:
        following = next(numbered, None)
        if following is None:
            break
        lines, line = following[0], f"{line} {following[1]}"
    return Header([name.strip() for name in split_line(line, separator, quote)], lines, separator, quote)


def with_row_names(header: Header, path: Path) -> Header:
    """Add the name ``row`` for the first column where it is missing, as ``write.table`` of R writes it.

    Parameters
    ----------
    header
        Header of the file.
    path
        The file.

    Returns
    -------
    Header
        `header`, with one name more where the first row is one cell longer.
    """
    first = split_line(read_lines(path, header.lines + 1)[-1], header.separator, header.quote)
    short = len(first) == len(header.names) + 1 and first[-1]
    return replace(header, names=["row", *header.names]) if short else header


def read_cells(path: Path, header: Header, columns: Sequence[str], missing: Sequence[str] = MISSING) -> Cells:
    """Read some columns of a file as text; other columns are neither decoded nor checked.

    Parameters
    ----------
    path
        The file.
    header
        Its header; every row has the same width.
    columns
        Names of the columns to read.
    missing
        Texts that mean "not measured".

    Returns
    -------
    Cells
        The columns.

    Raises
    ------
    CohortError
        If a column is missing or appears twice, or a row has another width, as in a file that was cut.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    place = check_columns(path, header, columns)
    share = len({"0", *(place[name] for name in columns)}) / len(header.names)
    try:
        with open_text(path, PER_BYTE * share) as file:
            table = read_text_columns(file, header, ["0", *(place[name] for name in columns)], missing)
    except pa.ArrowInvalid as error:
        raise malformed(str(error), path, header) from None
    if pc.any(pc.match_substring(table["0"], "\0")).as_py():
        raise nul_byte_error(str(path))
    return Cells(str(path), {name: table[place[name]] for name in columns}, table["0"], header.lines + 1)


def _is_number(text: str) -> bool:
    import pyarrow as pa

    try:
        return not np.isnan(pa.scalar(text).cast(pa.float64()).as_py())
    except pa.ArrowInvalid:
        return False
