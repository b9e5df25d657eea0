"""Table of horizons: times of the configuration or of the follow-up."""

from __future__ import annotations

from pathlib import Path

from saved_run import SavedRun

from omics.common.files import write_text
from stratomics.report.section import Table
from stratomics.report.sections.horizons import horizon_blocks
from stratomics.runs.run_directory import RunDirectory


def test_years_by_default_and_chosen_times(tmp_path: Path) -> None:
    run = SavedRun(tmp_path / "run").run("survival")
    (block,) = horizon_blocks(run)
    assert isinstance(block, Table)
    assert list(block.table["time"]) == ["1 year", "3 years", "5 years"]
    assert {"AUC of stratomics (95%)", "AUC of clinical Cox (95%)", "difference (95%)"} <= set(block.table)
    assert (block.table["events by then"].diff().dropna() >= 0).all()
    write_text(run.path / "config.yaml", "evaluation: {draws: 100, horizons: [2.5, 1.5]}\n")
    (block,) = horizon_blocks(RunDirectory(run.path))
    assert isinstance(block, Table)
    assert list(block.table["time"]) == ["1.5 years", "2.5 years"]


def test_a_response_has_none(tmp_path: Path) -> None:
    assert horizon_blocks(SavedRun(tmp_path / "run").run("response")) == []
