"""Infer the types of text columns: many columns are converted together, and only those that fail one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Numbers", "find_numbers", "typed_columns"]

Names = Sequence[str]

NO_NUMBER = r"^[+-]?(0[0-9xX]|[nN][aA][nN])"
"""Start of a text that is not a number: leading zeros belong to ids, hexadecimal digits to codes, and a nan that is not
in MISSING is an error."""

FRACTION = (".", "e")
"""Characters of a number that is not whole, or that has an exponent."""


MARKED = r"[.eEnN+]"
"""Characters of a number that is not whole, infinite, or written with a sign that whole numbers do not have."""

EXACT = 2.0**53
"""Whole numbers below are exact as float64."""


@dataclass(frozen=True)
class Numbers:
    """Columns of text as numbers.

    Attributes
    ----------
    values
        (n x p) float64, NaN where empty; of no meaning where `number` is false.
    number, whole
        (p,) bool: every cell is empty or a number; every cell is a whole number.
    """

    values: NDArray[np.float64]
    number: NDArray[np.bool_]
    whole: NDArray[np.bool_]


def find_numbers(cells: Any, width: int) -> Numbers:
    """Convert the cells of a table to numbers, in each column where every cell allows it.

    Parameters
    ----------
    cells
        (n * p,) pyarrow array of strings, row by row, null where not measured.
    width
        Number of columns p.

    Returns
    -------
    Numbers
        With the types that :func:`typed_columns` gives to the same cells.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    def in_all(found: Any) -> NDArray[np.bool_]:
        marked = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
        of_column: NDArray[np.bool_] = ~marked.reshape(-1, width).any(axis=0)
        return of_column

    cells = pc.utf8_trim_whitespace(cells)
    number = in_all(pc.match_substring_regex(cells, NO_NUMBER))
    whole = in_all(pc.is_null(cells)) & in_all(pc.match_substring_regex(cells, MARKED))
    try:
        values = _floats(cells).reshape(-1, width)
    except pa.ArrowInvalid:
        values = np.full((len(cells) // width, width), np.nan)
        for place in map(int, np.flatnonzero(number)):
            try:
                values[:, place] = _floats(cells[place::width])
            except pa.ArrowInvalid:
                number[place] = False
    # A whole number that float64 does not hold is left to the text.
    number &= ~(whole & (np.abs(values) >= EXACT).any(axis=0))
    return Numbers(values, number, whole)


def _floats(cells: Any) -> NDArray[np.float64]:
    import pyarrow as pa

    values: NDArray[np.float64] = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return values


def typed_columns(columns: Sequence[Any], names: Names) -> Iterator[pd.DataFrame]:
    """Convert text columns to whole numbers, numbers or truth values where every cell allows it.

    Parameters
    ----------
    columns
        pyarrow arrays of strings, each (n,), null where not measured.
    names
        Names of the columns.

    Returns
    -------
    iterator of DataFrame
        Every column once, grouped by type, in any order.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(columns[0])
    cells = pc.utf8_trim_whitespace(_joined(columns))

    def some(found: Any) -> NDArray[np.bool_]:
        found = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
        of_column: NDArray[np.bool_] = found.reshape(len(names), rows).any(axis=1)
        return of_column

    text = some(pc.match_substring_regex(cells, NO_NUMBER))
    fraction = some(pc.or_(*(pc.match_substring(cells, mark) for mark in FRACTION)))
    # numpy stores whole numbers beside an empty cell as floats, so the two kinds of columns are kept apart.
    holes = some(pc.is_null(cells))
    each = [cells.slice(i * rows, rows) for i in range(len(names))]
    for kind, chosen in (
        (pa.string(), text),
        (pa.float64(), ~text & fraction),
        (pa.int64(), ~text & ~fraction & ~holes),
        (pa.int64(), ~text & ~fraction & holes),
    ):
        if chosen.any():
            yield _together(list(compress(each, chosen)), list(compress(names, chosen)), kind)


def _joined(columns: Sequence[Any]) -> Any:
    import pyarrow as pa

    return pa.concat_arrays([chunk for column in columns for chunk in getattr(column, "chunks", [column])])


def _together(columns: Sequence[Any], names: Names, kind: Any) -> pd.DataFrame:
    """Columns of one type; where a cell has another type, each column is converted separately."""
    import pyarrow as pa

    if not pa.types.is_string(kind):
        with suppress(pa.ArrowInvalid):
            values = _joined(columns).cast(kind).to_numpy(zero_copy_only=False)
            return pd.DataFrame(values.reshape(len(names), -1).T, columns=list(names))
        columns = [_alone(column) for column in columns]
    return pd.DataFrame({name: column.to_pandas() for name, column in zip(names, columns, strict=True)})


def _alone(column: Any) -> Any:
    import pyarrow as pa

    for kind in (pa.int64(), pa.float64(), pa.bool_()):
        with suppress(pa.ArrowInvalid):
            return column.cast(kind)
    return column
