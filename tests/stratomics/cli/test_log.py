"""MLflow unavailable, or failing during a run: the run continues, and `stratomics log RUN` sends it later."""

from __future__ import annotations

import json
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interrupted import contents
from small import SMALLEST, write

from omics.common.files import read_parquet
from stratomics.cli import main

OWN_TAGS = ("mlflow.user", "manifest_digest", "mlflow.note.content")
"""Tags that differ between two recordings of the same results: paths and times are in their content."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A working store; each test has its own experiment."""
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


def words(cohort: Path, store: str, experiment: str, *more: str) -> list[str]:
    return [
        *("run", "--cohort", str(cohort), *SMALLEST, *more),
        *(f"--tracking.uri={store}", f"--tracking.experiment={experiment}"),
    ]


@pytest.fixture
def here(small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return write(tmp_path / "small")


def inputs(run: Any) -> list[tuple[str, ...]]:
    """Datasets of an MLflow run: name, digest, profile and context; the source is not compared."""
    datasets = [(entry.dataset, entry.tags[0].value) for entry in run.inputs.dataset_inputs]
    assert all(set(json.loads(dataset.source)) == {"cohort"} for dataset, _ in datasets)
    return sorted((d.name, d.digest, d.profile, context) for d, context in datasets)


def training_history(client: Any, run: Any) -> dict[str, list[tuple[int, float]]]:
    """Metrics over epochs of an MLflow run."""
    names = [name for name in run.data.metrics if name.startswith("loss/")]
    return {n: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, n)] for n in names}


def recorded(store: str, experiment: str) -> dict[str, Any]:
    """Everything that MLflow has of the only finished run of an experiment."""
    import mlflow

    client = mlflow.MlflowClient(store)
    number = client.get_experiment_by_name(experiment).experiment_id
    runs = client.search_runs([number])
    parents = [r for r in runs if "mlflow.parentRunId" not in r.data.tags and r.info.status == "FINISHED"]
    assert len(parents) == 1
    (parent,) = parents
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert {r.info.status for r in children} == {"FINISHED"}
    files = Path(parent.info.artifact_uri.removeprefix("file://"))
    params = {k: v for k, v in parent.data.params.items() if not k.startswith("tracking.") and k != "cohort"}
    return {
        "name": parent.info.run_name,
        "params": params,
        "metrics": parent.data.metrics,
        "tags": {k: v for k, v in parent.data.tags.items() if k not in OWN_TAGS},
        "inputs": inputs(parent),
        "course": training_history(client, parent),
        "folds": {
            r.info.run_name: (r.data.params, r.data.metrics, inputs(r), training_history(client, r))
            for r in children
        },
        "models": [client.get_logged_model(m.model_id).name for m in parent.outputs.model_outputs],
        "files": sorted(p.relative_to(files).as_posix() for p in files.rglob("*") if p.is_file()),
    }


@pytest.mark.slow
def test_a_run_sent_later_is_recorded_like_a_run_recorded_live(
    small_run: Path, here: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words(here, store, "live")) == 0
    live = Path(capsys.readouterr().out.splitlines()[-1])
    # Apart from the address of MLflow, both runs are the same.
    same = ("predictions.parquet", "metrics.json", "model/network.safetensors")
    assert all(contents(live)[name] == contents(small_run)[name] for name in same)
    later = ["log", str(small_run), "--tracking.uri", store, "--tracking.experiment", "later"]
    assert main(later) == 0
    sent = capsys.readouterr().out.splitlines()[-1]
    found = recorded(store, "later")
    assert found == recorded(store, "live")
    assert len(found["folds"]) == 2
    assert found["metrics"]
    for params, metrics, parts, losses in found["folds"].values():
        assert params == {"train": "20", "test": "20"}
        assert metrics
        assert sorted(part[2:] for part in parts) == [
            ('{"patients": 20}', "testing"),
            ('{"patients": 20}', "training"),
        ]
        assert len({part[1] for part in parts}) == 2
        assert set(losses) == {
            f"loss/{what}_member{n}" for what in ("training", "validation") for n in range(3)
        }
        assert all([step for step, _ in history] == [0, 3] for history in losses.values())
    digest = found["tags"]["cohort_digest"]
    assert found["inputs"] == [("small", digest[:36], '{"patients": 40}', "training")]
    assert set(found["course"]) == set(losses)
    assert found["models"] == ["small"]
    training = read_parquet(small_run / "training.parquet")
    assert set(training["fit"]) == {"final", *found["folds"]}
    final = training[(training["fit"] == "final") & (training["member"] == 1)]
    assert found["course"]["loss/validation_member1"] == [
        *zip(final["epoch"], final["validation_loss"], strict=True)
    ]
    assert {"model/network.json", "report.html", "predictions.parquet", "environment.txt"} <= set(
        found["files"]
    )
    # Sending it again changes nothing.
    assert main(later) == 0
    assert capsys.readouterr().out.splitlines()[-1] == sent
    assert recorded(store, "later") == found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("log_batch", 2),
        ("create_run", 2),
        ("log_artifact", 4),
        ("set_registered_model_alias", 1),
        ("get_experiment_by_name", 1),
        ("create_run", 1),
        ("log_batch", 4),
        ("search_registered_models", 1),
        ("create_model_version", 1),
        ("create_run", 3),
        ("set_terminated", 3),
    ],
)
def test_mlflow_may_fail_at_any_call(
    method: str,
    call: int,
    here: Path,
    small_run: Path,
    store: str,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import mlflow

    calls: list[int] = []
    works: Callable[..., Any] = getattr(mlflow.MlflowClient, method)

    def fails(*arguments: Any, **keys: Any) -> Any:
        calls.append(1)
        if len(calls) >= call:
            raise ConnectionError("the server has gone away\nwith a long story")
        return works(*arguments, **keys)

    experiment = f"{method} {call}"
    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, method, fails)
        assert main(words(here, store, experiment)) == 0
    assert len(calls) == call, "it must not be called again"
    run = Path(capsys.readouterr().out.splitlines()[-1])
    (message,) = [
        record.getMessage() for record in caplog.records if record.name == "stratomics.tracking.tracker"
    ]
    assert "could not record (the server has gone away); everything stays" in message
    assert "`stratomics log RUN` sends it later" in message
    assert contents(run)["predictions.parquet"] == contents(small_run)["predictions.parquet"]
    assert main(["verify", str(run)]) == 0
    assert main(["log", str(run)]) == 0
    found = recorded(store, experiment)
    assert len(found["folds"]) == 2
    assert "report.html" in found["files"]
    left = mlflow.MlflowClient(store)
    number = left.get_experiment_by_name(experiment).experiment_id
    open_ = [
        r
        for r in left.search_runs([number], "attributes.status = 'RUNNING'")
        if "stratomics.run" in r.data.tags
    ]
    assert open_ == []


@pytest.mark.slow
def test_a_server_that_does_not_answer_costs_seconds(
    here: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as silent:
        # It accepts the connection and never answers.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        begin = time.monotonic()
        assert main(words(here, address, "silent")) == 0
        assert time.monotonic() - begin < 60
        assert "could not record" in caplog.text
        run = Path(capsys.readouterr().out.splitlines()[-1])
        assert main(["log", str(run)]) == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith(f"stratomics: MLflow at {address} could not record")
    assert "name another with --tracking.uri" in line


def test_patient_tables_are_not_sent_if_the_run_forbids_it(
    small_run: Path, tmp_path: Path, store: str
) -> None:
    run = Path(shutil.copytree(small_run, tmp_path / "private"))
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("patient_data: true", "patient_data: false"))
    assert main(["log", str(run), "--tracking.uri", store, "--tracking.experiment", "private"]) == 0
    files = recorded(store, "private")["files"]
    assert "metrics.json" in files
    assert not {
        "patients.parquet",
        "predictions.parquet",
        "survival.parquet",
        "factors/factors.parquet",
    } & set(files)


@pytest.mark.slow
def test_a_killed_attempt_is_closed_by_the_next(
    here: Path, store: str, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow
    from interrupted import start

    process = start(words(here, store, "killed"), here.parent, 60)
    process.join()
    assert process.exitcode == -9
    client = mlflow.MlflowClient(store)
    number = client.get_experiment_by_name("killed").experiment_id
    before = client.search_runs([number], "attributes.status = 'RUNNING'")
    assert any("stratomics.run" in r.data.tags for r in before)
    assert main(words(here, store, "killed")) == 0
    found = recorded(store, "killed")
    # The folds of the earlier attempt are recorded too.
    assert len(found["folds"]) == 2
    statuses = sorted(r.info.status for r in client.search_runs([number]) if "stratomics.run" in r.data.tags)
    assert statuses == ["FINISHED", "KILLED"]
