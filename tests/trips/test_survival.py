"""Whole survival runs by the command line: results, repetitions, and wrong input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from made_once import made_once
from places import ROOT
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw, integrated_brier_score
from sksurv.util import Surv
from small import QUICK, SMALLEST

from models.prediction import Prediction
from omics.cohort.read import read_cohort
from omics.common.files import read_parquet
from omics.common.manifest import is_complete
from omics.common.seeds import named_seed
from stratomics.candidates import CANDIDATES
from stratomics.candidates.trees import BOOSTED_TREES, BoostedTrees
from stratomics.cli import main
from stratomics.cli.run import parse
from stratomics.encoding.training_part import TrainingPart
from stratomics.fitting.fit import Fitted
from stratomics.runs.run_directory import RunDirectory

ACC = "configs/experiment/tcga_acc.yaml"


def command(*words: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stratomics", *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


TRIP = [
    *QUICK,
    "--split.folds=2",
    "--split.repeats=2",
    "--trainer.epochs=5",
    "--harmonize.max_features=100",
]


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], RunDirectory]:
    """One small run on the bundled cohort, in a separate process; to be copied before a change."""

    def make(folder: Path) -> None:
        done = command("run", ACC, *TRIP, cwd=folder)
        assert done.returncode == 0, done.stderr
        (folder / "out.txt").write_text(done.stdout)
        (folder / "err.txt").write_text(done.stderr)

    folder = made_once(tmp_path_factory, "survival_trip", make)
    out, err = ((folder / f"{name}.txt").read_text() for name in ("out", "err"))
    return subprocess.CompletedProcess([], 0, out, err), RunDirectory(folder / out.splitlines()[-1])


@pytest.mark.slow
def test_the_last_line_is_the_run_directory(trip: Any) -> None:
    done, run = trip
    assert run.path.is_dir()
    assert re.fullmatch(r"runs/tcga_acc-[0-9a-f]{10}", done.stdout.splitlines()[-1])


def test_the_screen_shows_methods_differences_and_a_sentence_each(trip: Any) -> None:
    done, run = trip
    for words in (
        "stratomics",
        "clinical Cox",
        "elastic-net Cox",
        "IBS, lower is better",
        "stratomics minus method",
    ):
        assert words in done.stdout
    sentences = re.findall(r"On IBS, stratomics: (better|worse|no evidence of a difference)", done.stdout)
    assert len(sentences) == len(CANDIDATES["survival"]) + 1
    estimate = run.metrics["survival"]["ibs"]["estimate"]
    assert f"{estimate:.3f}" in done.stdout


def test_piped_progress_is_plain_lines(trip: Any) -> None:
    done, _ = trip
    lines = [line for line in done.stderr.splitlines() if re.match(r"\d+/5 ", line)]
    assert len(lines) == 5
    assert done.stderr.count("1 patient(s) have time 0") == 1
    assert "\x1b" not in done.stderr


def test_all_patients_are_predicted_in_every_repeat(trip: Any) -> None:
    _, run = trip
    for prediction in run.predictions.values():
        counts = prediction.patients.groupby("repeat")["sample_id"].nunique()
        assert list(counts) == [92, 92]
        assert prediction.patients["risk"].notna().all()
        assert prediction.survival["survival"].between(0, 1).all()
        steps = prediction.survival.groupby(["repeat", "sample_id"], sort=False)["survival"].diff().dropna()
        assert (steps <= 1e-12).all()
    without = run.patients.loc[~run.patients["view.rppa"], "sample_id"]
    assert len(without) == 46
    assert set(without) <= set(run.predictions["stratomics"].patients["sample_id"])


def survival_matrix(prediction: pd.DataFrame, ids: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """S(t) from the long table, step by step, independently of the package."""
    rows = []
    for patient in ids:
        curve = prediction[prediction["sample_id"] == patient].sort_values("time")
        place = np.searchsorted(curve["time"].to_numpy(), grid, side="right")
        rows.append(np.concatenate([[1.0], curve["survival"].to_numpy()])[place])
    return np.array(rows)


@pytest.mark.parametrize("method", ["stratomics", "clinical_cox", "elastic_net_cox"])
def test_every_metric_agrees_with_scikit_survival_from_the_saved_tables(trip: Any, method: str) -> None:
    _, run = trip
    folder = run.path if method == "stratomics" else run.path / "baselines" / method
    patients = pd.read_parquet(run.path / "patients.parquet").set_index("sample_id")
    predictions = pd.read_parquet(folder / "predictions.parquet")
    long = pd.read_parquet(folder / "survival.parquet")
    figures = json.loads((run.path / "metrics.json").read_text())
    figures = figures["survival"] if method == "stratomics" else figures["baselines"][method]["survival"]
    event, time = patients["survival.event"].to_numpy(dtype=bool), patients["survival.time"].to_numpy()
    outcome = Surv.from_arrays(event, time)
    grid = np.linspace(time.min(), time.max(), 102)[1:-1]
    scores: dict[str, list[float]] = {"ibs": [], "harrell_c": [], "uno_c": []}
    for repeat, table in predictions.groupby("repeat"):
        curves = survival_matrix(long[long["repeat"] == repeat], patients.index.to_numpy(), grid)
        scores["ibs"].append(integrated_brier_score(outcome, outcome, curves, grid))
        for _, rows in table.groupby("fold"):
            place = patients.index.get_indexer(rows["sample_id"])
            risk = rows["risk"].to_numpy()
            scores["harrell_c"].append(concordance_index_censored(event[place], time[place], risk)[0])
            scores["uno_c"].append(concordance_index_ipcw(outcome, outcome[place], risk)[0])
    for metric, values in scores.items():
        assert figures[metric]["estimate"] == pytest.approx(np.mean(values), abs=1e-9), metric


def test_every_saved_file_carries_its_schema_version(trip: Any) -> None:
    import pyarrow.parquet as pq

    _, run = trip
    for path in run.path.rglob("*.parquet"):
        assert pq.read_schema(path).metadata[b"schema_version"] == b"1", path
    jsons = list(run.path.rglob("*.json"))
    assert len(jsons) > 5
    for path in jsons:
        assert json.loads(path.read_text())["schema_version"] == 1, path
    assert (run.path / "config.yaml").read_text().startswith("# schema_version: 1")
    assert not [p for p in run.path.rglob("*") if p.suffix in {".pkl", ".pt", ".ckpt", ".joblib"}]


def test_the_saved_model_predicts_as_before(trip: Any) -> None:
    _, run = trip
    cohort = read_cohort("bundled:tcga_acc")
    one, two = (Fitted.load(run.path / "model").predict(cohort) for _ in range(2))
    pd.testing.assert_frame_equal(one.patients, two.patients)
    assert one.patients["risk"].notna().all()
    alone = Fitted.load(run.path / "model").predict(cohort[[5]])
    assert alone.patients["risk"][0] == pytest.approx(one.patients["risk"][5], abs=1e-6)


def test_the_trees_of_all_patients_are_kept_as_json(trip: Any) -> None:
    _, run = trip
    content = json.loads((run.path / "model" / "boosted_trees.model.json").read_text())
    assert {one["learner"]["gradient_booster"]["name"] for one in content["boosters"]} == {"gbtree"}
    config, _, _ = parse([str(run.path / "config.yaml")])
    part = TrainingPart(read_cohort("bundled:tcga_acc"), config, named_seed(config.seed, "final"))
    fit, kept = BOOSTED_TREES.fit(part), BoostedTrees.load(run.path / "model", "boosted_trees.model")
    np.testing.assert_allclose(kept.estimates(part.patients), fit.estimates, atol=1e-6)
    assert fit.estimates.std() > 0


def test_the_log_names_the_fits_and_no_patient(trip: Any) -> None:
    _, run = trip
    log = (run.path / "run.log").read_text()
    assert log.count("patients trained") == 4
    assert "TCGA-" not in log


def test_mlflow_has_a_run_and_a_nested_run_per_fold(trip: Any) -> None:
    import mlflow

    _, run = trip
    client = mlflow.MlflowClient(f"sqlite:///{run.path.parents[1] / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("stratomics")
    every = client.search_runs([experiment.experiment_id])
    parents = [r for r in every if "mlflow.parentRunId" not in r.data.tags]
    nested = [r for r in every if r.data.tags.get("mlflow.parentRunId") == parents[0].info.run_id]
    assert (len(parents), len(nested)) == (1, 4)
    parent = parents[0]
    assert parent.info.status == "FINISHED"
    assert parent.data.params["split.folds"] == "2"
    assert parent.data.tags["cohort_digest"] == run.provenance["cohort_digest"]
    assert parent.data.metrics["survival/ibs"] == pytest.approx(run.metrics["survival"]["ibs"]["estimate"])
    assert parent.inputs.dataset_inputs[0].dataset.name == "tcga_acc"
    for fold in nested:
        assert {"survival/ibs", "baselines/clinical_cox/survival/harrell_c"} <= set(fold.data.metrics)


def test_a_finished_run_is_reported_not_repeated(
    trip: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = trip
    before = {p: p.stat().st_mtime_ns for p in run.path.rglob("*")}
    monkeypatch.chdir(run.path.parents[1])
    assert main(["run", ACC, *TRIP]) == 0
    out, err = capsys.readouterr()
    assert "1/5" not in err
    assert out.splitlines()[-1] == f"runs/{run.path.name}"
    assert {p: p.stat().st_mtime_ns for p in run.path.rglob("*")} == before


def test_the_report_opens_without_a_network(trip: Any) -> None:
    _, run = trip
    page = (run.path / "report.html").read_text()
    assert len(page.encode()) < 6_000_000
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#|data:)""", page)
    assert "url(http" not in page
    assert "<script" not in page
    assert "default-src 'none'" in page


def parquet_bytes(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.parquet"))}


@pytest.mark.slow
def test_same_seed_same_bytes_whatever_the_hash_seed_and_the_workers(small_run: Path, tmp_path: Path) -> None:
    def saved(run: Path) -> Any:
        model = {p.name: p.read_bytes() for p in sorted((run / "model").iterdir())}
        return run.name, parquet_bytes(run), model, (run / "metrics.json").read_bytes()

    words = [word for word in SMALLEST if not word.startswith("--workers")]
    words += [f"--cohort={small_run.parent / 'small'}", "--workers=2"]
    done = command("run", *words, cwd=tmp_path, PYTHONHASHSEED="123")
    assert done.returncode == 0, done.stderr
    assert saved(tmp_path / done.stdout.splitlines()[-1]) == saved(small_run)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


Finish = Callable[..., Path]


@pytest.fixture
def finish(here: Path, capsys: pytest.CaptureFixture[str]) -> Finish:
    """Run the command in this process; the result is the run directory."""

    def give(*words: str) -> Path:
        code = main(["run", *words])
        out, err = capsys.readouterr()
        assert code == 0, err
        return here / out.splitlines()[-1]

    return give


@pytest.mark.slow
def test_the_saved_configuration_runs_again_to_the_same_numbers(small_run: Path, finish: Finish) -> None:
    again = finish(str(small_run / "config.yaml"))
    assert again != small_run
    assert again.name == small_run.name
    assert parquet_bytes(again) == parquet_bytes(small_run)


@pytest.mark.slow
def test_another_seed_gives_other_numbers(small_run: Path, finish: Finish) -> None:
    again = finish(str(small_run / "config.yaml"), "--seed=2", "--baselines=[]")
    one, other = (Prediction.load(run).patients for run in (small_run, again))
    together = one.merge(other, on="sample_id")
    assert len(together) == len(one)
    assert not np.isclose(together["risk_x"], together["risk_y"]).any()


@pytest.mark.slow
def test_mofa_when_the_configuration_says_so(write_small: Callable[..., Path], finish: Finish) -> None:
    words = ["--cohort", str(write_small()), *SMALLEST, "--factors.model=mofa", "--baselines=[]"]
    run = finish(*words)
    assert json.loads((run / "model" / "mixture.json").read_text())["factor_model"] == "mofa"


@pytest.mark.slow
def test_patient_tables_stay_out_of_mlflow_when_asked(
    write_small: Callable[..., Path], here: Path, finish: Finish
) -> None:
    # MLflow remembers a store by its name: a relative one would be that of an earlier test.
    store = f"--tracking.uri=sqlite:///{here / 'mlflow.db'}"
    finish(
        "--cohort", str(write_small()), *SMALLEST, "--baselines=[]", store, "--tracking.patient_data=false"
    )
    stored = {p.name for p in (here / "mlruns").rglob("*") if p.is_file()}
    assert {"metrics.json", "report.html", "environment.txt"} <= stored
    # Tables that have no row per patient.
    names = ("loadings", "variance_explained", "associations", "stability", "training", "importance")
    tables = {f"{name}.parquet" for name in names}
    assert {name for name in stored if name.endswith(".parquet")} == tables


@pytest.mark.slow
def test_an_unreachable_mlflow_does_not_stop_the_run(
    write_small: Callable[..., Path],
    here: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert main(["run", "--cohort", str(write_small()), *SMALLEST, "--baselines=[]"]) == 0
    out, err = capsys.readouterr()
    assert "could not record" in caplog.text
    assert "Traceback" not in err + caplog.text
    assert (here / out.splitlines()[-1] / "report.html").is_file()


# Wrong input: one line on stderr, exit 2, no files.


def refused(words: list[str], cwd: Path, capsys: pytest.CaptureFixture[str]) -> str:
    before = set(cwd.rglob("*"))
    code = main(words)
    captured = capsys.readouterr()
    lines = [line for line in captured.err.splitlines() if not re.match(r"\d+/\d+ ", line)]
    assert code == 2
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("stratomics: ")
    assert captured.out == ""
    left = {p for p in set(cwd.rglob("*")) - before if p.is_file() and p.suffix != ".db"}
    assert not [p for p in left if "mlruns" not in p.parts], left
    return lines[0]


def _events(number: int) -> Callable[[dict[str, pd.DataFrame], dict[str, Any]], None]:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["event"] = [1] * number + [0] * (40 - number)

    return change


def _text(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].astype({"rna4": object})
    frames["rna"].loc[2, "rna4"] = "high"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_events(0), "no events"),
        (_events(2), "has 2 event(s) among the patients to split into 3 folds"),
        (_events(3), "has 2 event(s) among the patients to split into 3 folds"),
        (_text, "rna.csv, column rna4, patient p002"),
    ],
    ids=["no events", "a fold without events", "an inner fold without events", "text"],
)
def test_a_wrong_cohort_is_one_line(
    change: Any,
    words: str,
    write_small: Callable[..., Path],
    here: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["run", "--cohort", str(write_small(change)), *QUICK]
    assert words in refused(arguments, here, capsys)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["run", "--cohort", "nowhere"], "nowhere: no such cohort"),
        (["run", "--cohort", "bundled:tcga_ac"], "did you mean 'tcga_acc'"),
        (["run", "nowhere.yaml"], "nowhere.yaml: no such cohort or configuration"),
        (["run"], "no cohort is named"),
        (["rnu"], "unknown command 'rnu'; did you mean 'run'"),
        (["run", ACC, "--factor.count=3"], "unknown key 'factor.count'; did you mean 'factors.count'"),
        (["report", "nowhere"], "not a finished run directory"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str], sentence: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence in refused(words, here, capsys)


@pytest.mark.slow
@pytest.mark.usefixtures("heeded_ctrl_c")
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_is_one_line_and_leaves_what_is_done(
    write_small: Callable[..., Path], tmp_path: Path, workers: int
) -> None:
    words = ["--cohort", str(write_small()), *SMALLEST, f"--workers={workers}", "--split.repeats=50"]
    process = subprocess.Popen(
        [sys.executable, "-m", "stratomics", "run", *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    # With two workers a fold may be done before the final model is.
    for line in process.stderr:
        if "the final model" in line:
            break
    time.sleep(0.2)
    # The signal goes to the whole group, as from a terminal.
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 2
    assert "stopped by Ctrl-C" in err
    assert "Traceback" not in err
    assert out == ""
    (left,) = (tmp_path / "runs").iterdir()
    assert left.suffix == ".part"
    assert is_complete(left / "folds" / "final")


def test_a_module_of_the_user_that_hides_ours_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("print('not ours')")
    done = command("run", ACC, *QUICK, cwd=tmp_path)
    # `python -m` puts the folder first on the path; the command `stratomics` does not.
    assert done.returncode == 2
    assert "instead of stratomics" in done.stderr
    assert "models.py" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_names_from_files_are_escaped_in_the_report(
    write_small: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["title"] = "<script>alert(1)</script>"
        spec["views"]["<img src=x>$y_$"] = spec["views"].pop("rna")
        frames["outcome"].loc[0, "sample_id"] = "<script>"
        frames["rna"].loc[0, "sample_id"] = "<script>"

    folder = write_small(change)
    assert main(["run", "--cohort", str(folder), *SMALLEST]) == 0
    run = here / capsys.readouterr().out.splitlines()[-1]
    page = (run / "report.html").read_text()
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "<script>" in set(read_parquet(run / "patients.parquet")["sample_id"])


@pytest.mark.slow
def test_a_patient_without_the_endpoint_is_predicted_but_not_evaluated(
    write_small: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"].loc[:4, ["time", "event"]] = np.nan

    assert main(["run", "--cohort", str(write_small(change)), *SMALLEST]) == 0
    run = RunDirectory(here / capsys.readouterr().out.splitlines()[-1])
    assert run.predictions["stratomics"].patients["sample_id"].nunique() == 40
    assert int(run.survival.observed.sum()) == 35


@pytest.mark.slow
def test_the_report_can_be_written_anew(
    trip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, run = trip
    copy = shutil.copytree(run.path, tmp_path / run.path.name)
    assert main(["report", str(copy)]) == 0
    assert capsys.readouterr().out.strip() == str(copy / "report.html")
    assert (copy / "report.html").read_bytes() == (run.path / "report.html").read_bytes()


def test_config_yaml_is_complete(trip: Any) -> None:
    _, run = trip
    shipped = yaml.safe_load((ROOT / "configs" / "default.yaml").read_text())
    saved = yaml.safe_load((run.path / "config.yaml").read_text())
    assert {key: list(value) for key, value in saved.items() if isinstance(value, dict)} == {
        key: list(value) for key, value in shipped.items() if isinstance(value, dict)
    }
    assert set(saved) == set(shipped)
