"""Each wrong row of a table of events gives one sentence with file, row and patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from event_files import ROWS, changed, write_rows

from omics.common.errors import CohortError
from omics.events.read_events import read_events


@pytest.mark.parametrize(
    ("row", "cells", "code", "sentence"),
    [
        (1, {"EVID": 201}, "old_event_code", "for a dose; write EVID 1 and CMT 2"),
        (1, {"EVID": 10101}, "old_event_code", "write EVID 1, CMT 1, the amount in AMT and the rate in RATE"),
        (2, {"EVID": 5}, "unknown_event_code", "EVID is 5"),
        (2, {"EVID": 0.5}, "unknown_event_code", "EVID is 0.5"),
        (2, {"MDV": 2}, "unknown_event_code", "MDV is 2; write 0 or 1"),
        (2, {"BLQ": 3}, "unknown_event_code", "BLQ is 3; write 0 or 1"),
        (1, {"SS": 3, "II": 12}, "unknown_event_code", "SS is 3"),
        (1, {"ADDL": 1.5, "II": 12}, "unknown_event_code", "ADDL is 1.5"),
        (1, {"ADDL": -1}, "unknown_event_code", "ADDL is -1"),
        (2, {"TIME": "."}, "missing_time", "TIME is missing"),
        (1, {"TIME": -1}, "negative_time", "TIME is -1"),
        (5, {"TIME": -1}, "negative_time", "TIME is -1"),
        (3, {"TIME": 1.5}, "unsorted_times", "TIME is 1.5 after 2 in the row before"),
        (3, {"AMT": "."}, "dose_without_amount", "a dose without AMT"),
        (3, {"AMT": 0}, "dose_without_amount", "a dose without AMT"),
        (4, {"AMT": -50}, "negative_amount", "AMT is -50"),
        (4, {"RATE": -3}, "bad_rate", "RATE is -3"),
        (4, {"II": -12}, "negative_interval", "II is -12"),
        (4, {"ADDL": 3}, "additional_without_interval", "ADDL 3 without II"),
        (4, {"SS": 1}, "steady_state_without_interval", "SS 1 without II"),
        (5, {"AMT": 5}, "dosing_without_dose", "EVID 0 is no dose"),
        (5, {"II": 5}, "dosing_without_dose", "EVID 0 is no dose"),
        (3, {"TIME": 0}, "unsorted_times", "TIME is 0 after 2"),
        (1, {"CMT": -1}, "unknown_compartment", "CMT is -1"),
        (1, {"CMT": 1.5}, "unknown_compartment", "CMT is 1.5"),
        (2, {"BLQ": 1}, "level_without_limit", "add a column LLOQ"),
        (2, {"BLQ": 1, "LLOQ": 0}, "level_without_limit", "add a column LLOQ"),
        (2, {"CENS": 1, "DV": "."}, "level_without_limit", "add a column LLOQ"),
        (2, {"CENS": -1}, "level_above_limit", "CENS is -1"),
        (2, {"DV": -0.1}, "negative_level", "the level is -0.1"),
        (1, {"AMT": 0, "EVID": 0, "DV": 3}, "level_before_dose", "a level of 3 before the first dose"),
    ],
)
def test_a_wrong_row_is_refused(
    row: int, cells: dict[str, Any], code: str, sentence: str, tmp_path: Path
) -> None:
    path = write_rows(tmp_path, changed(row, **cells))
    with pytest.raises(CohortError) as caught:
        read_events(path)
    error = caught.value
    assert (error.code, error.file, error.patient) == (code, str(path), ROWS[row - 1]["ID"])
    assert f"row {row}: " in str(error)
    assert sentence in str(error)
    assert "\n" not in str(error)


def test_the_same_dose_twice_is_refused_and_another_one_at_the_same_time_is_read(tmp_path: Path) -> None:
    dose = ROWS[0]
    with pytest.raises(CohortError, match="patient a: row 2: the same dose as in a row above") as caught:
        read_events(write_rows(tmp_path, [dose, dose, *ROWS[1:]]))
    assert caught.value.code == "repeated_dose"
    others = [dose, {**dose, "AMT": 20}, {**dose, "CMT": 2}, {**dose, "RATE": 10}, *ROWS[1:]]
    assert len(read_events(write_rows(tmp_path, others)).table) == len(others)


def test_the_time_may_stay_and_the_codes_of_rates_are_read(tmp_path: Path) -> None:
    rows = [{**ROWS[3], "RATE": -1}, {**ROWS[4], "TIME": 0}]
    assert read_events(write_rows(tmp_path, rows)).table["rate"].to_list() == [-1, 0]
