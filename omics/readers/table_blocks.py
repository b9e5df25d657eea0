"""Read a large table of numbers in blocks of lines, so that its text is never in memory as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.memory import check_table_size
from omics.readers.arrow_csv import Header, check_columns
from omics.readers.column_types import find_numbers
from omics.readers.delimited import MISSING, read_cells
from omics.readers.matrix import check_unique_patients
from omics.readers.text_files import nul_byte_error, open_text

__all__ = ["read_in_blocks"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCK = 2**22
"""Bytes of text that are read together."""

SIMPLE_QUOTES = r'^"[^"]*"$'
"""A cell in quotes without a quotation mark inside."""


def read_in_blocks(path: Path, header: Header, texts: Sequence[str], unique: str | None) -> pd.DataFrame:
    """Read all columns of a table, each with the type that :meth:`omics.readers.delimited.Cells.typed` gives it.

    A table that is not as regular as programs write large ones, such as one with line breaks in cells, is read as a
    whole by :func:`omics.readers.delimited.read_cells`, which also reports what is wrong with it.

    Parameters
    ----------
    path
        The file.
    header
        Its header.
    texts
        Columns that stay text, such as ids, in the order of the header; its first one is among them.
    unique
        The column of ids whose repeats are an error. They are compared before the next block is read, so that a file
        of one row that is repeated without end is refused at once.

    Returns
    -------
    DataFrame
        Columns in the order of the header; texts without spaces around them, None where missing.

    Raises
    ------
    CohortError
        If the table is malformed, an id repeats, or the numbers would take more memory than allowed.
    """
    check_columns(path, header, header.names)
    others = [name for name in header.names if name not in texts]
    table = _Table(header.names, np.isin(header.names, others))
    words: dict[str, list[str | None]] = {name: [] for name in texts}
    for block in _line_blocks(path, header.lines):
        cells = _cells_of(block, header)
        if cells is None:
            return _read_whole(path, header, texts, others)
        if unique is not None:
            check_unique_patients(pd.Index([one for one in words[unique] if one]), str(path), unique)
        for name in texts:
            column = cells[header.names.index(name) :: len(header.names)]
            words[name] += [(cell or "").strip() or None for cell in column.to_pylist()]
        table.add(cells)
        check_table_size(table.rows, len(others), str(path))
    if any("\0" in cell for cell in words[texts[0]] if cell):
        raise nul_byte_error(str(path))
    frame = table.numbers()
    rest = [name for name in others if name not in frame.columns]
    if rest:
        frame = pd.concat([frame, read_cells(path, header, rest).typed(rest)], axis="columns")
    return _with_texts(frame if list(frame.columns) == others else frame[others], header, words)


def _read_whole(path: Path, header: Header, texts: Sequence[str], others: Sequence[str]) -> pd.DataFrame:
    cells = read_cells(path, header, header.names)
    words = {name: [cell or None for cell in cells.text(name)] for name in texts}
    return _with_texts(cells.typed(others), header, words)


def _with_texts(frame: pd.DataFrame, header: Header, words: dict[str, list[str | None]]) -> pd.DataFrame:
    for name, cells in words.items():
        frame.insert(header.names.index(name), name, pd.Series(cells, dtype=object))
    return frame


def _line_blocks(path: Path, skip: int) -> Iterator[bytes]:
    """Yield whole lines below the header, without empty ones."""
    with open_text(path) as file:
        for _ in range(skip):
            file.readline()
        rest = b""
        while chunk := file.read(BLOCK):
            lines, newline, rest = (rest + chunk).rpartition(b"\n")
            if newline:
                yield lines + newline
        if rest:
            yield rest + b"\n"


def _cells_of(block: bytes, header: Header) -> Any:
    """Cells of a block, row by row, as a pyarrow array of text; None if its rows are not regular."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = block.replace(b"\r\n", b"\n")
    while b"\n\n" in lines or lines.startswith(b"\n"):
        lines = lines.replace(b"\n\n", b"\n").removeprefix(b"\n")
    if b"\r" in lines or not _is_regular(lines, header):
        return None
    column = lines.replace(header.separator.encode(), b"\n")
    try:
        if header.quote and b'"' in lines:
            raw = _one_column(column, "", ())
            strange = pc.and_not(pc.match_substring(raw, '"'), pc.match_substring_regex(raw, SIMPLE_QUOTES))
            if pc.any(strange).as_py():
                return None
        return _one_column(column, header.quote, MISSING)
    except pa.ArrowInvalid:
        return None


def _is_regular(lines: bytes, header: Header) -> bool:
    """Whether every line has as many cells as the header, also if quotes are not looked at."""
    width, characters = len(header.names), np.frombuffer(lines, dtype=np.uint8)
    ends = characters == ord("\n")
    marks = ends[ends | (characters == ord(header.separator))]
    return len(marks) % width == 0 and bool(
        (marks.reshape(-1, width) == (np.arange(width) == width - 1)).all()
    )


def _one_column(text: bytes, quote: str, missing: Sequence[str]) -> Any:
    """Read one cell per line."""
    from pyarrow import csv

    table = csv.read_csv(
        io.BytesIO(text),
        read_options=csv.ReadOptions(column_names=["cell"], block_size=len(text) + 1, use_threads=False),
        parse_options=csv.ParseOptions(quote_char=quote or False, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types={"cell": "string"}, null_values=list(missing), strings_can_be_null=bool(missing)
        ),
    )
    return table["cell"].combine_chunks()


@dataclass
class _Table:
    """Columns that have been numbers in all rows so far.

    Attributes
    ----------
    names
        (p,) names of the columns.
    number
        (p,) bool: all cells so far are numbers.
    whole
        (p,) bool: all cells so far are whole numbers.
    rows
        Number of rows so far.
    blocks
        Places of columns, and their values (rows x columns), from the first rows to the last.
    """

    names: list[str]
    number: Mask
    whole: Mask = field(init=False)
    rows: int = 0
    blocks: list[tuple[NDArray[np.int64], Array]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.whole = self.number.copy()

    def add(self, cells: Any) -> None:
        """Add a block of rows: cells as a pyarrow array of text, row by row."""
        rows, places = len(cells) // len(self.names), np.flatnonzero(self.number)
        self.rows += rows
        if not len(places):
            return
        found = find_numbers(cells.filter(np.tile(self.number, rows)), len(places))
        self.number[places] = found.number
        self.whole[places] &= found.whole
        self.blocks.append((places, found.values))

    def numbers(self) -> pd.DataFrame:
        """Join the blocks, which are freed; columns of whole numbers are int64."""
        values, end = np.empty((self.rows, int(self.number.sum()))), self.rows
        while self.number.any() and self.blocks:
            places, block = self.blocks.pop()
            values[end - len(block) : end] = block[:, self.number[places]]
            end -= len(block)
        names, whole = list(compress(self.names, self.number)), self.whole[self.number]
        if not whole.any():
            return pd.DataFrame(values, columns=names)
        if whole.all():
            return pd.DataFrame(_in_place(values), columns=names)
        parts = (
            pd.DataFrame(values[:, chosen].astype(kind, copy=False), columns=list(compress(names, chosen)))
            for kind, chosen in ((np.float64, ~whole), (np.int64, whole))
        )
        return pd.concat(parts, axis="columns")


def _in_place(values: Array) -> NDArray[np.int64]:
    """Whole numbers in the memory of `values`, which is lost."""
    whole: NDArray[np.int64] = values.view(np.int64)
    for row in range(len(values)):
        whole[row] = values[row].astype(np.int64)
    return whole
