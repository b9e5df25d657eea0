"""Layout of delimited text, how pyarrow reads it, and what its errors mean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from omics.common.errors import CohortError, nearest
from omics.readers.matrix import check_unique
from omics.readers.text_files import iterate_lines

__all__ = ["Header", "check_columns", "malformed", "read_text_columns"]

BLOCK = 2**24
"""Bytes that are read together; pyarrow needs a whole row in one block, and a row may have ten thousand patients."""

LISTED = 40
"""Columns listed in an error; a matrix may have thousands, one per patient."""


@dataclass(frozen=True)
class Header:
    """Layout of a file.

    Attributes
    ----------
    names
        Names of the columns, in their order.
    lines
        Number of lines above the first row.
    separator
        Character between cells.
    quote
        The quoting character; empty where quotes are part of the text.
    """

    names: list[str]
    lines: int = 1
    separator: str = "\t"
    quote: str = ""


def check_columns(path: Path, header: Header, columns: Sequence[str]) -> dict[str, str]:
    """Find columns of a file by their name.

    Parameters
    ----------
    path
        The file.
    header
        Its header.
    columns
        Names of the columns.

    Returns
    -------
    dict
        Name -> number of the column, as text, for every name of the header.

    Raises
    ------
    CohortError
        If a column is missing or appears twice.
    """
    place = {name: str(i) for i, name in reversed(list(enumerate(header.names)))}
    for name in columns:
        if name not in place:
            known = filter(None, header.names[:LISTED])
            raise CohortError(
                f"no such column; {nearest(name, known)}", "missing_column", file=str(path), column=name
            )
    # Empty names are left to patient_table, which reports them better than as repeated names.
    wanted = set(columns) - {""}
    check_unique([name for name in header.names if name in wanted], str(path))
    return place


def read_text_columns(file: IO[bytes], header: Header, columns: Sequence[str], missing: Sequence[str]) -> Any:
    """Read columns of delimited text with pyarrow, as text.

    Parameters
    ----------
    file
        The open file.
    header
        Its header.
    columns
        Numbers of the columns, as text.
    missing
        Texts that mean "not measured".

    Returns
    -------
    pyarrow.Table
        The columns by their numbers, null where not measured.
    """
    import pyarrow as pa
    from pyarrow import csv

    kinds = dict.fromkeys(columns, pa.string())
    return csv.read_csv(
        file,
        read_options=csv.ReadOptions(
            skip_rows=header.lines,
            column_names=list(map(str, range(len(header.names)))),
            block_size=BLOCK,
            use_threads=False,  # with threads, errors do not give their line
        ),
        parse_options=csv.ParseOptions(
            delimiter=header.separator,
            quote_char=header.quote or False,
            newlines_in_values=bool(header.quote),
        ),
        convert_options=csv.ConvertOptions(
            column_types=kinds,
            include_columns=list(kinds),
            null_values=list(missing),
            strings_can_be_null=True,
        ),
    )


def malformed(reason: str, path: Path, header: Header) -> CohortError:
    """Return the error for what pyarrow cannot read.

    Parameters
    ----------
    reason
        Message of pyarrow.
    path
        The file.
    header
        Its header.

    Returns
    -------
    CohortError
        What is wrong, with the line where it is known.
    """
    file = str(path)
    if "invalid UTF8" in reason:
        place = re.search(r"Row #(\d+)", reason)
        where = f"line {place[1]} is" if place else "the file is"
        return CohortError(f"{where} not utf-8; save the table as utf-8", "not_utf8", file=file)
    if header.quote and sum(line.count(header.quote) for line in iterate_lines(path)) % 2:
        return CohortError(
            "a quotation mark is opened and not closed; close it or remove it", "open_quote", file=file
        )
    width = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", reason)
    if width:
        line, expected, actual = width.groups()
        return CohortError(
            f"line {line} has {actual} cells and not {expected}, the file was cut or edited; export it again",
            "ragged_row",
            file=file,
        )
    if "Could not skip" in reason:
        return CohortError("no rows below the header; export the table again", "empty_table", file=file)
    return CohortError(f"cannot be read ({reason}); export the table again", "unreadable_file", file=file)
