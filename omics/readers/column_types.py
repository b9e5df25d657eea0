"""Types of columns of text: many columns are tried at once, and only those that fail are looked at alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["guessed_columns"]

Names = Sequence[str]

NO_NUMBER = r"^[+-]?(0[0-9xX]|[nN][aA][nN])"
"""Zeros in front belong to ids, hexadecimal digits to codes, and a nan that is no word of MISSING is a slip."""

FRACTION = (".", "e")
"""What a cell has where its column holds numbers that are not whole, or written with an exponent."""


def guessed_columns(columns: Sequence[Any], names: Names) -> Iterator[pd.DataFrame]:
    """Give columns of whole numbers, of numbers or of truth values where every cell is one; else of text.

    Parameters
    ----------
    columns
        (n,) pyarrow arrays of strings each, null where not measured.
    names
        Of the columns.

    Returns
    -------
    iterator of DataFrame
        Every column once, those of one type together, in no promised order.
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
    # A whole number beside an empty cell is a float to numpy, so that the two do not mix.
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
    """Columns of one type; where a cell is of another, each column for itself."""
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
