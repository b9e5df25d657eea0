"""The figure of the planned trial states what is expected, and its table holds every point."""

from __future__ import annotations

import dataclasses

from trials import trial_design

from models.survival.time_unit import TimeUnit
from stratomics.enrichment.plan.expected_events import ExpectedEvents, ExpectedLook, ExpectedTrial
from stratomics.report.figures.style import style
from stratomics.report.sections.expected_events import expected_panel

YEARS = TimeUnit("years", 1 / 365.25)
DESIGN = dataclasses.replace(
    trial_design(), patients=100, events=(30, 60), efficacy=(None, 1.96), futility=(0.0, None)
)
ROWS = tuple(
    ExpectedEvents(365.25 * year, min(100.0, 50.0 * year), 15.0 * year, 20.0 * year) for year in range(6)
)
LOOKS = (ExpectedLook(730.5, 30, None, 1.0), ExpectedLook(1461.0, 60, 0.6, None))


def test_sentence_table_and_axes_are_in_years() -> None:
    with style():
        panel = expected_panel(ExpectedTrial(ROWS, LOOKS), DESIGN, YEARS)
    assert "All 100 patients are randomised within 2 years." in panel.sentence
    assert "30 events after 2 years, 60 events after 4 years" in panel.sentence
    assert "without an effect, 60 events after 3 years" in panel.sentence
    assert "at an observed hazard ratio of at most 0.60" in panel.sentence
    table = panel.table
    assert len(table) == len(ROWS) + len(LOOKS)
    assert table["time in years"].is_monotonic_increasing
    analyses = table[table["analysis"] != ""]
    assert analyses["events, effect as planned"].tolist() == [30.0, 60.0]
    assert analyses["analysis"].tolist() == [
        "futility at 1.000 or more",
        "effect at a hazard ratio of at most 0.600",
    ]
    left, right = panel.figure.axes
    assert left.get_xlabel() == "Time from the first patient (years)"
    texts = {text.get_text() for text in (*left.texts, *right.texts)}
    assert {"60 events", "\N{LESS-THAN OR EQUAL TO} 0.60: effect shown"} <= texts
