"""``stratomics explain``: screen, json, files, the section of the report, and errors."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from section_text import section_text

from stratomics.cli import main
from stratomics.report.sections.explanation import explanation
from stratomics.runs.run_directory import RunDirectory


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_run, tmp_path / "run"))


def test_the_cohort_of_the_run(run: Path, small_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explanation(RunDirectory(run)) is None
    out = run.parent / "all.csv"
    assert main(["explain", str(run), str(small_run.parent / "small"), "--out", str(out)]) == 0
    screen = capsys.readouterr().out
    assert "The reference is the mean prediction for 40 training patients." in screen
    assert "and the models of 2 outer folds" in screen
    assert "fitted to 40 of these 40 patients" in screen
    assert len(pd.read_csv(out)) > 40
    text = section_text(explanation(RunDirectory(run)))
    assert "Harrell's C lost" in text
    assert "The reference is the mean prediction" in text
    assert "Explanation of predictions" in (run / "report.html").read_text()


def test_one_patient_as_json(run: Path, small_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(run), str(small_run.parent / "small"), "--patient", "p004", "--json"]
    assert main(["explain", *words]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["patients"] == 1
    assert [one["rationale"]["sample_id"] for one in content["details"]] == ["p004"]
    assert content["importance"] is None
    assert not (run / "explanation").exists()


def test_errors(run: Path, small_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(run), str(small_run.parent / "small"), "--patient", "p9"]) == 2
    assert "no patient 'p9' in the cohort" in capsys.readouterr().err
    cohort = str(small_run.parent / "small")
    assert main(["explain", str(run), cohort, "--endpoint", "relapse"]) == 2
    assert "the model predicts no endpoint 'relapse'" in capsys.readouterr().err
    assert main(["explain", str(run.parent / "absent"), str(small_run.parent / "small")]) == 2
    assert "absent" in capsys.readouterr().err
