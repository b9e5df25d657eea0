"""The page on groups of patients: its sections, escaped names, and numbers in figures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from grouped_cohort import analysed, grouped_cohort
from plain_words import faults

from stratomics.report.figures.style import style
from stratomics.report.section import Panel, Table
from stratomics.report.sections.subtypes import group_sections, group_sentences
from stratomics.report.subtypes_page import write_groups_page
from stratomics.strata.groups.findings import StoredGroups

TEMPLATES = "feature,class\n" + "".join(f"rna{n},{'high' if n < 20 else 'low'}\n" for n in range(40))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> StoredGroups:
    templates = tmp_path_factory.mktemp("templates") / "templates.csv"
    templates.write_text(TEMPLATES)
    return analysed(grouped_cohort(), labels="kind", templates=templates).stored


def test_the_page_has_every_section_and_escapes_names(stored: StoredGroups, tmp_path: Path) -> None:
    page = write_groups_page(tmp_path, stored).read_text()
    sections = re.findall(r'<section id="(\w+)"', page)
    assert sections == ["answer", "existence", "patients", "outcomes", "overlap", "markers", "methods"]
    assert "Two &lt;b&gt;groups&lt;/b&gt;: groups of patients" in page
    assert "<b>" not in page
    visible = re.sub(r"<(script|style|svg)\b.*?</\1\s*>|<[^>]*>", "\n", page, flags=re.DOTALL)
    assert faults(enumerate(visible.splitlines(), 1)) == []


def test_panels_show_the_numbers_of_the_findings(stored: StoredGroups) -> None:
    with style():
        sections = group_sections(stored)
    panels = {block.id: block for one in sections for block in one.blocks if isinstance(block, Panel)}
    tables = {block.id: block.table for one in sections for block in one.blocks if isinstance(block, Table)}
    assert list(panels) == [
        "existence",
        "groups-space",
        "groups-features",
        "groups-flow",
        "groups-survival-0",
        "groups-arms-0",
        "groups-response-1",
        "groups-arms-1",
    ]
    assert set(tables) == {
        "groups-loss",
        "groups-site",
        "groups-labels",
        "groups-given",
        "groups-templates",
        "groups-nearest",
        "groups-markers",
    }
    assert panels["groups-flow"].table["patients"].sum() == 72
    assert panels["groups-response-1"].table["patients"].sum() == 72
    curves = panels["groups-survival-0"].table.groupby("group")["at risk"].max()
    assert curves.to_dict() == {"S1": 36, "S2": 36}
    text = " ".join(group_sentences(stored))
    assert "2 groups were asked for, and are described here" in text
    assert "within 2 sites" in text
    assert "groups lose" in text


def test_gradients_have_no_groups_to_describe(tmp_path: Path) -> None:
    none = analysed(grouped_cohort(), k=None).stored
    page = write_groups_page(tmp_path, none).read_text()
    assert re.findall(r'<section id="(\w+)"', page) == ["answer", "existence", "patients", "methods"]
    assert "Gradients, no groups" in page
