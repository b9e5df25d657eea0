"""Each shared cohort, as it came, goes through the trip with a quick configuration, and nobody is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from small import UNRECORDED

from stratomics.baselines import BASELINES
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
"""Cohort -> kind of the endpoint that decides."""

SECOND = ["loris_icb", "race_septic_shock", "tcga_ov"]
"""Cohorts that have a response beside survival."""


def run_through(
    cohort: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunDirectory:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--cohort", str(cohort), *UNRECORDED, "--harmonize.max_features=100"]) == 0
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    return RunDirectory(tmp_path / captured.out.splitlines()[-1])


def check_nobody_is_lost(run: RunDirectory, samples: Path) -> None:
    ids = set(pd.read_csv(samples, dtype=str)["sample_id"])
    column = {"survival": "risk", "response": "response_probability"}[run.kind]
    assert set(run.predictions) == {"stratomics", *BASELINES[run.kind]}
    for name, prediction in run.predictions.items():
        assert ids <= set(prediction.patients["sample_id"]), name
        assert np.isfinite(prediction.patients[column]).all(), name
        # Ours learns the other endpoint of a cohort beside the one that decides.
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
def test_goes_through_the_trip(
    name: str,
    shared: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shared(f"cohorts/{name}")
    run = run_through(folder, tmp_path, monkeypatch, capsys)
    assert run.kind == COHORTS[name]
    check_nobody_is_lost(run, folder / "outcome.csv")


@pytest.mark.slow
@pytest.mark.parametrize("name", SECOND)
def test_the_response_beside_survival_goes_through_the_trip_too(
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
    check_nobody_is_lost(run, folder / "outcome.csv")
