"""Labels of cells: every type of column, missing ones, and an order that the cells do not determine."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics.cells.labels import labels_of


@pytest.mark.parametrize(
    "column",
    [
        pd.Series([2, 1, 2]),
        pd.Series([2.0, 1.0, 2.0]),
        pd.Series(["2", "1", "2"]),
        pd.Series(["2", "1", "2"], dtype="string"),
        pd.Series(["2", "1", "2"]).astype("category"),
        pd.Series(pd.Categorical([2, 1, 2], categories=[3, 2, 1])),
        pd.Series([2, "1", 2.0], dtype=object),
        pd.Series([2, 1, 2], dtype="Int64"),
    ],
)
def test_labels_of_every_type_are_the_same(column: pd.Series) -> None:
    labels = labels_of(column)
    assert list(labels.names) == ["1", "2"]
    assert labels.codes.tolist() == [1, 0, 1]
    assert labels.first_missing() is None


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, "", " ", "NA", "nan"])
def test_a_missing_label_is_found(missing: object) -> None:
    labels = labels_of(pd.Series(["a", missing, "b"], dtype=object))
    assert labels.codes.tolist() == [0, -1, 1]
    assert labels.first_missing() == 1
    assert len(labels) == 2


@given(st.lists(st.sampled_from(["b", "a", "10", "9", "NA"]), min_size=1, max_size=12))
def test_a_label_is_that_of_its_cell(values: list[str]) -> None:
    labels = labels_of(pd.Series(values, dtype=object))
    back = [labels.names[code] if code >= 0 else "NA" for code in labels.codes]
    assert back == values
    assert list(labels.names) == sorted(set(values) - {"NA"})
