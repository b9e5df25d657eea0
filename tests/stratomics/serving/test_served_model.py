"""The final model in MLflow: what is logged, what it reads and says, and that it is what `stratomics predict` says."""

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
from small import QUICK, Change, with_response, write

from omics.cohort.new_patients import read_new_patients
from omics.common.errors import CohortError
from stratomics.cli import main
from stratomics.fitting.fitted import Fitted
from stratomics.serving.request_schema import RequestSchema, response_table

Rows = list[dict[str, Any]]


def rows_of(folder: Path) -> Rows:
    """The patients of a small cohort on disk as a client of the served model would write them."""
    spec = yaml.safe_load((folder / "cohort.yaml").read_text())
    samples = pd.read_csv(folder / "outcome.csv", index_col="sample_id")
    views = {name: pd.read_csv(folder / f"{name}.csv", index_col="sample_id") for name in spec["views"]}
    rows: Rows = []
    for patient, own in samples.iterrows():
        row: dict[str, Any] = {"sample_id": str(patient)}
        row |= {f"covariate.{name}": _plain(own[name]) for name in spec.get("covariates", ())}
        if "arm" in spec:
            row["arm"] = _plain(own[spec["arm"]["column"]])
        if "site" in spec:
            row["site"] = _plain(own[spec["site"]])
        for name, view in views.items():
            if patient in view.index:
                row[f"view.{name}"] = {key: _plain(value) for key, value in view.loc[patient].items()}
        rows.append(row)
    return rows


def _plain(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and np.isnan(value) else value


def predicted(model: Path, cohort: Path) -> pd.DataFrame:
    """What `stratomics predict` says, without repeat and fold."""
    said = Fitted.load(model).predict(read_new_patients(cohort)).patients
    return said.drop(columns=["repeat", "fold"])


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
    # A pickle begins with this byte, whatever it is called.
    assert not any(path.read_bytes()[:1] == b"\x80" for path in files.values())
    declared = yaml.safe_load((folder / "MLmodel").read_text())
    flavor = declared["flavors"]["python_function"]
    assert flavor["loader_module"] == "mlflow.pyfunc.loaders.code_model"
    assert Path(flavor["model_code_path"]).name == "serving.py"
    assert "python_model" not in flavor
    own = {name.removeprefix("artifacts/model/"): path for name, path in files.items() if "/model/" in name}
    ours = {path.name: path for path in (small_run / "model").iterdir()}
    assert {name: path.read_bytes() for name, path in own.items()} == {
        name: path.read_bytes() for name, path in ours.items()
    }
    assert logged.name == "small"
    assert {"inputs", "outputs", "params"} <= set(declared["signature"])
    assert declared["saved_input_example_info"]["artifact_path"] == "input_example.json"
    # No patient is in the example.
    assert "p0" not in (folder / "input_example.json").read_text()


def test_it_says_what_predict_says(folder: Path, small_run: Path, recwarn: pytest.WarningsRecorder) -> None:
    import mlflow

    served = mlflow.pyfunc.load_model(str(folder))
    cohort = small_run.parent / "small"
    rows = rows_of(cohort)
    said = served.predict(pd.DataFrame(rows))
    plain = predicted(small_run / "model", cohort)
    pd.testing.assert_frame_equal(said[list(plain)], plain, check_exact=True)
    curves = [column for column in said if column.startswith("survival_") and column != "survival_bound"]
    assert list(said) == [*plain, *curves]
    assert len(curves) == 4
    # S(t) against the long table, by its definition.
    long = Fitted.load(small_run / "model").predict(read_new_patients(cohort)).survival
    for column in curves:
        time = float(column.removeprefix("survival_"))
        for patient, rows_before in long[long["time"] <= time].groupby("sample_id"):
            own = said.loc[said["sample_id"] == patient, column].item()
            assert own == rows_before.sort_values("time")["survival"].iloc[-1]
    asked = served.predict(pd.DataFrame(rows), params={"times": [100.0]})
    assert list(asked) == [*plain, "survival_100"]
    example = served.predict(served.input_example)
    assert np.isfinite(example.select_dtypes("number").to_numpy()).all()
    assert list(said) == list(served.metadata.signature.outputs.input_names())


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
            row["view.protein"]["strange"] = 7
            if number == 4:
                row["view.protein"]["protein0"] = None
        if number == 2:
            row["covariate.age"] = None
            row.pop("covariate.stage")


def _files_lacking(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].iloc[[n for n in range(40) if n % 3 == 2]]
    protein = frames["protein"].drop(columns="protein2").assign(strange=7)
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
    said = served.predict(pd.DataFrame(rows))
    plain = predicted(small_run / "model", write(tmp_path / "lacking", _files_lacking))
    pd.testing.assert_frame_equal(said[list(plain)], plain, check_exact=True)
    # Each alone: what others lack or have does not matter.
    model, cohort = Fitted.load(small_run / "model"), read_new_patients(tmp_path / "lacking")
    for number, row in enumerate(rows[:8]):
        alone = served.predict(pd.DataFrame([row]))
        own = model.predict(cohort[[number]]).patients
        assert alone["risk"].item() == own["risk"].item()
        # Networks work in float32, whose sums depend on how many patients stand side by side.
        assert own["risk"].item() == pytest.approx(plain["risk"][number], abs=1e-6)
    bare = served.predict(pd.DataFrame([{"sample_id": "nothing"}]))
    assert np.isfinite(bare["risk"]).all()
    assert bare["abstain"].dtype == bool


def raw(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Counts and intensities, which training takes the logarithm of; a response, arms and sites."""
    with_response(frames, spec)
    rng = np.random.default_rng(5)
    columns = [name for name in frames["rna"] if name != "sample_id"]
    frames["rna"][columns] = rng.poisson(np.exp(frames["rna"][columns].to_numpy() / 2 + 4))
    columns = [name for name in frames["protein"] if name != "sample_id"]
    frames["protein"][columns] = np.exp(frames["protein"][columns] + 8).round(2)
    spec["views"]["rna"]["scale"], spec["views"]["protein"]["scale"] = "counts", "intensity"
    frames["outcome"]["dose"] = np.arange(40) % 2
    frames["outcome"]["hospital"] = np.arange(40) % 2 + 1
    spec["arm"] = {"column": "dose", "control": 0, "treated": 1}
    spec["site"] = "hospital"


def fitted(folder: Path, change: Change) -> Path:
    """A model of the small cohort, changed."""
    from omics.cohort.read import read_cohort
    from stratomics.cli.run import parse
    from stratomics.fitting.fit import fit

    config, _, _ = parse(["--cohort", "x", *QUICK, "--trainer.epochs=3", "--harmonize.correct_site=true"])
    fit(read_cohort(write(folder / "cohort", change)), config, 1).save(folder / "model")
    return folder / "model"


def test_raw_scales_arms_and_sites_are_those_of_training(tmp_path: Path) -> None:
    """Whoever forgets the logarithm at inference would see patients far out of distribution."""
    model = fitted(tmp_path, raw)
    request_schema = RequestSchema.of(
        model, {"column": "dose", "control": 0, "treated": 1, "randomised": "no"}
    )
    assert request_schema.columns == [
        *("sample_id", "arm", "site", "covariate.age", "covariate.stage", "view.protein", "view.rna")
    ]
    assert request_schema.times == []
    rows = rows_of(tmp_path / "cohort")
    said = response_table(
        Fitted.load(model).predict(request_schema.patients(pd.DataFrame(rows))), request_schema.times
    )
    plain = predicted(model, tmp_path / "cohort")
    pd.testing.assert_frame_equal(said, plain, check_exact=True)
    assert {"response_probability", "response_set", "benefit"} <= set(said)
    assert said["ood"].mean() < 0.9
    other = response_table(
        Fitted.load(model).predict(request_schema.patients(pd.DataFrame([r | {"arm": 1} for r in rows]))), ()
    )
    assert (other["response_probability"] != said["response_probability"]).any()
    pd.testing.assert_series_equal(other["benefit"], said["benefit"], check_exact=True)


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"sample_id": "p1", "view.rna": [1.0, 2.0]}, "a view is a mapping of its features to numbers"),
        ({"sample_id": "p1", "view.rna": {"rna0": "high"}}, "high"),
        ({"sample_id": "p1", "view.rna": {"rna0": float("inf")}}, "infinite"),
        ({"sample_id": "p1", "view.rna": {"rna0": 1e6}}, "no logarithm reaches 1e+06"),
        ({"sample_id": "p1", "covariate.age": "old"}, "old"),
        ({"sample_id": None}, "no id"),
    ],
)
def test_what_cannot_be_right_is_said(row: dict[str, Any], sentence: str, small_run: Path) -> None:
    request_schema = RequestSchema.of(small_run / "model", None)
    with pytest.raises(CohortError, match="the table of patients") as error:
        request_schema.patients(pd.DataFrame([row]))
    assert sentence in str(error.value)


def test_an_id_that_comes_twice_and_no_patient(small_run: Path) -> None:
    request_schema = RequestSchema.of(small_run / "model", None)
    with pytest.raises(CohortError, match="twice"):
        request_schema.patients(pd.DataFrame({"sample_id": ["a", "a"]}))
    with pytest.raises(CohortError, match="no patient"):
        request_schema.patients(pd.DataFrame())


@pytest.fixture(scope="module")
def address(store: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """`mlflow models serve` of the registered model on a free port, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "server.log"
    words = ["-m", "mlflow", "models", "serve", "-m", "models:/small@challenger", "--env-manager", "local"]
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, *words, "--host", "127.0.0.1", "--port", str(port)],
            env=os.environ
            | {
                "MLFLOW_TRACKING_URI": store,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                # MLflow calls uvicorn by its name, which an activated environment would find.
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            },
            cwd=log.parent,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}/invocations", process.pid
    finally:
        # The whole session that began here: the command line and the server that it started.
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


def _asked(address: str, content: dict[str, Any]) -> tuple[int, Any]:
    body = json.dumps(content).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.service
def test_a_hundred_requests_at_once_none_wrong(
    address: tuple[str, int], small_run: Path, tmp_path: Path
) -> None:
    """Patients with a missing view, each asked for alone, as `Fitted.predict` says of each alone: to the bit."""
    place, pid = address
    rows = rows_of(small_run.parent / "small")
    _lacking(rows)
    model = Fitted.load(small_run / "model")
    patients = read_new_patients(write(tmp_path / "lacking", _files_lacking))
    numbers = [n % 40 for n in range(100)]
    with ThreadPoolExecutor(100) as pool:
        found = list(pool.map(lambda n: _asked(place, {"dataframe_records": [rows[n]]}), numbers))
    for number, (status, content) in zip(numbers, found, strict=True):
        assert status == 200, content
        (said,) = content["predictions"]
        own = model.predict(patients[[number]]).patients.drop(columns=["repeat", "fold"])
        assert {key: said[key] for key in own} == own.to_dict("records")[0]
    # One BLAS thread, and no copy of the model a request: 100 waiting requests cost threads of the server's pool alone.
    processes = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _session(path) == pid]
    assert sum(_status(process, "VmRSS") for process in processes) < 1.5 * 2**20, "KiB"
    assert max(_status(process, "Threads") for process in processes) < 80


@pytest.mark.service
def test_a_request_that_cannot_be_right_is_told_why(address: tuple[str, int]) -> None:
    place, _ = address
    status, content = _asked(place, {"dataframe_records": [{"sample_id": "a", "view.rna": {"rna0": "high"}}]})
    assert status == 400
    assert "'high'" in content["message"]
    whole = {"sample_id": "a", "covariate.age": 61, "view.rna": {"rna0": 1}}
    content = {"dataframe_records": [whole], "params": {"times": [200.0]}}
    status, content = _asked(place, content)
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
