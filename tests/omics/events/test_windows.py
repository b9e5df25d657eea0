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
from omics.events.windows import DAYS, FIRST_CYCLE, check_window, window_bounds

DOSE: dict[str, Any] = {"ID": "a", "TIME": 1, "AMT": 10}
LEVEL: dict[str, Any] = {"ID": "a", "TIME": 30, "AMT": 0, "DV": 1}


@pytest.mark.parametrize(
    ("rows", "end"),
    [
        ([DOSE, LEVEL], 30),
        ([DOSE, {**DOSE, "TIME": 13}, LEVEL], 13),
        ([DOSE, {**DOSE, "CMT": 2}, {**DOSE, "TIME": 13}, LEVEL], 13),
        ([{**DOSE, "II": 8, "ADDL": 2}, {**DOSE, "TIME": 13}, LEVEL], 9),
        ([{**DOSE, "OCC": 1}, {**DOSE, "TIME": 13, "OCC": 1}, {**LEVEL, "OCC": 2}], 30),
    ],
)
def test_the_first_cycle_ends_with_the_second_occasion_or_dose(
    rows: list[dict[str, Any]], end: float, tmp_path: Path
) -> None:
    bounds = window_bounds(read_events(write_rows(tmp_path, rows)), FIRST_CYCLE)
    assert bounds.loc["a"].to_list() == [1, end]


def test_a_window_in_numbers_counts_from_the_first_dose_and_is_missing_without_one(tmp_path: Path) -> None:
    rows = [{**DOSE, "ID": "b"}, {**LEVEL, "DV": 0}, *[{**row, "ID": "c"} for row in (DOSE, LEVEL)]]
    events = read_events(write_rows(tmp_path, rows))
    bounds = window_bounds(events, [2, 24])
    assert bounds.loc["b"].to_list() == [3, 25]
    for window in (FIRST_CYCLE, [2, 24]):
        assert window_bounds(events, window).loc["a"].isna().all()
        assert window_bounds(events, window).loc["c"].notna().all()


def test_a_window_after_the_end_of_follow_up_is_refused(tmp_path: Path) -> None:
    bounds = window_bounds(read_events(write_rows(tmp_path, ROWS)))
    assert bounds["end"].to_list() == [12, 24]
    fine = pd.Series({"b": 1.0, "a": 0.5, "without events": 0.1, "unobserved": np.nan})
    options = {"endpoint": "death", "file": "outcome.csv"}
    check_window(bounds, "hours", fine, "days", **options)
    check_window(bounds, "hours", fine / 7, "weeks", **options)
    with pytest.raises(CohortError) as caught:
        check_window(bounds, "hours", fine * 0.9, "days", **options)
    assert (caught.value.code, caught.value.patient) == ("window_after_endpoint", "b")
    assert (
        "ends on day 1, after the event or the end of follow-up of 'death' on day 0.9 (2 patient(s))"
        in str(caught.value)
    )
    with pytest.raises(CohortError, match="ends on day 24"):
        check_window(bounds, "days", fine, "days", **options)


def test_units_are_those_of_endpoints() -> None:
    assert {unit: 0.5 / days for unit, days in DAYS.items()} == HALF_A_DAY
