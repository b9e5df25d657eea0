"""Sections on curves and uncertainty for degenerate, tiny, old and large runs."""

from __future__ import annotations

import dataclasses
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from places import FROZEN
from saved_run import Change, SavedRun
from section_text import panels_and_text

from stratomics.report.section import Section
from stratomics.report.sections.decision_curve import decision_curve
from stratomics.report.sections.response_calibration import calibration as response_calibration
from stratomics.report.sections.survival_calibration import calibration as survival_calibration
from stratomics.report.sections.time_auc import time_auc
from stratomics.report.sections.uncertainty import uncertainty
from stratomics.runs.run_directory import RunDirectory


@pytest.fixture
def saved(tmp_path: Path) -> SavedRun:
    return SavedRun(tmp_path / "run")


def sections(run: RunDirectory) -> dict[str, Section | None]:
    made = {
        "time_auc": time_auc(run),
        "decision_curve": decision_curve(run),
        "uncertainty": uncertainty(run),
        "calibration": survival_calibration(run) or response_calibration(run),
    }
    for section in made.values():
        if section is not None:
            panels_and_text(section)
    return made


def one_class_predicted(arrays: dict[str, Any]) -> None:
    arrays["linear"]["stratomics"] = np.full(150, 8.0)


def constant(arrays: dict[str, Any]) -> None:
    arrays["linear"]["stratomics"] = np.full(150, -0.3)


def perfect(arrays: dict[str, Any]) -> None:
    arrays["linear"]["stratomics"] = np.where(arrays["positive"], 4.0, -4.0)


def all_late(arrays: dict[str, Any]) -> None:
    arrays["time"] = np.where(arrays["event"], np.minimum(arrays["time"], 5.0), 12.0)


def events_at_the_end(arrays: dict[str, Any]) -> None:
    arrays["event"] = arrays["time"] >= np.sort(arrays["time"])[-8]


@pytest.mark.parametrize("kind", ["survival", "response"])
@pytest.mark.parametrize("change", [one_class_predicted, constant, perfect, all_late, events_at_the_end])
@pytest.mark.filterwarnings("error")
def test_degenerate_cohorts_have_complete_texts(saved: SavedRun, kind: str, change: Change) -> None:
    made = sections(saved.run(kind, change))
    assert (made["time_auc"] is None) == (kind == "response")
    assert made["decision_curve"] is not None
    assert made["uncertainty"] is not None


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_a_cohort_of_twelve(saved: SavedRun, kind: str) -> None:
    def outcome(arrays: dict[str, Any]) -> None:
        arrays["event"], arrays["positive"] = (np.arange(12) % 2 == 0 for _ in range(2))

    made = sections(dataclasses.replace(saved, n=12).run(kind, outcome))
    assert made["uncertainty"] is not None
    assert "risk-coverage" not in panels_and_text(made["uncertainty"])[0]


def test_the_frozen_run_has_all_sections(tmp_path: Path) -> None:
    run = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    made = sections(run)
    assert set(panels_and_text(made["time_auc"])[0]) == {"time-auc"}
    assert set(panels_and_text(made["uncertainty"])[0]) == {"risk-coverage", "coverage"}
    assert "smooth" in str(panels_and_text(made["calibration"])[0]["calibration"].table)
    assert set(panels_and_text(made["decision_curve"])[0]) == {"decision_curve", "decision_curve_gain"}


@pytest.mark.slow
def test_a_large_cohort_is_fast(saved: SavedRun) -> None:
    run = dataclasses.replace(saved, n=500, repeats=5, draws=1000).run("survival")
    start = time.process_time()
    sections(run)
    assert time.process_time() - start < 15  # about 3 s on the slowest machine tried
