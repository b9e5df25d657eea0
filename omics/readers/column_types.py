"""Infer the types of text columns: many columns are converted together, and only those that fail one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["typed_columns"]

Names = Sequence[str]

NO_NUMBER = r"^[+-]?(0[0-9xX]|[nN][aA][nN])"
"""Start of a text that is not a number: leading zeros belong to ids, hexadecimal digits to codes, and a nan that is not
in MISSING is an error."""

FRACTION = (".", "e")
"""Characters of a number that is not whole, or that has an exponent."""


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
