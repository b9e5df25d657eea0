"""Read comma- and tab-separated tables, also with what people and programs write above and below them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header, split_line, with_row_names
from omics.readers.matrix import check_named
from omics.readers.notes import attach_notes, is_sentence
from omics.readers.signatures import format_of_header
from omics.readers.table_blocks import read_in_blocks
from omics.readers.text_files import read_lines

__all__ = ["raw_texts", "read_csv", "read_tsv"]

INSPECTED_LINES = 20
"""Number of lines among which the header must be."""

NAMES_IDS = re.compile(
    r"(^|[\W_])(ids?|samples?|patients?|subjects?|genes?|probes?|features?|names?|barcodes?)$",
    re.IGNORECASE,
)
"""Name of a column of ids; R's ``write.table`` writes none, so that its header is one name shorter than its rows."""

WIDE = 3
"""Number of cells from which a line can be the header below a title."""

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


def read_csv(path: Path, ids: str | None = None, unique: bool = False) -> pd.DataFrame:
    """Read comma-separated values in utf-8, also with gzip.

    Parameters
    ----------
    path
        The file.
    ids
        The column of ids, which stays text, as the first one does.
    unique
        Whether ids that repeat are an error.

    Returns
    -------
    DataFrame
        Columns as in the file.
    """
    return _read_delimited(path, ",", ids, unique)


def read_tsv(path: Path, ids: str | None = None, unique: bool = False) -> pd.DataFrame:
    """Read tab-separated values in utf-8, also with gzip.

    Parameters
    ----------
    path
        The file.
    ids
        The column of ids, which stays text, as the first one does.
    unique
        Whether ids that repeat are an error.

    Returns
    -------
    DataFrame
        Columns as in the file.
    """
    return _read_delimited(path, "\t", ids, unique)


def raw_texts(path: Path, name: str) -> pd.Series[str]:
    """Cells of a column of delimited text as they are written; an empty text where a cell is empty.

    Parameters
    ----------
    path
        The file.
    name
        The column.

    Returns
    -------
    Series of str
        (rows,) the texts.
    """
    separator = "\t" if path.name.removesuffix(".gz").endswith(".tsv") else ","
    above = _lines_above(path, separator)
    header = replace(read_header(path, above.separator, comment="", skip=above.lines), quote='"')
    cells = read_cells(
        path, header if NAMES_IDS.search(header.names[0]) else with_row_names(header, path), [name], ("",)
    )
    return pd.Series(cells.text(name), dtype=object)


def _read_delimited(path: Path, separator: str, index: str | None, unique: bool) -> pd.DataFrame:
    above = _lines_above(path, separator)
    header = replace(read_header(path, above.separator, comment="", skip=above.lines), quote='"')
    other = next((mark for mark in SEPARATORS if mark in header.names[0]), None)
    if len(header.names) == 1 and other:
        raise CohortError(
            f"cells are separated by {SEPARATORS[other]}, but the ending of the file means {SEPARATORS[separator]}; "
            "save the table again",
            "other_separator",
            file=str(path),
        )
    program = format_of_header(header.names)
    if program is not None:
        raise CohortError(
            f"the header is that of the format {program}; declare format: {program}, without orient",
            "other_format",
            file=str(path),
        )
    if not NAMES_IDS.search(header.names[0]):
        header = with_row_names(header, path)
    # Some programs leave the name of the id column empty.
    check_named(["ids", *header.names[1:]], "column", "empty_feature", str(path))
    first, *others = header.names
    # An id stays text, so that 007 keeps its zeros and 1.10 is not 1.1.
    texts = [first, *(name for name in others if name == index)]
    frame = read_in_blocks(path, header, texts, texts[-1] if unique and index in (None, *texts) else None)
    footnotes = _footnotes(frame)
    notes = above.notes
    if footnotes:
        frame = frame.iloc[: len(frame) - len(footnotes)]
        notes = [*notes, f"row(s) below the table left out: {' / '.join(footnotes)}"]
    return attach_notes(frame, notes)


@dataclass(frozen=True)
class _Above:
    """What stands above the header: how many lines, the separator that they name, and notes about them."""

    lines: int
    separator: str
    notes: list[str]


def _lines_above(path: Path, separator: str) -> _Above:
    """Find comments, a line ``sep=;`` and titles above the header."""
    lines = read_lines(path, INSPECTED_LINES + 1)
    notes: list[str] = []
    for number, line in enumerate(lines[:INSPECTED_LINES]):
        declared = re.fullmatch(r'"?sep=(.)"?', line.strip("\r"), flags=re.IGNORECASE)
        if "\r" in line:
            break  # reading the header reports it
        below = next(filter(None, lines[number + 1 :]), "")
        if declared:
            separator = declared[1]
        elif not line.strip() or _is_comment(line, lines[number:], separator):
            continue
        elif _is_title(line, below, separator):
            notes.append(f"a line above the header left out: {line.strip(f'{separator} ')}")
        else:
            return _Above(number, separator, notes)
    return _Above(0, separator, [])


def _is_comment(line: str, following: Sequence[str], separator: str) -> bool:
    """Whether a line begins with # and has less than half of the cells of a line below, unlike a header with #."""
    return line.startswith("#") and any(2 * line.count(separator) < one.count(separator) for one in following)


def _is_title(line: str, below: str, separator: str) -> bool:
    """Whether a line has one cell, and a wide line follows it, also after an empty one."""
    if '"' in line and line.count('"') % 2:
        return False
    width = sum(bool(cell.strip()) for cell in split_line(below, separator, ""))
    cells = split_line(line, separator, '"')
    return bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:]) and width >= WIDE


def _footnotes(frame: pd.DataFrame) -> list[str]:
    """Text below a table: last rows with a sentence in the first cell and nothing in the others."""
    notes: list[str] = []
    if frame.shape[1] <= WIDE:
        return notes
    ids = [cell or "" for cell in frame.iloc[:, 0]]
    for row in range(len(ids) - 1, 0, -1):
        filled = any(str(cell).strip() for cell in frame.iloc[row, 1:] if not pd.isna(cell))
        if filled or not is_sentence(ids[row], ids[:row]):
            break
        notes.insert(0, ids[row])
    return notes
