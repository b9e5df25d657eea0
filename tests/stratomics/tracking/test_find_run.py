"""predict, verify and report by the id of an MLflow run, without the run directory."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from interrupted import contents

from stratomics.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an empty folder of temporary files."""
    (tmp_path / "here").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path / "here"


def sent(run: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Send a run to a store; the arguments that name it there."""
    words = ["--tracking.uri", f"sqlite:///{store}/mlflow.db"]
    assert main(["log", str(run), *words]) == 0
    return [capsys.readouterr().out.splitlines()[-1], *words]


@pytest.mark.slow
def test_by_id_as_by_directory(
    small_run: Path, here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    by_id = sent(small_run, tmp_path, capsys)
    cohort = str(small_run.parent / "small")
    name, *words = by_id
    for number, run in enumerate(([str(small_run)], by_id)):
        out = f"{number}.csv"
        assert main(["predict", run[0], cohort, "--out", out, *run[1:]]) == 0
        assert main(["verify", *run]) == 0
    pd.testing.assert_frame_equal(pd.read_csv("0.csv"), pd.read_csv("1.csv"), check_exact=True)
    capsys.readouterr()
    assert main(["report", *by_id]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{small_run.name}.html"]
    page = Path(f"{small_run.name}.html")
    assert page.read_bytes() == contents(small_run)["report.html"]
    assert list((tmp_path / "temporary").iterdir()) == []
    # An id that does not exist.
    assert main(["verify", "f" * 32, *words]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert "has no run ffff" in line
    assert "name its store with --tracking.uri" in line
    import mlflow

    client = mlflow.MlflowClient(words[1])
    folds = f"tags.mlflow.parentRunId = '{name}' and attributes.run_name LIKE 'repeat%'"
    (fold, _) = client.search_runs(["1"], folds)
    assert main(["verify", fold.info.run_id, *words]) == 2
    assert "is not a run of stratomics; name the parent" in capsys.readouterr().err


def test_without_rows_of_patients_it_says_what_is_missing(
    small_run: Path,
    here: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    run = Path(shutil.copytree(small_run, tmp_path / "shy"))
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("patient_data: true", "patient_data: false"))
    by_id = sent(run, tmp_path, capsys)
    assert main(["predict", by_id[0], str(small_run.parent / "small"), "--out", "a.csv", *by_id[1:]]) == 0
    capsys.readouterr()
    caplog.clear()
    assert main(["verify", *by_id]) == 2
    output = capsys.readouterr().out.splitlines()
    gone = {line.partition(":")[0] for line in output if "the file is missing" in line}
    assert {"patients.parquet", "predictions.parquet", "survival.parquet", "factors/factors.parquet"} <= gone
    assert "has no table with one row per patient" in caplog.text
    assert main(["report", *by_id]) == 2
    assert "parquet: no such file" in capsys.readouterr().err
    # MLflow stores the artifacts of an SQLite store in mlruns.
    assert {path.name for path in here.iterdir()} == {"a.csv", "a.survival.csv", "mlruns"}
