"""The README's picture shows the report as it is written today: its headings and column names are the same."""

from __future__ import annotations

import shutil
from pathlib import Path

from places import FROZEN, ROOT
from report_picture import labels_of

from stratomics.report.page import write_report
from stratomics.runs.run_directory import RunDirectory


def test_the_picture_has_the_labels_of_a_report_that_is_written_today(tmp_path: Path) -> None:
    run = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    today = labels_of(write_report(run).read_text(encoding="utf-8"))
    shown = (ROOT / "docs" / "report_picture.txt").read_text(encoding="utf-8").splitlines()
    assert len(shown) > 10
    # The pictured run has methods, and patients without a view, that the small saved run may lack.
    missing = [label for label in today if label not in shown]
    assert not missing, f"run `python docs/report_picture.py RUN` with a run of make demo: {missing}"
