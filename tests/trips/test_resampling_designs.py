"""Whole runs of every resampling design: evaluated patients, the name of the run, `verify` and MLflow."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from small import UNRECORDED, write

from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory

pytestmark = pytest.mark.slow

EVALUATED = {"leave_site_out": 40, "part": 10, "external": 40}


def with_sites(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    rows = range(len(frames["outcome"]))
    frames["outcome"]["hospital"] = ["AB"[i % 2] for i in rows]
    frames["outcome"]["half"] = ["train" if i % 4 else "test" for i in rows]
    spec |= {"site": "hospital", "part": "half"}


def renamed(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    for frame in frames.values():
        frame["sample_id"] = "x" + frame["sample_id"]


@pytest.fixture
def trip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Callable[[str], Path]:
    """Run a design on a small cohort; the result is the run directory."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "ours", with_sites)
    write(tmp_path / "theirs", renamed)

    def run(design: str) -> Path:
        # A control has more folds than the design.
        words = [word for word in UNRECORDED if not word.startswith("--controls")]
        words += ["--controls=[noise_view]", "--trainer.epochs=3", f"--split.design={design}"]
        words += ["--split.external=theirs"] if design == "external" else []
        assert main(["run", "--cohort", "ours", "--baselines=[clinical_cox]", *words]) == 0
        return Path(capsys.readouterr().out.splitlines()[-1])

    return run


@pytest.mark.parametrize("design", EVALUATED)
def test_it_runs_to_its_end_and_is_verified(
    design: str, trip: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDirectory(trip(design))
    predicted = run.predictions["stratomics"].patients["sample_id"]
    assert sorted(predicted) == sorted(run.sample_ids)
    assert len(predicted) == EVALUATED[design]
    assert set(run.metrics["controls"]) == {"noise_view"}
    assert main(["verify", str(run.path)]) == 0
    assert main(["log", str(run.path), "--tracking.uri=sqlite:///later.db"]) == 0


def test_another_external_cohort_is_another_run(
    trip: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = trip("external")
    outcome = pd.read_csv(tmp_path / "theirs" / "outcome.csv")
    outcome["age"] += 1
    outcome.to_csv(tmp_path / "theirs" / "outcome.csv", index=False)
    assert main(["verify", str(one)]) == 2
    assert "external/outcome.csv" in capsys.readouterr().out
    assert trip("external") != one
