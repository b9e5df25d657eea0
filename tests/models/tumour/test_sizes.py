"""Padded tensors of sizes against the rows of their table."""

from __future__ import annotations

import pandas as pd
import torch

from models.tumour.sizes import sizes_of

TABLE = pd.DataFrame(
    {
        "patient": ["a", "a", "b", "c"],
        "time": [0.0, 6.0, 0.0, -1.0],
        "size": [50.0, 5.0, 30.0, 20.0],
        "censored": [False, True, False, False],
    }
)


def test_rows_become_cells():
    sizes = sizes_of(TABLE, pd.Index(["b", "a", "without"]))
    assert sizes.observed.tolist() == [[True, False], [True, True], [False, False]]
    assert sizes.censored.tolist() == [[False, False], [False, True], [False, False]]
    assert sizes.level[1].tolist() == [50.0, 5.0]
    assert sizes.limit[1, 1] == 5.0
    assert len(sizes) == 3


def test_only_sizes_up_to_a_landmark_count():
    sizes = sizes_of(TABLE, pd.Index(["a", "c"]))
    assert sizes.until(torch.tensor([[0.0], [0.0]])).observed.sum(1).tolist() == [1, 1]
    assert sizes.until(torch.tensor([[6.0], [-2.0]])).observed.sum(1).tolist() == [2, 0]


def test_patients_are_taken_by_position():
    sizes = sizes_of(TABLE, pd.Index(["a", "b", "c"])).take(torch.tensor([2, 0, 2]))
    assert list(sizes.patients) == ["c", "a", "c"]
    assert sizes.time[:, 0].tolist() == [-1.0, 0.0, -1.0]


def test_no_rows_at_all():
    sizes = sizes_of(TABLE[:0], pd.Index(["a"]))
    assert sizes.observed.tolist() == [[False]]
