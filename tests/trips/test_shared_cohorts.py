"""Each shared cohort runs to its end with a quick configuration, and all patients are predicted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from small import SMALLEST

from stratomics.candidates import CANDIDATES
from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory

COHORTS = {
    "gdsc_celllines": "response",
    "iirn_crohn_flare": "response",
    "loris_icb": "survival",
    "nat_breast": "response",
    "placenta_hood": "response",
    "race_septic_shock": "survival",
    "tcga_acc": "survival",
    "tcga_ov": "survival",
}
"""Cohort -> kind of the primary endpoint."""

SECOND = ["loris_icb", "race_septic_shock", "tcga_ov"]
"""Cohorts that have a response beside survival."""


def run_through(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunDirectory:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--cohort", str(cohort), *SMALLEST, "--harmonize.max_features=100"]) == 0
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return RunDirectory(tmp_path / captured.out.splitlines()[-1])


def check_all_are_predicted(run: RunDirectory, samples: Path) -> None:
    ids = set(pd.read_csv(samples, dtype=str)["sample_id"])
    column = {"survival": "risk", "response": "response_probability"}[run.kind]
    assert set(run.predictions) == {"stratomics", "wide_deep", *CANDIDATES[run.kind]}
    for name, prediction in run.predictions.items():
        assert ids <= set(prediction.patients["sample_id"]), name
        assert np.isfinite(prediction.patients[column]).all(), name
        # Stratomics also learns the other endpoint of a cohort beside the primary one.
        learned = (
            {"survival", "response"}
            if name == "stratomics" and run.path.name.startswith(tuple(SECOND))
            else {run.kind}
        )
        assert set(prediction.long) == learned, name
    assert set(run.patients["sample_id"]) == set(run.predictions["stratomics"].patients["sample_id"])


def test_no_shared_cohort_is_forgotten(shared: Callable[[str], Path]) -> None:
    assert {path.name for path in shared("cohorts").iterdir()} == set(COHORTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(COHORTS))
def test_it_runs_to_its_end(
    name: str,
    shared: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shared(f"cohorts/{name}")
    run = run_through(folder, tmp_path, monkeypatch, capsys)
    assert run.kind == COHORTS[name]
    check_all_are_predicted(run, folder / "outcome.csv")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["race_septic_shock"])
def test_it_runs_to_its_end_with_the_response_as_primary_endpoint(
    name: str,
    shared: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, copy = shared(f"cohorts/{name}"), tmp_path / "cohort"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).symlink_to(path)
    spec = yaml.safe_load((folder / "cohort.yaml").read_text()) | {"primary": "response"}
    (copy / "cohort.yaml").unlink()
    (copy / "cohort.yaml").write_text(yaml.safe_dump(spec))
    run = run_through(copy, tmp_path, monkeypatch, capsys)
    assert run.kind == "response"
    check_all_are_predicted(run, folder / "outcome.csv")
