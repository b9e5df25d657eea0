"""A tuning in a real store: its recommended settings, its nested score and the trials of each study."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cheap_model import Cheap
from small import write

from omics.common.files import read_json, read_parquet
from stratomics.cli import main
from stratomics.config import ExperimentConfig
from stratomics.fitting import fit as fitting


def cheap(cohort: Any, config: ExperimentConfig, seed: int) -> Cheap:
    return Cheap(cohort, config)


def test_a_tuning_is_recorded_once_with_its_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fitting, "fit", cheap)
    cohort, store = write(tmp_path / "small"), f"sqlite:///{tmp_path}/mlflow.db"
    (tmp_path / "space.yaml").write_text("head.hidden: {choices: [0, 4]}\n")
    words = ["--split.folds=2", "--split.repeats=1", "--split.inner_folds=3", "--evaluation.draws=100"]
    words += ["--workers=1", "--trials=2", "--search=space.yaml", f"--tracking.uri={store}"]
    for _ in range(2):
        assert main(["tune", str(cohort), *words, "--tracking.patient_data=false"]) == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    client = mlflow.MlflowClient(store)
    (found,) = client.search_runs(["1"], "tags.`stratomics.tuning` != ''")
    tuned, metrics = read_json(folder / "tune.json"), read_json(folder / "metrics.json")
    assert (found.info.run_name, found.info.status) == (folder.name, "FINISHED")
    assert found.data.tags["cohort_digest"] == tuned["cohort_digest"]
    assert "`head.hidden`" in found.data.tags["mlflow.note.content"]
    assert found.data.params["head.hidden"] == str(tuned["recommended"]["values"]["head.hidden"])
    figure = metrics["differences"]["untuned"]["survival"]["ibs"]["estimate"]
    assert found.data.metrics["differences/untuned/survival/ibs"] == pytest.approx(figure)
    files = {path.path for path in client.list_artifacts(found.info.run_id)}
    assert {"tune.json", "best.yaml", "trials.parquet"} <= files
    assert not {"patients.parquet", "predictions.parquet", "survival.parquet"} & files
    studies = client.search_runs(["1"], f"tags.mlflow.parentRunId = '{found.info.run_id}'")
    trials = read_parquet(folder / "trials.parquet")
    assert {one.info.run_name for one in studies} == {f"study of {label}" for label in trials["study"]}
    for one in studies:
        rows = trials[trials["study"] == one.info.run_name.removeprefix("study of ")]
        history = client.get_metric_history(one.info.run_id, "study/ibs")
        complete = rows[rows["state"] == "complete"]
        assert {m.step: m.value for m in history} == pytest.approx(
            dict(zip(complete["trial"], complete["ibs"], strict=True))
        )
