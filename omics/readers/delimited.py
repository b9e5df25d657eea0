"""Delimited text as other programs write it: comments on top, R's row names, one kind of value a column."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import pandas as pd

from omics.errors import CohortError, nearest

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Header", "check_unique", "read_columns", "read_header"]

EMPTY = ["", "NA", "N/A", "NaN", "nan", "NULL", "null"]
BLOCK = 2**24  # bytes; a row of ten thousand patients must fit into one
LISTED = 40  # a matrix has a column a patient, and nobody reads a list of them all


@dataclass(frozen=True)
class Header:
    """Names of the columns, what separates and quotes cells, and the lines above the first row."""

    names: list[str]
    separator: str
    quoted: bool
    lines: int


def read_header(path: Path) -> Header:
    """Find the first line that is no ``#`` comment and split it at its tabs, or at its commas.

    R's ``write.table`` names no column for the row names, so that its header is one name short; that
    column is called ``row``.

    Raises
    ------
    CohortError
        A file without a header.
    """
    with _open(path) as file:
        texts = (raw.decode("utf-8-sig").rstrip("\r\n") for raw in file)
        numbered = enumerate(texts, start=1)
        lines, line = next(((i, text) for i, text in numbered if text and text[0] != "#"), (0, ""))
        following = next(texts, "")
    if not line:
        raise CohortError("the file has no header line; save it again", "empty_file", file=str(path))
    separator = "\t" if "\t" in line else ","
    # Without quotes around its names, a tab-separated file means no quotes by the " in its cells.
    quoted = separator == "," or '"' in line
    names, cells = (_split(text, separator, quoted) for text in (line, following))
    if len(cells) == len(names) + 1 and cells[-1]:
        names = ["row", *names]
    return Header([name.strip() for name in names], separator, quoted, lines)


def read_columns(
    path: Path,
    header: Header,
    text: Collection[str],
    columns: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read columns as str (those in `text`) or float64 (all others); empty cells are missing.

    Parameters
    ----------
    path
        The file, gzip too if it ends in ``.gz``.
    header
        As :func:`read_header` found it.
    text
        Columns of words.
    columns
        What to read, all of it if left out.

    Raises
    ------
    CohortError
        A missing or repeated column, or text where a number belongs.
    ValueError, OSError
        A row of another length than the header, or a damaged file.
    """
    import pyarrow as pa

    wanted = list(header.names if columns is None else columns)
    check_unique(header.names, path)
    for name in [*text, *(columns or ())]:
        if name not in header.names:
            raise CohortError(
                f"no such column; {nearest(name, header.names[:LISTED])}",
                "missing_column",
                file=str(path),
                column=name,
            )
    kinds = {name: pa.string() if name in text else pa.float64() for name in wanted}
    try:
        table = _read_arrow(path, header, kinds)
    except pa.ArrowInvalid as error:
        if "conversion error" not in str(error):
            raise
        _name_the_text(path, header, text, wanted)
        raise
    return cast("pd.DataFrame", table.to_pandas())


def check_unique(names: Sequence[str], path: Path) -> None:
    """Raise :class:`CohortError` when a column or a feature stands twice."""
    index = pd.Index(names)
    if index.has_duplicates:
        raise CohortError(
            "the name stands twice; keep one of the two",
            "duplicate_column",
            file=str(path),
            column=str(index[index.duplicated()][0]),
        )


def _split(line: str, separator: str, quoted: bool) -> list[str]:
    return next(csv.reader([line], delimiter=separator)) if quoted else line.split(separator)


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if path.name.endswith(".gz") else path.open("rb"))


def _read_arrow(path: Path, header: Header, kinds: dict[str, pa.DataType]) -> pa.Table:
    from pyarrow import csv as arrow_csv

    with _open(path) as file:
        return arrow_csv.read_csv(
            file,
            read_options=arrow_csv.ReadOptions(
                column_names=header.names, skip_rows=header.lines, block_size=BLOCK
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=header.separator, quote_char='"' if header.quoted else False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=kinds, include_columns=list(kinds), null_values=EMPTY, strings_can_be_null=True
            ),
        )


def _name_the_text(path: Path, header: Header, text: Collection[str], wanted: Sequence[str]) -> None:
    # Arrow says neither the name nor the row, so the file is read once more, as text.
    import pyarrow as pa

    table = _read_arrow(path, header, dict.fromkeys(wanted, pa.string()))
    for name in wanted:
        cells = table[name].to_pandas()
        wrong = pd.to_numeric(cells, errors="coerce").isna() & cells.notna()
        if name not in text and wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise CohortError(
                f"row {row + 1}: '{cells[row]}' is not a number; correct the cell or leave it empty",
                "text_for_number",
                file=str(path),
                column=name,
            )
