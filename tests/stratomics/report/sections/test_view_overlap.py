"""Upset plot of views: all patterns are counted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from section_text import section_text
from written_run import people, written

from stratomics.report.figures.style import style, svg
from stratomics.report.sections.cohort import cohort
from stratomics.report.sections.missingness import missing_data
from stratomics.report.sections.view_overlap import SHOWN, draw_upset, view_overlap, view_patterns


def test_patterns_of_nine_views_are_all_counted(tmp_path: Path) -> None:
    patients = people(300, views=9, seed=4)
    patterns = view_patterns(patients)
    views = [c for c in patients.columns if c.startswith("view.")]
    counted: dict[tuple[bool, ...], int] = {}
    for row in patients[views].itertuples(index=False, name=None):
        counted[row] = counted.get(row, 0) + 1
    ours = {tuple(row[:-1]): row[-1] for row in patterns.itertuples(index=False, name=None)}
    assert ours == counted
    assert patterns["patients"].is_monotonic_decreasing
    panel = view_overlap(written(tmp_path / "run", patients))
    assert panel is not None
    rest = patterns["patients"][SHOWN:].sum()
    assert f"the other {len(patterns) - SHOWN} patterns comprise {rest} patients" in panel.sentence
    assert panel.table["patients"].sum() == 300


@pytest.mark.parametrize(
    ("seen", "expected"), [([True] * 20, "20 of 20"), ([False] * 3 + [True] * 17, "17 of 20")]
)
def test_one_view(seen: list[bool], expected: str, tmp_path: Path) -> None:
    panel = view_overlap(written(tmp_path / "run", people(20, views=0).assign(**{"view.rna": seen})))
    assert panel is not None
    assert f"{expected} patients have the only view, rna, and {20 - sum(seen)} have none" in panel.sentence


def test_no_view_has_no_plot(tmp_path: Path) -> None:
    run = written(tmp_path / "run", people(20, views=0))
    assert view_overlap(run) is None
    assert missing_data(run) == []
    assert "20 patients" in section_text(cohort(run))


def test_a_long_name_is_cut_and_a_dollar_stays() -> None:
    table = pd.DataFrame({"view.$x$ " + "long " * 30: [True, False], "view.b": [True, True]})
    with style():
        drawn = svg(draw_upset(view_patterns(table)))
    assert "$x$" in drawn
    assert "long " * 20 not in drawn
