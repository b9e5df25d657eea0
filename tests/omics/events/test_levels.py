"""Levels that count, that do not count, and that are below the limit of quantification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from event_files import ROWS, changed, write_rows

from omics.events.read_events import read_events
from omics.readers.notes import notes_of


def row_2(folder: Path, **cells: Any) -> tuple[pd.Series[Any], list[str]]:
    """Second row of the table, with other cells, and the notes."""
    table = read_events(write_rows(folder, changed(2, **cells))).table
    return table.iloc[1], notes_of(table)


@pytest.mark.parametrize(
    "cells",
    [
        {"BLQ": 1, "LLOQ": 0.5, "DV": 0},
        {"BLQ": 1, "LLOQ": 0.5, "DV": "."},
        {"BLQ": 1, "LLOQ": 0.5, "DV": -99},
        {"CENS": 1, "LLOQ": 0.5, "DV": 0.25},
        {"DV": "<0.5"},
        {"DV": "< 0.5", "BLQ": 1},
    ],
)
def test_a_level_below_the_limit_counts_with_its_limit(cells: dict[str, Any], tmp_path: Path) -> None:
    row, notes = row_2(tmp_path, **cells)
    assert row[["level", "observed", "censored", "limit"]].to_list() == [0.5, True, True, 0.5]
    assert notes == []


def test_cens_without_lloq_has_the_limit_in_dv(tmp_path: Path) -> None:
    row, notes = row_2(tmp_path, CENS=1, DV=0.5)
    assert row[["level", "observed", "censored", "limit"]].to_list() == [0.5, True, True, 0.5]
    assert notes == ["1 level(s) with CENS 1 and without LLOQ have the limit in DV"]


def test_a_level_below_lloq_counts_as_such_without_a_flag(tmp_path: Path) -> None:
    row, notes = row_2(tmp_path, LLOQ=6)
    assert row[["level", "censored", "limit"]].to_list() == [6, True, 6]
    assert notes == ["1 level(s) are below LLOQ, and count as such"]
    row, notes = row_2(tmp_path, LLOQ=5.5)
    assert row[["level", "censored", "limit"]].to_list() == [5.5, False, 5.5]
    assert notes == []


def test_a_level_with_mdv_1_stays_and_does_not_count(tmp_path: Path) -> None:
    row, _ = row_2(tmp_path, MDV=1)
    assert row[["level", "observed", "censored"]].to_list() == [5.5, False, False]
    row, _ = row_2(tmp_path, MDV=1, BLQ=1)
    assert row[["observed", "censored"]].to_list() == [False, False]
    row, _ = row_2(tmp_path, MDV=1, DV=-99)
    assert np.isnan(row["level"])


def test_levels_that_cannot_count_are_noted(tmp_path: Path) -> None:
    row, notes = row_2(tmp_path, MDV=0, DV=".")
    assert not row["observed"]
    assert notes == ["1 row(s) with MDV 0 have no level and do not count"]
    rows = [{**ROWS[0], "DV": 4, "MDV": 0}, *ROWS[1:]]
    table = read_events(write_rows(tmp_path, rows)).table
    assert not table["observed"].iloc[0]
    assert np.isnan(table["level"].iloc[0])
    assert notes_of(table) == ["1 row(s) with EVID other than 0 have a level, which does not count"]


def test_a_level_of_0_counts(tmp_path: Path) -> None:
    row, notes = row_2(tmp_path, DV=0)
    assert row[["level", "observed", "censored"]].to_list() == [0, True, False]
    assert notes == []
