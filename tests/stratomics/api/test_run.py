"""Runs from Python: the same run directory as the command, results as data frames, and cohorts in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stratomics as st
from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.api.run import Run
from stratomics.runs.run_directory import RunDirectory

SETTINGS: dict[str, Any] = {
    "split": {"folds": 2, "repeats": 1, "inner_folds": 3},
    "trainer": {"epochs": 3},
    "factors": {"count": 3},
    "evaluation": {"draws": 100},
    "tracking": {"uri": "sqlite:////dev/null/store.db"},
    "controls": [],
    "workers": 1,
}


@pytest.fixture(scope="module")
def run(small_run: Path) -> Run:
    return st.open_run(small_run)


@pytest.mark.slow
def test_a_cohort_in_memory_gives_the_predictions_of_its_folder(
    run: Run, small_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(st.settings, "runs", str(tmp_path))
    cohort = st.read_cohort(small_run.parent / "small")
    made = st.run(cohort, **SETTINGS)
    pd.testing.assert_frame_equal(made.predictions, run.predictions)
    assert made.path.parent == tmp_path
    (stored,) = (tmp_path / "cohorts").iterdir()
    assert read_cohort(stored).n_obs == 40
    # A complete run is opened, and the cohort is not written again.
    assert st.run(cohort, **SETTINGS).path == made.path
    assert len(list((tmp_path / "cohorts").iterdir())) == 1


def test_metrics_and_comparison_are_those_of_the_run_directory(run: Run) -> None:
    content = run.directory.metrics
    table = run.metrics.set_index(["method", "metric"])
    assert table.loc[("stratomics", "ibs"), "low"] == content["survival"]["ibs"]["low"]
    name = next(iter(content["baselines"]))
    assert (
        table.loc[(name, "harrell_c"), "estimate"]
        == content["baselines"][name]["survival"]["harrell_c"]["estimate"]
    )
    comparison = run.compare()
    assert comparison.index[0] == "stratomics"
    assert len(comparison) == 1 + len(content["baselines"])
    assert np.isnan(comparison["difference"].iloc[0])
    assert (
        comparison.loc["clinical Cox", "difference_high"]
        == (content["differences"]["clinical_cox"]["survival"]["ibs"]["high"])
    )
    assert "clinical Cox" in run._repr_html_()
    assert any("clinical Cox" in sentence for sentence in run.sentences)


def test_predictions_can_be_changed_without_changing_the_run(run: Run) -> None:
    run.predictions["risk"] = 0.0
    assert run.predictions["risk"].abs().max() > 0
    assert list(run.prediction("clinical_cox").patients["sample_id"]) == list(run.predictions["sample_id"])
    with pytest.raises(InputError, match="no method 'clinical_coxx'"):
        run.prediction("clinical_coxx")


def test_survival_at_a_time_averages_repeats_of_the_saved_curves(run: Run) -> None:
    long = run.prediction().survival
    patient = str(long["sample_id"].iloc[0])
    curve = long[long["sample_id"] == patient].sort_values("time")
    time = float(curve["time"].iloc[len(curve) // 2])
    at = run.survival_at(time)
    assert at.index.tolist() == run.predictions["sample_id"].unique().tolist()
    assert at.loc[patient, "survival"] == curve["survival"].iloc[len(curve) // 2]
    sd = run.predictions.set_index("sample_id").loc[patient, "risk_sd"]
    assert at.loc[patient, "low"] == pytest.approx(at.loc[patient, "survival"] ** np.exp(1.959964 * sd))
    share = 1.0 - float(curve["survival"].iloc[3])
    assert run.quantile(share)[patient] <= curve["time"].iloc[3]


def test_the_final_model_predicts_and_knows_its_training_patients(run: Run, small_run: Path) -> None:
    patients = read_cohort(small_run.parent / "small")
    with pytest.warns(UserWarning, match="40 of these 40 patients"):
        table = run.model.predict(patients)
    assert table.index.tolist() == patients.obs_names.tolist()
    assert run.model.get_params()["factors"]["count"] == run.directory.config["factors"]["count"]
    assert run.report.is_file()


def test_figures_are_those_of_the_report(run: Run) -> None:
    assert {"risk", "calibration"} <= set(run.figures)


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ({"splitt": {"folds": 2}}, "unknown key 'splitt.folds'"),
        ({"split": {"fodls": 2}}, "did you mean 'split.folds'"),
        ({"seed": "one"}, "seed"),
        ({"head": {"survival": "coxx"}}, "did you mean 'cox'"),
    ],
)
def test_a_wrong_key_is_an_error_before_anything_is_written(
    keys: dict[str, Any], sentence: str, acc: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=sentence):
        st.run(acc, **keys)
    assert not list(tmp_path.rglob("*.html"))
    assert "split" in keys or "head" in keys or not list(tmp_path.iterdir())


def test_what_is_not_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a finished run"):
        st.open_run(tmp_path)


@pytest.mark.slow
def test_a_run_by_its_mlflow_id_exists_as_long_as_the_object(
    response_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    uri = f"sqlite:///{response_run.parents[1]}/mlflow.db"
    monkeypatch.setattr(st.settings, "tracking_uri", uri)
    found = mlflow.MlflowClient(uri).search_runs(["1"], "tags.`stratomics.run` != ''")
    run = st.open_run(found[0].info.run_id)
    folder = run.path
    pd.testing.assert_frame_equal(run.predictions, Run(RunDirectory(response_run)).predictions)
    del run
    assert not folder.exists()
