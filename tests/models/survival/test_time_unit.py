"""Times are shown in a unit that fits, one for all times of a cohort."""

from __future__ import annotations

import pytest

from models.survival.time_unit import duration, time_unit


@pytest.mark.parametrize(
    ("time", "unit", "text"),
    [
        (365.25, "days", "12 months"),
        (3652.5, "days", "10 years"),
        (60.0, "months", "5 years"),
        (1.0, "years", "1 year"),
        (2.0, "weeks", "2 weeks"),
        (1095.0, "days", "3 years"),
        (20.0, "days", "20 days"),
        (7.0, "cycles", "7 cycles"),
        (7.0, "", "7"),
        (0.5, "years", "6 months"),
    ],
)
def test_times_are_in_a_unit_that_fits(time: float, unit: str, text: str) -> None:
    assert duration(time, unit) == text


def test_one_unit_for_all_times_of_a_cohort() -> None:
    unit = time_unit(4000.0, "days")
    assert [unit.text(time) for time in (100.0, 365.25, 934.6)] == ["0.27 years", "1 year", "2.6 years"]
