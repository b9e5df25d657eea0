"""Types of text columns: converting many together gives the same as one by one, and only numbers become numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics.readers import delimited
from omics.readers.column_types import typed_columns
from omics.readers.delimited import Cells

CELLS = [
    None,
    "0",
    "7",
    "-3",
    "+4",
    "0.5",
    "1e5",
    "1E5",
    "2.",
    "true",
    "False",
    "007",
    "-01",
    "0x1F",
    "NAN",
    "x",
    " 8 ",
]


def table(columns: list[list[str | None]]) -> Cells:
    arrays = {f"c{i}": pa.chunked_array([pa.array(column, pa.string())]) for i, column in enumerate(columns)}
    return Cells("table", arrays, next(iter(arrays.values())), 1)


def alone(column: list[str | None]) -> pd.Series[Any]:
    """Reference implementation in Python: one column, cell by cell."""
    cells = [None if cell is None else cell.strip() for cell in column]
    seen = [cell for cell in cells if cell is not None]
    digits = [cell.lstrip("+-") for cell in seen]
    number = {"0", "7", "-3", "+4", "8", "0.5", "1e5", "1E5", "2."}
    if any(len(d) > 1 and d[0] == "0" and d[1] in "0123456789xX" for d in digits):
        return pd.Series(cells, dtype=object)
    if all(cell in number for cell in seen):
        whole = all(cell.lstrip("-").isdigit() for cell in seen)
        values = [np.nan if cell is None else float(cell) for cell in cells]
        return pd.Series(values, dtype=np.int64 if whole and None not in cells else np.float64)
    if all(cell.lower() in ("true", "false", "0", "1") for cell in seen):
        truth = [None if cell is None else cell.lower() in ("true", "1") for cell in cells]
        return pd.Series(truth, dtype=object if None in cells else bool)
    return pd.Series(cells, dtype=object)


@given(
    st.integers(1, 4).flatmap(
        lambda n: st.lists(st.lists(st.sampled_from(CELLS), min_size=n, max_size=n), min_size=1, max_size=6)
    ),
    st.integers(1, 30),
)
def test_many_columns_at_once_are_what_each_is_alone(columns: list[list[str | None]], together: int) -> None:
    cells = table(columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "TOGETHER", together)
        found = cells.typed(list(cells.columns))
    assert list(found.columns) == list(cells.columns)
    for name, column in zip(found.columns, columns, strict=True):
        pd.testing.assert_series_equal(found[name], alone(column), check_names=False)


def test_columns_of_every_type_keep_their_order() -> None:
    columns = [["1", "2"], ["a", "b"], ["1.5", None], ["3", None], ["007", "8"], ["true", "false"]]
    found = table(columns).typed([f"c{i}" for i in range(6)])
    assert [kind.kind for kind in found.dtypes] == ["i", "O", "f", "f", "O", "b"]
    assert found["c4"].tolist() == ["007", "8"]


@pytest.mark.parametrize("odd", ["NAN", "+nan", "nan(1)", "0x1F", "1_000", "1,5", "٣", "\u22121"])
def test_what_only_looks_like_a_number_stays_text(odd: str) -> None:
    found = table([["1", odd], ["1.5", odd]]).typed(["c0", "c1"])
    assert found["c0"].tolist() == ["1", odd]
    assert found["c1"].tolist() == ["1.5", odd]


def test_no_rows_and_no_columns() -> None:
    assert next(typed_columns([pa.array([], pa.string())], ["a"])).shape == (0, 1)
    assert table([["1", "2"]]).typed([]).shape == (2, 0)
