"""Details of the report: collapsed, never lost."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.figure import Figure

from stratomics.report.folding import (
    FOLDED_BLOCKS,
    FOLDED_SECTIONS,
    TRIAL_FOLDED_SECTIONS,
    folded,
    shown_once,
)
from stratomics.report.section import Block, Details, Panel, Section, Table


def panel(name: str, table: pd.DataFrame | None = None) -> Panel:
    table = pd.DataFrame({"step": ["all"]}) if table is None else table
    return Panel(id=name, title="A figure", figure=Figure(), sentence=f"Sentence of {name}.", table=table)


def names(blocks: list[Block]) -> list[str]:
    return [block.id if isinstance(block, Panel | Table) else str(block) for block in blocks]


@pytest.mark.parametrize("name", sorted(FOLDED_BLOCKS))
def test_details_come_last_below_a_line_that_names_them(name: str) -> None:
    name = "forest-ibs" if name == "forest" else name
    result = folded(Section("x", "X", ["Text.", panel(name), panel("main")]))
    details = result.blocks[-1]
    assert isinstance(details, Details)
    assert names(list(details.blocks)) == [name]
    assert FOLDED_BLOCKS[name.split("-ibs")[0]] in details.summary
    assert names(list(result.blocks[:-1]))[-1] == "main"
    assert result.blocks[0] == "Text."


def test_the_sentence_of_a_result_stays() -> None:
    assert folded(Section("x", "X", [panel("coverage")])).blocks[0] == "Sentence of coverage."


@pytest.mark.parametrize("trial", [False, True])
def test_whole_sections_are_collapsed_with_all_their_blocks(trial: bool) -> None:
    for name in TRIAL_FOLDED_SECTIONS if trial else FOLDED_SECTIONS:
        section = Section(name, "X", ["Text.", panel("main")])
        (details,) = folded(section, trial=trial).blocks
        assert isinstance(details, Details)
        assert list(details.blocks) == list(section.blocks)


def test_the_picture_of_the_first_screen_is_shown_once() -> None:
    first, other = panel("risk"), panel("main")
    both = shown_once(Section("x", "X", [panel("risk"), other]), first)
    assert both is not None
    assert list(both.blocks) == ["A figure: Figure 1, on the first screen.", other]
    assert shown_once(Section("risk", "X", [panel("risk")]), first) is None
    section = Section("x", "X", [other])
    assert shown_once(section, first) is section


def test_a_flow_chart_is_shown_only_if_patients_are_lost() -> None:
    lost = pd.DataFrame({"step": ["patients of x", "excluded, without the endpoint"]})
    assert isinstance(folded(Section("cohort", "Cohort", [panel("flow")])).blocks[-1], Details)
    section = Section("cohort", "Cohort", [panel("flow", lost)])
    assert folded(section) is section
