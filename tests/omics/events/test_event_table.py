"""EventTable: patients are selected, and units of time converted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from event_files import ROWS, write_rows

from omics.events.read_events import read_events


def test_patients_are_selected_in_the_order_of_the_table(tmp_path: Path) -> None:
    events = read_events(write_rows(tmp_path), {"WT": "WT"})
    assert events.patients.to_list() == ["a", "b"]
    chosen = events.take(pd.Index(["b", "z"]))
    assert chosen.table["row"].to_list() == [4, 5]
    assert chosen.covariates == ("WT",)


def test_hours_become_days_and_hours_again(tmp_path: Path) -> None:
    rows = [{**ROWS[0], "RATE": 50, "II": 12, "ADDL": 2}, *ROWS[1:3], {**ROWS[3], "RATE": -2}, ROWS[4]]
    events = read_events(write_rows(tmp_path, rows))
    days = events.in_unit("days")
    assert days.time_unit == "days"
    assert days.table["time"].to_list() == [0, 2 / 24, 0.5, 0, 1]
    assert days.table["rate"].to_list() == [1200, 0, 0, -2, 0]
    assert days.table["interval"].to_list() == [0.5, 0, 0, 0, 0]
    assert days.table["amount"].equals(events.table["amount"])
    pd.testing.assert_frame_equal(days.in_unit("hours").table, events.table)
