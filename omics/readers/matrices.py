"""Matrices as other programs write them: read strictly, handed over with a patient a row."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PureWindowsPath
from typing import IO, Any, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.errors import CohortError, nearest

__all__ = [
    "Cells",
    "file_stem",
    "iterate_lines",
    "patient_table",
    "read_cells",
    "read_lines",
    "refuse_negative",
    "split_line",
]

Values = NDArray[np.float64]

MISSING = ("", "NA", "NaN", "nan")
"""What stands for "not measured"; anything else that is no number is an error."""

_BLOCK = 1 << 24  # pyarrow needs a whole row in one block, and rows of proteinGroups.txt are long


@dataclass(frozen=True)
class Cells:
    """A table of text, nothing guessed.

    Attributes
    ----------
    file
        Named in errors.
    header
        Column names, as they stand; they may repeat.
    columns
        One pyarrow array of strings for each name.
    """

    file: str
    header: list[str]
    columns: list[Any]

    def at(self, name: str) -> int:
        """Position of the column `name`, or a :class:`CohortError` that names the nearest one."""
        if name not in self.header:
            raise CohortError(
                f"no such column; {nearest(name, self.header)}",
                "missing_column",
                file=self.file,
                column=name,
            )
        return self.header.index(name)

    def text(self, name: str) -> list[str]:
        """Cells of the column `name`, without blanks around them."""
        return [cell.strip() for cell in self.columns[self.at(name)].to_pylist()]

    def rows(self, start: int) -> Cells:
        """Leave out the rows above `start`."""
        return Cells(self.file, self.header, [column.slice(start) for column in self.columns])

    def numbers(self, positions: Sequence[int]) -> Values:
        """Columns at `positions` as float64 (rows x positions), NaN where not measured."""
        return np.column_stack([self._floats(position) for position in positions])

    def _floats(self, position: int) -> Values:
        import pyarrow as pa
        import pyarrow.compute as pc

        column = self.columns[position]
        measured = pc.if_else(pc.is_in(column, value_set=pa.array(MISSING)), None, column)
        try:
            floats = pc.cast(measured, pa.float64())
        except pa.ArrowInvalid:
            raise self._not_a_number(position, measured.to_pylist()) from None
        return cast("Values", floats.to_numpy())

    def _not_a_number(self, position: int, cells: list[str | None]) -> CohortError:
        row = next(i for i, cell in enumerate(cells) if cell is not None and not _is_number(cell))
        return CohortError(
            f"'{cells[row]}' in row '{self.columns[0][row]}' is not a number; "
            "correct the cell or leave it empty",
            "text_for_number",
            file=self.file,
            column=self.header[position],
        )


def iterate_lines(path: Path) -> Iterator[str]:
    """Lines of a text file in utf-8, gzip too, without their ends."""
    with _open(path) as file:
        for line in file:
            yield line.decode("utf-8-sig").rstrip("\r\n")


def read_lines(path: Path, count: int) -> list[str]:
    """First `count` lines; empty ones where the file has fewer."""
    lines = list(islice(iterate_lines(path), count))
    return lines + [""] * (count - len(lines))


def split_line(line: str, separator: str = "\t", *, quote: str = "") -> list[str]:
    r"""Cells of one line; `quote` is the quoting character, or empty where quotes are text.

    Examples
    --------
    >>> split_line('"a,b",c', ",", quote='"'), split_line('5"\tx')
    (['a,b', 'c'], ['5"', 'x'])
    """
    return next(csv.reader([line], delimiter=separator, quotechar=quote)) if quote else line.split(separator)


def read_cells(path: Path, header: list[str], skip: int, separator: str = "\t", *, quote: str = "") -> Cells:
    """Read everything below the first `skip` lines; every row is as wide as `header`.

    Raises
    ------
    CohortError
        A row of another width, as in a file that was cut; no row at all.
    """
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    names = [str(position) for position in range(len(header))]
    try:
        with _open(path) as file:
            table = pa_csv.read_csv(
                file,
                read_options=pa_csv.ReadOptions(
                    skip_rows=skip, column_names=names, block_size=_BLOCK, use_threads=False
                ),
                parse_options=pa_csv.ParseOptions(delimiter=separator, quote_char=quote or False),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.string()),
                    null_values=[],
                    check_utf8=False,  # a stray byte in a description that nobody reads is no fault
                ),
            )
    except pa.ArrowInvalid as error:
        raise _malformed(str(error), str(path)) from None
    if table.num_rows == 0:
        raise _malformed("Empty CSV file", str(path))
    return Cells(str(path), header, table.columns)


def patient_table(ids: Sequence[str], values: Values, features: Sequence[str], file: str) -> pd.DataFrame:
    """Put together what every reader hands over.

    Parameters
    ----------
    ids, values, features
        n patients, (n, p) numbers, p names.
    file
        Named in errors.

    Raises
    ------
    CohortError
        A patient without an id; a feature without a name, or with the name of another.
    """
    if "" in ids:
        raise CohortError(
            f"sample {list(ids).index('') + 1} has no name; name it in the file", "empty_id", file=file
        )
    if "" in features:
        raise CohortError(
            f"feature {list(features).index('') + 1} has no name; name it or remove it",
            "empty_feature",
            file=file,
        )
    names = pd.Index(["sample_id", *features], dtype=object)
    if names.has_duplicates:
        raise CohortError(
            "the feature stands twice; keep one row a feature",
            "duplicate_column",
            file=file,
            column=str(names[names.duplicated()][0]),
        )
    index = pd.DataFrame({"sample_id": list(ids)}, dtype=str)
    return pd.concat([index, pd.DataFrame(values)], axis=1).set_axis(names, axis=1)


def refuse_negative(frame: pd.DataFrame, what: str, file: str) -> pd.DataFrame:
    """Hand `frame` on unless a number in it is below zero, which no `what` can be."""
    negative = frame.iloc[:, 1:].to_numpy(dtype=np.float64) < 0
    if negative.any():
        row, column = (int(i[0]) for i in negative.nonzero())
        raise CohortError(
            f"a negative {what}; give the values as measured, before any logarithm or centring",
            "negative_value",
            file=file,
            column=str(frame.columns[column + 1]),
            patient=str(frame.iloc[row, 0]),
        )
    return frame


def file_stem(name: str, endings: str) -> str:
    r"""Name of a file without its path (Windows or not) and without `endings`, a regular expression.

    Examples
    --------
    >>> file_stem(r"D:\runs\P.01.raw", "raw|mzml"), file_stem("bam/P-2.sorted.bam", "sorted|bam")
    ('P.01', 'P-2')
    """
    return re.sub(rf"(\.({endings}))+$", "", PureWindowsPath(name).name, flags=re.IGNORECASE)


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.name.endswith(".gz") else path.open("rb")


def _is_number(cell: str) -> bool:
    import pyarrow as pa

    try:
        pa.scalar(cell).cast(pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _malformed(reason: str, file: str) -> CohortError:
    width = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", reason)
    if width:
        line, expected, found = width.groups()
        return CohortError(
            f"line {line} has {found} cells and not {expected}, the file was cut or edited; export it again",
            "ragged_row",
            file=file,
        )
    if "Empty CSV" in reason:
        return CohortError("no rows below the header; export the table again", "empty_table", file=file)
    return CohortError(f"cannot be read ({reason}); export the table again", "unreadable_file", file=file)
