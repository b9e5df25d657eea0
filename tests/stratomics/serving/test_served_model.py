"""The final model in MLflow: its files, its request and response, and that it predicts as `stratomics predict`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from served_rows import Rows, predicted, rows_of
from small import write

from omics.cohort.new_patients import read_new_patients
from stratomics.cli import main
from stratomics.fitting.fitted import Fitted


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, small_run: Path) -> str:
    """A store in which the small run is recorded."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('served')}/mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(Path(uri.removeprefix("sqlite:///")).parent)
        assert main(["log", str(small_run), "--tracking.uri", uri]) == 0
    return uri


@pytest.fixture(scope="module")
def logged(store: str) -> Any:
    """The registered model, found by its alias."""
    import mlflow

    client = mlflow.MlflowClient(store)
    return client.get_model_version_by_alias("small", "challenger")


@pytest.fixture(scope="module")
def folder(store: str, logged: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the logged model."""
    import mlflow

    client = mlflow.MlflowClient(store)
    model = client.get_logged_model(logged.source.removeprefix("models:/"))
    return Path(model.artifact_location.removeprefix("file://"))


def test_it_is_code_and_tables_and_no_pickle(folder: Path, logged: Any, small_run: Path) -> None:
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert {Path(name).suffix for name in files} <= {".py", ".json", ".safetensors", ".yaml", ".txt", ""}
    assert [name for name in files if not Path(name).suffix] == ["MLmodel"]
    # A pickle begins with this byte.
    assert not any(path.read_bytes()[:1] == b"\x80" for path in files.values())
    declared = yaml.safe_load((folder / "MLmodel").read_text())
    flavor = declared["flavors"]["python_function"]
    assert flavor["loader_module"] == "mlflow.pyfunc.loaders.code_model"
    assert Path(flavor["model_code_path"]).name == "served_model.py"
    assert "python_model" not in flavor
    logged_files = {
        name.removeprefix("artifacts/model/"): path for name, path in files.items() if "/model/" in name
    }
    ours = {path.name: path for path in (small_run / "model").iterdir()}
    assert {name: path.read_bytes() for name, path in logged_files.items()} == {
        name: path.read_bytes() for name, path in ours.items()
    }
    assert logged.name == "small"
    assert {"inputs", "outputs", "params"} <= set(declared["signature"])
    assert declared["saved_input_example_info"]["artifact_path"] == "input_example.json"
    # The example has no real patient.
    assert "p0" not in (folder / "input_example.json").read_text()


def test_it_predicts_as_the_command(folder: Path, small_run: Path, recwarn: pytest.WarningsRecorder) -> None:
    import mlflow

    served = mlflow.pyfunc.load_model(str(folder))
    cohort = small_run.parent / "small"
    rows = rows_of(cohort)
    response = served.predict(pd.DataFrame(rows))
    plain = predicted(small_run / "model", cohort)
    pd.testing.assert_frame_equal(response[list(plain)], plain, check_exact=True)
    curves = [column for column in response if column.startswith("survival_") and column != "survival_bound"]
    assert list(response) == [*plain, *curves, "matched", "ignored", "time_unit"]
    assert set(response["ignored"]) == {""}
    assert set(response["time_unit"]) == {"days"}
    assert len(curves) == 4
    # S(t) against the long table, by its definition.
    long = Fitted.load(small_run / "model").predict(read_new_patients(cohort)).survival
    for column in curves:
        time = float(column.removeprefix("survival_"))
        for patient, rows_before in long[long["time"] <= time].groupby("sample_id"):
            value = response.loc[response["sample_id"] == patient, column].item()
            assert value == rows_before.sort_values("time")["survival"].iloc[-1]
    asked = served.predict(pd.DataFrame(rows), params={"times": [100.0]})
    assert list(asked) == [*plain, "survival_100", "matched", "ignored", "time_unit"]
    example = served.predict(served.input_example)
    assert np.isfinite(example.select_dtypes("number").to_numpy()).all()
    assert list(response) == list(served.metadata.signature.outputs.input_names())


def test_it_explains_on_request(folder: Path, small_run: Path) -> None:
    import mlflow

    served, rows = mlflow.pyfunc.load_model(str(folder)), rows_of(small_run.parent / "small")[:3]
    plain = served.predict(pd.DataFrame(rows))
    response = served.predict(pd.DataFrame(rows), params={"explain": True})
    pd.testing.assert_frame_equal(response.drop(columns="explanation"), plain)
    for risk, cell in zip(response["risk"], response["explanation"], strict=True):
        content = json.loads(cell)
        assert content["scale"] == "log hazard"
        assert content["prediction"] == pytest.approx(risk, abs=1e-9)
        total = sum(item["contribution"] for item in content["contributions"])
        assert total == pytest.approx(risk - content["reference"], abs=1e-6)
        assert len(content["features"]) == 10
    # A patient without any view has the covariates.
    bare = served.predict(pd.DataFrame([{"sample_id": "nothing"}]), params={"explain": True})
    assert json.loads(bare["explanation"].item())["contributions"]


def test_an_explanation_takes_at_most_a_tenth_of_a_second(folder: Path, small_run: Path) -> None:
    import mlflow

    served, row = mlflow.pyfunc.load_model(str(folder)), pd.DataFrame(rows_of(small_run.parent / "small")[:1])

    def seconds(**params: bool) -> float:
        spent = []
        for _ in range(5):
            start = time.process_time()
            served.predict(row, params=params)
            spent.append(time.process_time() - start)
        return min(spent)

    seconds(explain=True)
    assert seconds(explain=True) - seconds(explain=False) < 0.1


def _lacking(rows: Rows) -> None:
    for number, row in enumerate(rows):
        if number % 3 == 0:
            row.pop("view.rna")
        if number % 3 == 1:
            row["view.rna"] = None if number % 2 else {}
        row["something"] = number
        if "view.protein" in row:
            row["view.protein"] = {
                key: value for key, value in row["view.protein"].items() if key != "protein2"
            }
            row["view.protein"]["unknown"] = 7
            if number == 4:
                row["view.protein"]["protein0"] = None
        if number == 2:
            row["covariate.age"] = None
            row.pop("covariate.stage")


def _files_lacking(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].iloc[[n for n in range(40) if n % 3 == 2]]
    protein = frames["protein"].drop(columns="protein2").assign(unknown=7)
    protein.loc[protein["sample_id"] == "p004", "protein0"] = np.nan
    frames["protein"] = protein
    frames["outcome"].loc[2, ["age", "stage"]] = np.nan


def test_views_features_and_covariates_may_be_absent_or_more(
    folder: Path, small_run: Path, tmp_path: Path
) -> None:
    import mlflow

    served = mlflow.pyfunc.load_model(str(folder))
    rows = rows_of(small_run.parent / "small")
    _lacking(rows)
    response = served.predict(pd.DataFrame(rows))
    plain = predicted(small_run / "model", write(tmp_path / "lacking", _files_lacking))
    pd.testing.assert_frame_equal(response[list(plain)], plain, check_exact=True)
    # Each patient alone: predictions do not depend on the other patients.
    model, cohort = Fitted.load(small_run / "model"), read_new_patients(tmp_path / "lacking")
    for number, row in enumerate(rows[:8]):
        alone = served.predict(pd.DataFrame([row]))
        expected = model.predict(cohort[[number]]).patients
        assert alone["risk"].item() == expected["risk"].item()
        # Networks work in float32, and the rounding of their sums depends on the number of patients.
        assert expected["risk"].item() == pytest.approx(plain["risk"][number], abs=1e-6)
    bare = served.predict(pd.DataFrame([{"sample_id": "nothing"}]))
    assert np.isfinite(bare["risk"]).all()
    assert bare["abstain"].dtype == bool


@pytest.fixture(scope="module")
def address(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """`mlflow models serve` of the registered model on a free port, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "server.log"
    words = ["-m", "mlflow", "models", "serve", "-m", "models:/small@challenger", "--env-manager", "local"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *words, "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ
            | {
                "MLFLOW_TRACKING_URI": store,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                # MLflow calls uvicorn by its name, which has to be on the path.
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
            cwd=log.parent,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}/invocations", process.pid
    finally:
        # The command line and the server that it started.
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/ping") as answer:
            assert answer.status == 200
            return
        time.sleep(0.2)
    pytest.fail(f"the server did not start in 180 seconds: {log.read_text()}")


def _ask(address: str, content: dict[str, Any]) -> tuple[int, Any]:
    body = json.dumps(content).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.service
def test_a_hundred_requests_at_once_are_all_right(
    address: tuple[str, int], small_run: Path, tmp_path: Path
) -> None:
    """Each patient alone, some without a view: bit-identical to `Fitted.predict` for this patient alone."""
    place, pid = address
    rows = rows_of(small_run.parent / "small")
    _lacking(rows)
    model = Fitted.load(small_run / "model")
    patients = read_new_patients(write(tmp_path / "lacking", _files_lacking))
    numbers = [n % 40 for n in range(100)]
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda n: _ask(place, {"dataframe_records": [rows[n]]}), numbers))
    for number, (status, content) in zip(numbers, found, strict=True):
        assert status == 200, content
        (response,) = content["predictions"]
        expected = model.predict(patients[[number]]).patients.drop(columns=["repeat", "fold"])
        assert {key: response[key] for key in expected} == expected.to_dict("records")[0]
    # One BLAS thread, and no copy of the model per request: 100 waiting requests use only threads of the server.
    processes = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _session(path) == pid]
    assert sum(_status(process, "VmRSS") for process in processes) < 1.5 * 2**20, "KiB"
    assert max(_status(process, "Threads") for process in processes) < 80


@pytest.mark.service
def test_the_error_of_a_wrong_request_is_returned(address: tuple[str, int]) -> None:
    place, _ = address
    status, content = _ask(place, {"dataframe_records": [{"sample_id": "a", "view.rna": {"rna0": "high"}}]})
    assert status == 400
    assert "'high'" in content["message"]
    whole = {"sample_id": "a", "covariate.age": 61, "view.rna": {"rna0": 1}}
    content = {"dataframe_records": [whole], "params": {"times": [200.0]}}
    status, content = _ask(place, content)
    assert status == 200
    assert 0 <= content["predictions"][0]["survival_200"] <= 1


def _session(process: Path) -> int | None:
    try:
        return os.getsid(int(process.name))
    except ProcessLookupError:
        return None


def _status(process: int, key: str) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))
