"""Checks of sizes hold for any plausible table, and see a unit that slips."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omics.common.errors import CohortError
from omics.events.check_sizes import check_sizes, check_time_unit


def rows_of(sizes: list[float], weeks: float = 6.0) -> pd.DataFrame:
    count = range(len(sizes))
    return pd.DataFrame(
        {
            "patient": "a",
            "row": [k + 1 for k in count],
            "time": [k * weeks for k in count],
            "size": sizes,
            "censored": False,
        }
    )


change = st.floats(0.6, 1.6)


@settings(max_examples=50, deadline=None)
@given(first=st.floats(15, 400), changes=st.lists(change, max_size=8))
def test_plausible_sizes_are_read(first: float, changes: list[float]) -> None:
    sizes = [first]
    for one in changes:
        sizes.append(sizes[-1] * one)
    check_sizes(rows_of(sizes), "a.csv")


@settings(max_examples=30, deadline=None)
@given(place=st.integers(1, 3), factor=st.sampled_from([0.1, 10.0]))
def test_a_row_in_another_unit_is_refused(place: int, factor: float) -> None:
    sizes = [60.0, 55.0, 50.0, 52.0, 58.0]
    sizes[place] *= factor
    with pytest.raises(CohortError, match=f"row {place + 1}: ") as found:
        check_sizes(rows_of(sizes), "a.csv")
    assert found.value.code == "size_unit"


@pytest.mark.parametrize("unit", ["days", "weeks", "months"])
def test_usual_times_are_read(unit: str) -> None:
    check_time_unit(rows_of([60.0, 50.0], 6.0), unit, "a.csv")
    check_time_unit(rows_of([60.0], 6.0), unit, "a.csv")


def test_weeks_that_are_read_as_days_are_refused() -> None:
    with pytest.raises(CohortError, match=r"read as days.* is 4.2 days; they look like weeks"):
        check_time_unit(rows_of([60.0, 50.0], 6 / 7 * 0.7), "days", "a.csv")
