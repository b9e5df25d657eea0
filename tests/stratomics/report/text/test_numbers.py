"""P values and times are written in one way, and in a unit that fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratomics.report.text.numbers import duration, p_cell, p_value, time_unit, with_p_values


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.5, "p = 0.50"), (0.00123, "p = 0.0012"), (0.0, "p < 0.001"), (0.05, "p = 0.05"), (1.0, "p > 0.99")],
)
def test_p_values(p: float, text: str) -> None:
    assert p_value(p) == text
    assert p_cell(p) == text.removeprefix("p ").removeprefix("= ")


@given(st.floats(0.0, 1.0))
def test_a_p_value_is_never_rounded_across_five_percent(p: float) -> None:
    """A written value is below 0.05 only if the p value is."""
    text = p_cell(p)
    if text[0] not in "<>":
        assert float(text) <= 0.05 or p > 0.0495
        assert float(text) >= 0.05 or p < 0.0505


@pytest.mark.parametrize(
    ("time", "unit", "text"),
    [
        (365.25, "days", "12 months"),
        (3652.5, "days", "10 years"),
        (60.0, "months", "5 years"),
        (1.0, "years", "1 year"),
        (2.0, "weeks", "2 weeks"),
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


def test_stored_sentences_get_the_same_p_values() -> None:
    stored = "strongest of 7 cuts, permutation p 0.002 (p 7.1e-10 alone); group p1 0.2"
    assert (
        with_p_values(stored) == "strongest of 7 cuts, permutation p = 0.002 (p < 0.001 alone); group p1 0.2"
    )
