"""Forest plots print their values, and axes of ratios have few round ticks."""

from __future__ import annotations

import pytest

from stratomics.report.figures.forest import ForestRow, forest, ratio_ticks
from stratomics.report.figures.style import style, svg

NAN = float("nan")
ROWS = [
    ForestRow("All <b>patients</b>", 0.8, 0.6, 1.07, "0.80 (0.60 to 1.07)"),
    ForestRow("Sex", NAN, NAN, NAN, "p = 0.30", heading=True),
    ForestRow("female", 0.01, 0.0001, 900.0, "0.01 (0.00 to 900)"),
]


def test_values_and_headings_are_written_and_long_intervals_are_cut() -> None:
    with style():
        figure = forest(ROWS, "Hazard ratio", "value", reference=1.0, ratio=True)
        text = svg(figure)
    for part in ("0.80 (0.60 to 1.07)", "p = 0.30", "All &lt;b&gt;patients&lt;/b&gt;", ">value<"):
        assert part in text
    low, high = figure.axes[0].get_xlim()
    assert (low, high) == (0.04, 25.0)
    assert figure.axes[0].get_ylim()[0] > figure.axes[0].get_ylim()[1], "the first row is at the top"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.04, 25.0, [0.05, 0.2, 1.0, 5.0, 20.0]), (0.45, 2.2, [0.5, 0.7, 1.0, 1.5, 2.0]), (0.93, 1.02, [1.0])],
)
def test_ticks_of_ratios(low: float, high: float, ticks: list[float]) -> None:
    found = ratio_ticks(low, high)
    assert all(low <= tick <= high for tick in found)
    assert len(found) <= 6
    assert set(found) >= {1.0}
    assert ticks[0] in found
