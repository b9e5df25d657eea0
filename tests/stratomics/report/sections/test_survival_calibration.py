"""Survival curves: calibration with the clinical baseline."""

from __future__ import annotations

from pathlib import Path

import pytest
from saved_run import SavedRun
from section_text import panels_and_text

from stratomics.report.sections.survival_calibration import calibration


@pytest.fixture
def saved(tmp_path: Path) -> SavedRun:
    return SavedRun(tmp_path / "run")


def test_calibration_includes_the_clinical_baseline(saved: SavedRun) -> None:
    panels, text = panels_and_text(calibration(saved.run("survival")))
    rows = panels["calibration"].table["patients"].value_counts()
    assert rows["stratomics, smooth"] == rows["clinical Cox, smooth"] == 50
    assert sum(name.startswith("group ") for name in rows.index) == 3
    assert "clinical Cox calibration slope" in text
