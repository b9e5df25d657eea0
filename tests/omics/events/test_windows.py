"""Windows of exposure, and their refusal after an outcome."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from event_files import ROWS, write_rows

from omics.cohort.endpoint_columns import HALF_A_DAY
from omics.common.errors import CohortError
from omics.events.read_events import read_events
from omics.events.windows import ALL_EVENTS, DAYS, FIRST_CYCLE, check_window, window_ends

DOSE: dict[str, Any] = {"ID": "a", "TIME": 1, "AMT": 10}
LEVEL: dict[str, Any] = {"ID": "a", "TIME": 30, "AMT": 0, "DV": 1}


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ([DOSE, LEVEL], None),
        ([{**DOSE, "II": 24, "ADDL": 1}, LEVEL], 25),
        ([DOSE, {**DOSE, "TIME": 13}, LEVEL], 13),
        ([DOSE, {**DOSE, "CMT": 2}, {**DOSE, "TIME": 13}, {**DOSE, "TIME": 20}, LEVEL], 13),
        ([{**DOSE, "II": 8, "ADDL": 2}, {**DOSE, "TIME": 13}, LEVEL], 9),
        ([DOSE, {**DOSE, "TIME": 13, "II": 6, "ADDL": 1}, LEVEL], 13),
    ],
)
def test_the_first_cycle_is_the_interval_of_the_first_dose(
    rows: list[dict[str, Any]], end: float | None, tmp_path: Path
) -> None:
    found = window_ends(read_events(write_rows(tmp_path, rows)), FIRST_CYCLE)["a"]
    assert np.isnan(found) if end is None else found == end


def test_other_windows_end_with_the_last_row_or_at_a_time_and_are_missing_without_a_dose(
    tmp_path: Path,
) -> None:
    rows = [{**DOSE, "ID": "b"}, {**LEVEL, "DV": 0}, *[{**row, "ID": "c"} for row in (DOSE, LEVEL)]]
    events = read_events(write_rows(tmp_path, rows))
    every = window_ends(events, ALL_EVENTS)
    assert every.index.to_list() == ["b", "a", "c"]
    np.testing.assert_array_equal(every, [1, np.nan, 30])
    np.testing.assert_array_equal(window_ends(events, 24), [24, np.nan, 24])


def test_a_window_after_the_end_of_follow_up_is_refused(tmp_path: Path) -> None:
    ends = window_ends(read_events(write_rows(tmp_path, ROWS)), ALL_EVENTS)
    assert ends.to_list() == [12, 24]
    fine = pd.Series({"b": 1.0, "a": 0.5, "without events": 0.1, "unobserved": np.nan})
    options = {"endpoint": "death", "file": "outcome.csv"}
    check_window(ends, "hours", fine, "days", **options)
    check_window(ends, "hours", fine / 7, "weeks", **options)
    with pytest.raises(CohortError) as caught:
        check_window(ends, "hours", fine * 0.9, "days", **options)
    assert (caught.value.code, caught.value.patient) == ("window_after_endpoint", "b")
    assert (
        "ends on day 1, after the event or the end of follow-up of 'death' on day 0.9 (2 patient(s))"
        in str(caught.value)
    )
    with pytest.raises(CohortError, match="ends on day 24"):
        check_window(ends, "days", fine, "days", **options)


def test_units_are_those_of_endpoints() -> None:
    assert {unit: 0.5 / days for unit, days in DAYS.items()} == HALF_A_DAY
