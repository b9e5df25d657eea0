"""Uncertainty: coverage by group, abstentions and selective prediction."""

from __future__ import annotations

from pathlib import Path

import pytest
from saved_run import SavedRun
from section_text import panels_and_text

from stratomics.report.section import Table
from stratomics.report.sections.uncertainty import uncertainty


@pytest.fixture
def saved(tmp_path: Path) -> SavedRun:
    return SavedRun(tmp_path / "run")


def test_small_groups_are_merged_in_the_figure_and_listed_in_the_table(saved: SavedRun) -> None:
    run = saved.run("survival")
    panels, text = panels_and_text(uncertainty(run))
    panel = panels["coverage"]
    assert len(panel.table) == len(run.metrics["coverage"])
    assert panel.table["patients"].str.startswith("views: without").sum() == 4
    labels = [tick.get_text() for tick in panel.figure.axes[0].get_yticklabels()]
    assert labels[-1] == "views: others (3) (n = 4)"
    assert sum(label.startswith("views: ") for label in labels) == 3
    assert "Groups of fewer than 10 patients are merged in the figure" in text


def test_coverage_of_a_response_is_within_class_and_marginal(saved: SavedRun) -> None:
    run = saved.run("response")
    panels, text = panels_and_text(uncertainty(run))
    table = panels["coverage"].table.set_index("patients")
    for name in ("positive", "negative"):
        row = table.loc[f"class: {name}"]
        assert row["coverage"] == pytest.approx(run.metrics["end"][f"set_coverage_{name}"]["estimate"])
    marginal = table["coverage of sets over all patients"]
    assert marginal["all"] == pytest.approx(run.metrics["end"]["marginal_set_coverage"]["estimate"])
    assert marginal["class: positive"] == pytest.approx(
        run.metrics["end"]["marginal_set_coverage_positive"]["estimate"]
    )
    assert "over all patients: " in text
    assert "below the nominal coverage in" in text


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_abstentions_are_counted(saved: SavedRun, kind: str) -> None:
    run = saved.run(kind)
    section = uncertainty(run)
    _, text = panels_and_text(section)
    assert section is not None
    [table] = [block.table for block in section.blocks if isinstance(block, Table)]
    most = run.predictions["stratomics"].patients.groupby("sample_id")["abstain"].mean() > 0.5
    assert table["abstained"].iloc[0] == most.sum()
    assert f"abstain for {most.sum()} of 150 patients" in text
    by_site = table[table["patients"].str.startswith("site: ")]
    assert by_site["abstained"].sum() == most.sum()
    assert (table["out of distribution"] + table["uncertain prediction only"] == table["abstained"]).all()
    assert ("class: positive" in set(table["patients"])) == (kind == "response")


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_risk_coverage_curves_end_at_the_same_score(saved: SavedRun, kind: str) -> None:
    table = panels_and_text(uncertainty(saved.run(kind)))[0]["risk-coverage"].table
    orderings = [
        name for name in table if name.startswith(("predicted", "disagreement", "out-of-distribution"))
    ]
    assert len(orderings) == 3
    last = table.iloc[-1]
    assert last[orderings].astype(float).to_numpy() == pytest.approx(last["predicted variance"])
    assert (last["share retained"], last["patients retained"]) == (1.0, 150)
    assert table["patients retained"].iloc[0] >= 10
    assert (table["low"] <= table["predicted variance"] + 1e-12).all()
