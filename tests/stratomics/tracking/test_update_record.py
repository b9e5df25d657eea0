"""The record of a run in a real store: its page, and what `enrich`, `report` and `predict` add to it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from omics.common.files import file_digest, read_json
from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.update_record import PredictionSummary, record_predictions, update_record


@pytest.fixture(scope="module")
def recorded(small_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the small run, whose configuration names a store that has it."""
    folder = tmp_path_factory.mktemp("recorded")
    run = Path(shutil.copytree(small_run, folder / small_run.name))
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("/dev/null/store.db", f"{folder}/mlflow.db"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["log", str(run)]) == 0
    return run


def client_of(run: Path) -> Any:
    import mlflow

    return mlflow.MlflowClient(f"sqlite:///{run.parent}/mlflow.db")


def record(run: Path) -> Any:
    """The MLflow run of a run directory."""
    (found,) = client_of(run).search_runs(["1"], f"tags.`stratomics.run` = '{run.name}'")
    return found


def logged(run: Path, name: str) -> bytes:
    artifacts = Path(record(run).info.artifact_uri.removeprefix("file://"))
    return (artifacts / name).read_bytes()


def test_the_page_of_a_run_says_what_it_is(recorded: Path) -> None:
    found, run = record(recorded), RunDirectory(recorded)
    tags = found.data.tags
    assert found.info.run_name == recorded.name
    assert (tags["mlflow.source.name"], tags["mlflow.source.type"]) == ("stratomics run", "LOCAL")
    assert tags["cohort_digest"] == run.provenance["cohort_digest"]
    assert tags["stratomics.version"] == run.provenance["packages"]["stratomics"]
    # Twenty patients per fold and three epochs: some check of the report card does not pass.
    assert tags["stratomics.verdict"] in {"watch", "fail"}
    note = tags["mlflow.note.content"]
    assert note.startswith("# small\n")
    assert "**Can this run be trusted?**" in note
    assert "**Report card:**" in note


def test_metrics_of_folds_have_the_names_of_the_run(recorded: Path) -> None:
    found, metrics = record(recorded), read_json(recorded / "metrics.json")
    assert found.data.metrics["survival/ibs"] == pytest.approx(metrics["survival"]["ibs"]["estimate"])
    assert found.data.metrics["interval/survival/ibs_low"] == pytest.approx(metrics["survival"]["ibs"]["low"])
    folds = client_of(recorded).search_runs(["1"], "attributes.run_name LIKE 'repeat%'")
    assert len(folds) == 2
    names = {name for name in found.data.metrics if name.split("/")[0] in {"survival", "baselines", "loss"}}
    for fold in folds:
        ours = set(fold.data.metrics)
        # A fold may be too small for a metric; it has no name of its own.
        assert ours <= names
        assert {"survival/ibs", "baselines/clinical_cox/survival/ibs", "loss/training_member0"} <= ours


def test_the_page_of_the_model_is_its_card(recorded: Path) -> None:
    client, card = client_of(recorded), (recorded / "model_card.md").read_text()
    assert client.get_registered_model("small").description == card
    assert client.get_model_version_by_alias("small", "challenger").description == card


@pytest.mark.slow
def test_enrich_and_report_reach_the_record(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recorded.parent)
    before = logged(recorded, "report.html")
    assert main(["enrich", str(recorded)]) == 0
    found = record(recorded)
    assert logged(recorded, "report.html") == (recorded / "report.html").read_bytes() != before
    assert logged(recorded, "enrichment.json") == (recorded / "enrichment.json").read_bytes()
    assert found.data.tags["manifest_digest"] == file_digest(recorded / "manifest.json")
    rows = read_json(recorded / "enrichment.json")["prognostic"]
    assert found.data.metrics["enrichment/rate_highest_100_percent"] == pytest.approx(rows[0]["rate"])
    assert "By prognosis only" in found.data.tags["mlflow.note.content"]
    # A report written again is the one that MLflow has; the record is still one.
    (recorded / "report.html").write_text("another")
    assert main(["report", str(recorded)]) == 0
    assert logged(recorded, "report.html") == (recorded / "report.html").read_bytes() != b"another"


@pytest.mark.parametrize("by_id", [False, True])
def test_predictions_are_a_nested_run_without_rows_of_patients(
    recorded: Path, small_run: Path, by_id: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(recorded.parent)
    parent = record(recorded).info.run_id
    place = [parent, f"--tracking.uri=sqlite:///{recorded.parent}/mlflow.db"] if by_id else [str(recorded)]
    cohort, out = str(small_run.parent / "small"), tmp_path / "out.parquet"
    assert main(["predict", *place, cohort, "--out", str(out)]) == 0
    nested = client_of(recorded).search_runs(["1"], "attributes.run_name = 'predict small'")
    assert {found.data.tags["mlflow.parentRunId"] for found in nested} == {parent}
    import pandas as pd

    table, latest = pd.read_parquet(out), nested[0]
    assert latest.data.metrics["prediction/patients"] == len(table) == 40
    assert latest.data.metrics["prediction/abstained"] == table["abstain"].sum()
    assert latest.data.metrics["prediction/mean/risk"] == pytest.approx(table["risk"].mean())
    assert client_of(recorded).list_artifacts(latest.info.run_id) == []


def test_means_of_few_patients_are_not_recorded(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mean of one patient is a value of that patient."""
    monkeypatch.chdir(recorded.parent)
    numbers = {"patients": 9, "abstained": 0, "differences_from_training": 0}
    record_predictions(str(recorded), None, PredictionSummary("few", "stratomics", numbers, {"risk": 0.7}))
    (nested,) = client_of(recorded).search_runs(["1"], "attributes.run_name = 'predict few'")
    assert set(nested.data.metrics) == {f"prediction/{key}" for key in numbers}


def test_a_run_without_a_record_is_left_alone(
    small_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file of a store is made where there is none."""
    monkeypatch.chdir(tmp_path)
    run = Path(shutil.copytree(small_run, tmp_path / "run"))
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("/dev/null/store.db", "mlflow.db"))
    update_record(RunDirectory(run))
    assert caplog.text == ""
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_store_that_fails_is_a_warning(
    small_run: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broken.db").write_text("not a database")
    run = Path(shutil.copytree(small_run, tmp_path / "run"))
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("/dev/null/store.db", f"{tmp_path}/broken.db"))
    assert main(["report", str(run)]) == 0
    assert "MLflow could not record" in caplog.text
    assert "`stratomics log RUN` sends it later" in caplog.text
