"""The drawing of the explorer: lines broken where there is no trial, names of arms apart, ticks in years or months."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trials import with_arms

from stratomics.cli import main
from stratomics.enrichment.plan.explorer_curves import explorer_ticks
from stratomics.enrichment.plan.explorer_table import ExplorerCurves
from stratomics.enrichment.store import load_explorer
from stratomics.report.sections.explorer_picture import (
    APART,
    BOTTOM,
    TOP,
    _apart,
    _curves,
    _line,
    _steps,
    drawn_at,
    picture_of,
)
from stratomics.report.sections.explorer_units import in_shown_units
from stratomics.runs.run_directory import RunDirectory


def test_a_line_is_broken_where_there_is_no_trial() -> None:
    assert _line([10, 20, 30, 40], [5, None, 7, 8]) == "M10 5h0M30 7h0L40 8"
    assert _line([10], [None]) == ""


def test_a_curve_ends_with_its_last_patient() -> None:
    assert _steps([0, 10, 20, 30], [1.0, 1.0, 0.5, None]) == f"M0 {TOP}H20V{(TOP + BOTTOM) // 2}H20"
    assert _steps([0, 10], [None, None]) == ""


@given(st.tuples(st.integers(TOP, BOTTOM), st.integers(TOP, BOTTOM)))
def test_names_never_overlap_and_keep_their_order(heights: tuple[int, int]) -> None:
    first, second = _apart(heights)
    assert abs(first - second) >= APART
    assert (first < second) == (heights[0] < heights[1])


@given(st.sampled_from(["days", "weeks", "months", "years", "visits"]), st.floats(0.1, 1e5))
def test_ticks_are_few_and_lie_within_the_follow_up(unit: str, end: float) -> None:
    ticks = explorer_ticks(end, unit)
    assert ticks[0] == 0.0
    assert len(ticks) <= 12
    assert ticks[-1] <= end * (1 + 1e-9)


@pytest.mark.parametrize(
    ("unit", "end", "labels"),
    [
        ("days", 1432.0, ["0", "1", "2", "3"]),
        ("days", 300.0, ["0", "3", "6", "9"]),
        ("months", 60.0, ["0", "2", "4"]),
        ("cycles", 8.0, ["0", "2", "4", "6", "8"]),
    ],
)
def test_the_axis_of_time_has_whole_years_or_months(unit: str, end: float, labels: list[str]) -> None:
    curve = [1.0, 0.5]
    ticks = explorer_ticks(end, unit)
    counts = [[[[1] * len(ticks)] * 2] * 2]
    drawn = _curves(ExplorerCurves([0.0, end], [[[curve, curve], [curve, curve]]], ticks, counts), unit)
    assert [label for _, label in drawn.ticks] == labels
    assert drawn.unit == ("months" if end == 300.0 else unit if unit == "cycles" else "years")


@pytest.mark.parametrize("response", [False, True])
def test_the_chosen_point_lies_on_its_line(write_run: Callable[..., Path], response: bool) -> None:
    run = with_arms(write_run(), response)
    assert main(["enrich", str(run), "--control=a", "--shares=0.4,0.6", "--trials=100", "--draws=20"]) == 0
    stored = load_explorer(RunDirectory(run))
    assert stored is not None
    table = in_shown_units(stored)
    picture = picture_of(table)
    assert picture is not None
    for k in range(len(table.cuts)):
        drawn = drawn_at(picture, {**table.start, "threshold": k})
        for name in ("power", "need"):
            point = drawn[f"{name}_mark"].removeprefix("translate(").removesuffix(")")
            on_line = point in drawn[f"{name}_enriched"]
            assert on_line == (drawn[f"{name}_dot"] == "5")
        assert drawn["inside_treated"].startswith("M")
        assert ("inside_treated_name" in drawn) == (not response)
    heights = [y for part in (picture.power, picture.need) for y in numbers(part)]
    assert heights
    assert all(TOP <= y <= BOTTOM for y in heights)


def numbers(nested: object) -> list[int]:
    if isinstance(nested, list):
        return [number for part in nested for number in numbers(part)]
    return [nested] if isinstance(nested, int) else []
