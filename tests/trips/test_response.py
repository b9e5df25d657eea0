"""Runs with a response as the primary endpoint: tables, metrics, report, leakage, and wrong input."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score
from small import QUICK, SMALLEST, UNRECORDED, with_response, write

from datamodules.resampling import Design
from datamodules.split import Fold, stratified_folds
from models.config import FactorsConfig, TrainerConfig
from omics.cohort.read import cohort_spec, read_cohort
from omics.common.errors import DataError
from omics.common.files import read_parquet
from stratomics.candidates import CANDIDATES
from stratomics.cli import main
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import complete_config
from stratomics.experiment.tasks import predict_fold
from stratomics.fitting.fit import Fitted, fit
from stratomics.runs.run_directory import RunDirectory

Change = Callable[[dict[str, pd.DataFrame], dict[str, Any]], None]
METHODS = ["stratomics", *CANDIDATES["response"], "wide_deep"]
CONFIG = complete_config(
    ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=15)), "response"
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ran(response_run: Path) -> tuple[RunDirectory, str]:
    """The run of a response, and what it printed."""
    return RunDirectory(response_run), (response_run.parents[1] / "screen.txt").read_text()


def method_folder(run: RunDirectory, method: str) -> Path:
    return run.path if method == "stratomics" else run.path / "baselines" / method


def test_all_tables_are_saved(ran: tuple[RunDirectory, str]) -> None:
    run, out = ran
    for method in METHODS:
        folder = method_folder(run, method)
        patients, long = (read_parquet(folder / f"{name}.parquet") for name in ("predictions", "response"))
        assert not (folder / "survival.parquet").exists()
        promised = ["response_sd", "response_set", "response_set_marginal"]
        promised += [f"response_entropy_{part}" for part in ("total", "aleatoric", "epistemic")] + [
            "ood",
            "abstain",
            "abstain_reason",
        ]
        network = [name for name in promised if name not in ("ood", "abstain", "abstain_reason")]
        ours = {"stratomics": promised, "wide_deep": network}.get(method, ["response_sd"])
        assert list(patients) == ["sample_id", "repeat", "fold", "response_probability", *ours]
        assert list(long) == ["sample_id", "repeat", "fold", "endpoint", "class", "probability"]
        # All patients are predicted, also those without the endpoint.
        assert list(patients.groupby("repeat")["sample_id"].nunique()) == [40, 40]
        assert patients["response_probability"].between(0, 1).all()
        wide = long.pivot(index=["repeat", "sample_id"], columns="class", values="probability")
        np.testing.assert_allclose(wide["negative"] + wide["positive"], 1.0)
        kept = patients.set_index(["repeat", "sample_id"])["response_probability"]
        pd.testing.assert_series_equal(wide["positive"], kept.sort_index(), check_names=False)
        assert set(long["endpoint"]) == {"response"}
    assert (read_parquet(run.path / "predictions.parquet")["response_sd"] >= 0).all()
    assert int(run.response.observed.sum()) == 36
    assert (run.kind, run.metrics["metric"]) == ("response", "log_loss")
    for words in ("log loss", "AUROC", "clinical logistic", "On log loss, stratomics: "):
        assert words in out


@pytest.mark.parametrize("method", METHODS)
def test_every_metric_agrees_with_scikit_learn_from_the_saved_tables(
    ran: tuple[RunDirectory, str], method: str
) -> None:
    run, _ = ran
    labels = pd.read_parquet(run.path / "patients.parquet").set_index("sample_id")["response"].dropna()
    table = pd.read_parquet(method_folder(run, method) / "predictions.parquet")
    table = table[table["sample_id"].isin(labels.index)]
    figures = json.loads((run.path / "metrics.json").read_text())
    figures = figures["response"] if method == "stratomics" else figures["baselines"][method]["response"]
    scores: dict[str, list[float]] = {"auroc": [], "auprc": [], "brier": [], "log_loss": []}
    for _, rows in table.groupby("repeat"):
        label, probability = labels[rows["sample_id"]].to_numpy(dtype=bool), rows["response_probability"]
        scores["brier"].append(brier_score_loss(label, probability))
        scores["log_loss"].append(log_loss(label, probability))
        for _, part in rows.groupby("fold"):
            label = labels[part["sample_id"]].to_numpy(dtype=bool)
            scores["auroc"].append(roc_auc_score(label, part["response_probability"]))
            scores["auprc"].append(average_precision_score(label, part["response_probability"]))
    for metric, values in scores.items():
        assert figures[metric]["estimate"] == pytest.approx(np.mean(values), abs=1e-12), metric


def test_the_report_is_of_a_response(ran: tuple[RunDirectory, str], tmp_path: Path) -> None:
    run, _ = ran
    page = (run.path / "report.html").read_text()
    known = run.response.positive.sum(), (run.response.observed & ~run.response.positive).sum()
    assert f"{known[0]} with a positive response, {known[1]} with a negative response and 4 in whom" in page
    assert page.count("<svg") == page.count("<figure") >= 12
    for words in (
        "Predicted probability by observed class",
        '<section id="calibration">',
        "stratified by class",
        "Brier score",
    ):
        assert words in page
    # The checklist asks for events, whatever the endpoint.
    page = page.split('<section id="tripod"')[0]
    for words in ("Kaplan-Meier", "IBS", "Harrell"):
        assert words not in page
    first = page.split('<section id="cohort"')[0].split("</style>")[1]
    assert "event" not in first
    copy = shutil.copytree(run.path, tmp_path / run.path.name)
    assert main(["report", str(copy)]) == 0
    assert (copy / "report.html").read_bytes() == (run.path / "report.html").read_bytes()


def test_the_saved_model_predicts_as_before(ran: tuple[RunDirectory, str], tmp_path: Path) -> None:
    run, _ = ran
    cohort = read_cohort(run.path.parents[1] / "small")
    model = Fitted.load(run.path / "model")
    one = model.predict(cohort)
    pd.testing.assert_frame_equal(one.patients, Fitted.load(run.path / "model").predict(cohort).patients)
    # One patient alone is predicted: the outcomes of new patients are not used.
    alone = model.predict(cohort[[5]]).patients["response_probability"][0]
    assert alone == pytest.approx(one.patients["response_probability"][5], abs=1e-6)
    assert model.wide_deep.module.network.paths[0].intercept is not None
    model.save(tmp_path / "again")
    # A run adds what explanations need; a model alone does not have it.
    kept = {path.name for path in (run.path / "model").iterdir() if path.stem != "explanation"}
    assert kept == {path.name for path in (tmp_path / "again").iterdir()}
    for name in kept:
        assert (tmp_path / "again" / name).read_bytes() == (run.path / "model" / name).read_bytes(), name


def test_mlflow_has_the_metrics_of_a_response(ran: tuple[RunDirectory, str]) -> None:
    import mlflow

    run, _ = ran
    client = mlflow.MlflowClient(f"sqlite:///{run.path.parents[1] / 'mlflow.db'}")
    every = client.search_runs([client.get_experiment_by_name("stratomics").experiment_id])
    parents = [r for r in every if "mlflow.parentRunId" not in r.data.tags]
    figure = run.metrics["response"]["auroc"]["estimate"]
    assert parents[0].data.metrics["response/auroc"] == pytest.approx(figure)
    fold = next(r for r in every if "mlflow.parentRunId" in r.data.tags)
    assert {"response/log_loss", "baselines/clinical_logistic/response/brier"} <= set(fold.data.metrics)


def saved_bytes(run: Path) -> dict[str, bytes]:
    names = [*run.rglob("*.parquet"), *(run / "model").iterdir(), run / "metrics.json"]
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(names)}


@pytest.mark.slow
def test_same_seed_same_bytes_whatever_the_workers(
    response_run: Path, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config, found = str(response_run / "config.yaml"), []
    for runs, more in (("a", ["--workers=2"]), ("b", ["--seed=2", "--baselines=[]"])):
        words = [*more, "--runs", runs, UNRECORDED[-1]]
        assert main(["run", config, *words]) == 0
        found.append(saved_bytes(here / capsys.readouterr().out.splitlines()[-1]))
    assert found[0] == saved_bytes(response_run)
    assert found[1]["predictions.parquet"] != found[0]["predictions.parquet"]


# No value of a test patient is used in a fit.


def with_changed_rows(cohort: Any, rows: np.ndarray) -> Any:
    """The cohort with changed values, covariates and labels of `rows`."""
    other = cohort.copy()
    ids = other.obs_names[rows]
    for view in cohort_spec(cohort).views:
        place = other[view].obs_names.isin(ids)
        other[view].X[place] = other[view].X[place] * -3.0 + 50.0
    other.obs.loc[ids, "age"] = 120
    other.obs.loc[ids, "response"] = 1 - other.obs.loc[ids, "response"]
    return other


def methods(cohort: Any, fold: Fold) -> dict[str, Any]:
    """Predictions of a fold's test rows by every method, including those of view contributions."""
    return predict_fold(CONFIG, Design(cohort, cohort, [fold]), fold)[0]


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Fold, dict[str, Any]]:
    """The small cohort with a response, its first fold, and what all methods predict for it."""
    cohort = read_cohort(write(tmp_path_factory.mktemp("unchanged") / "small", with_response))
    fold = stratified_folds(cohort, 3, 1, 1, "outer")[0]
    return cohort, fold, methods(cohort, fold)


def test_a_fold_learns_nothing_from_its_test_patients(unchanged: tuple[Any, Fold, dict[str, Any]]) -> None:
    cohort, fold, one = unchanged
    two = methods(with_changed_rows(cohort, fold.test[1:]), fold)
    assert {*METHODS, "alone:rna", "without:rna"} <= set(one)
    untouched = cohort.obs_names[fold.test[0]]
    for name, prediction in one.items():
        for table in ("patients", "response"):
            mine, theirs = (getattr(p, table) for p in (prediction, two[name]))
            pd.testing.assert_frame_equal(
                mine[mine["sample_id"] == untouched].reset_index(drop=True),
                theirs[theirs["sample_id"] == untouched].reset_index(drop=True),
            )


@pytest.mark.slow
def test_labels_of_test_patients_change_no_prediction_at_all(
    unchanged: tuple[Any, Fold, dict[str, Any]],
) -> None:
    cohort, fold, one = unchanged
    other = cohort.copy()
    ids = other.obs_names[fold.test]
    other.obs.loc[ids, "response"] = 1 - other.obs.loc[ids, "response"]
    flipped = methods(other, fold)
    for name, prediction in one.items():
        pd.testing.assert_frame_equal(prediction.patients, flipped[name].patients)


@pytest.mark.slow
def test_a_fold_does_learn_from_its_training_patients(unchanged: tuple[Any, Fold, dict[str, Any]]) -> None:
    cohort, fold, one = unchanged
    two = methods(with_changed_rows(cohort, fold.train[:8]), fold)
    for name in METHODS:
        mine, theirs = (part[name].patients["response_probability"] for part in (one, two))
        assert not np.allclose(mine, theirs), name


def test_a_patient_without_the_endpoint_teaches_factors_but_no_head(
    write_response: Callable[..., Path], tmp_path: Path
) -> None:
    cohort = read_cohort(write_response())
    without = np.flatnonzero(cohort.obs["response"].isna())
    other = cohort.copy()
    place = other["rna"].obs_names.isin(other.obs_names[without])
    other["rna"].X[place] = other["rna"].X[place] * -3.0 + 50.0
    files = []
    for name, one in (("a", cohort), ("b", other)):
        fit(one, CONFIG, 5).save(tmp_path / name)
        files.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    for name in ("member0.harmonizer.safetensors", "member0.factors.safetensors"):
        assert files[0][name] != files[1][name], name


# Unusual cohorts, and wrong input.


def _labels(labels: list[Any]) -> Change:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["response"] = labels

    return change


REFUSED: dict[str, tuple[Change, list[str], str]] = {
    "all positive": (_labels([1] * 40), [], "endpoint 'response' has no negative patient, so nothing can be"),
    "all negative": (_labels([0] * 40), [], "endpoint 'response' has no positive patient"),
    "no labels": (_labels([None] * 40), [], "endpoint 'response' has no positive patient"),
    "positive left out": (
        lambda frames, spec: spec["endpoints"]["response"].pop("positive"),
        [],
        "endpoint 'response' does not say which label is a response; give 'positive'",
    ),
    "two positive": (
        _labels([1, 1] + [0] * 38),
        [],
        "has 2 positive patient(s) among the patients to split into 3 folds",
    ),
    "two negative": (
        _labels([0, 0] + [1] * 38),
        [],
        "has 2 negative patient(s) among the patients to split into 3 folds",
    ),
    "a class too small for the inner folds": (
        _labels([1, 1, 1] + [0] * 37),
        ["--split.inner_folds=3"],
        "has 2 positive patient(s) among the patients to split into 3 folds",
    ),
    "a metric of survival": (
        lambda frames, spec: None,
        ["--evaluation.metric=ibs"],
        (
            "evaluation.metric 'ibs' is not for a response, which is the kind of the primary endpoint; "
            "choose among log_loss"
        ),
    ),
    "a baseline of survival": (
        lambda frames, spec: None,
        ["--baselines=[clinical_cox]"],
        "entry of baselines 'clinical_cox' is not for a response",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_in_one_line(
    name: str, write_response: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words, sentence = REFUSED[name]
    assert main(["run", "--cohort", str(write_response(change)), *QUICK, *words]) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if not line[0].isdigit()]
    assert len(lines) == 1, lines
    assert sentence in lines[0]
    assert not (here / "runs").exists() or not list((here / "runs").iterdir())


def _arms(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["arm"] = ["a", "b"] * 20
    spec["arm"] = {"column": "arm", "control": "a"}


def _families(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["family"] = [f"f{i // 2}" for i in range(40)]
    spec["group"] = "family"


def _words(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    column = frames["outcome"]["response"]
    frames["outcome"]["response"] = column.map({1.0: "CR", 0.0: "PD"}).where(column.notna())
    spec["endpoints"]["response"]["positive"] = "CR"


def _toxicity(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    spec["endpoints"] = {"toxicity": spec["endpoints"]["response"]}


def _beside_survival(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    spec["endpoints"]["survival"] = {"time": "time", "event": "event", "unit": "days"}
    spec["primary"] = "response"


def _named(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    spec["endpoints"] = {"<b>$x$": spec["endpoints"]["response"] | {"kind": "response"}}


def _all_of(*changes: Change) -> Change:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        for one in changes:
            one(frames, spec)

    return change


ODD: dict[str, tuple[Change, list[str]]] = {
    "arms, families and a name to escape": (_all_of(_arms, _families, _named), []),
    "labels in words, a toxicity decides, by AUROC": (
        _all_of(_words, _toxicity),
        ["--evaluation.metric=auroc"],
    ),
    "survival beside it": (_beside_survival, ["--endpoints=[survival]"]),
    "neither covariates nor baselines": (
        lambda frames, spec: spec.update(covariates=[]),
        ["--baselines=[]"],
    ),
    "three of a class": (_labels([1] * 5 + [0] * 35), ["--split.folds=3"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ODD))
def test_an_unusual_cohort_runs_to_its_end(
    name: str, write_response: Callable[..., Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, words = ODD[name]
    assert main(["run", "--cohort", str(write_response(change)), *SMALLEST, *words]) == 0
    run = RunDirectory(here / capsys.readouterr().out.splitlines()[-1])
    for prediction in run.predictions.values():
        assert prediction.patients["sample_id"].nunique() == 40
        assert np.isfinite(prediction.patients["response_probability"]).all()
        assert set(prediction.response["endpoint"]) == {run.endpoint}
        # Stratomics also learns an endpoint beside the primary one.
        if prediction is run.predictions["stratomics"] and name == "survival beside it":
            assert prediction.patients["risk"].notna().all()
            continue
        with pytest.raises(DataError, match="have no survival endpoint"):
            _ = prediction.survival
    assert "<b>$x$" not in (run.path / "report.html").read_text()
