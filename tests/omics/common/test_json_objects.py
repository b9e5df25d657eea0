"""Dataclasses as JSON: tables, intervals and numbers that are not finite."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NotRequired, TypedDict

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import InputError
from omics.common.json_objects import from_json, to_json


class Interval(TypedDict):
    estimate: float
    low: NotRequired[float]


@dataclass(frozen=True)
class Part:
    p: float
    table: pd.DataFrame


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    interval: Interval
    sizes: dict[str, int]


def test_tables_and_intervals_are_read_as_they_were_written() -> None:
    table = pd.DataFrame({"M": [3, 0], "U": [1, 2]}, index=["S1", "S2"])
    whole = Whole((Part(float("nan"), table),), {"estimate": 0.5}, {"S1": 4})
    content = json.loads(json.dumps(to_json(whole), allow_nan=False))
    again = from_json(Whole, content)
    pd.testing.assert_frame_equal(again.parts[0].table, table)
    assert np.isnan(again.parts[0].p)
    assert (again.interval, again.sizes) == (whole.interval, whole.sizes)


def test_another_type_is_one_sentence() -> None:
    with pytest.raises(InputError, match="'interval' holds '3', which has another type"):
        from_json(Whole, {"parts": [], "interval": "3", "sizes": {}})
