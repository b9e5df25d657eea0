"""PostgreSQL, as several machines need it: MLflow keeps a run there, Optuna a study."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import postgres, postgres_program
from small import QUICK, write

from stratomics.cli import main
from stratomics.runtime.database_url import database_url

pytestmark = [
    pytest.mark.service,
    pytest.mark.skipif(
        postgres_program("postgres") is None,
        reason="no PostgreSQL here; apt-get install postgresql brings one",
    ),
]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    # One each: both keep the version of their tables in a table of the same name.
    with postgres("mlflow", "optuna") as url:
        yield url


def test_a_run_is_recorded_there_and_found_again(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    store = f"{server}/mlflow"
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "small")
    words = ["run", "--cohort=small", *QUICK, "--split.folds=2", "--trainer.epochs=3", "--baselines=[]"]
    assert main([*words, f"--tracking.uri={store}"]) == 0
    captured = capsys.readouterr()
    assert "could not record" not in captured.err
    run = Path(captured.out.splitlines()[-1])
    client = mlflow.MlflowClient(database_url(store))
    experiment = client.get_experiment_by_name("stratomics").experiment_id
    runs = client.search_runs([experiment])
    assert {found.info.status for found in runs} == {"FINISHED"}
    [parent] = [found for found in runs if found.data.tags.get("stratomics.run") == run.name]
    folds = [found for found in runs if found.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert len(folds) == 2
    assert parent.data.params["factors.count"] == "3"
    assert "survival/ibs" in parent.data.metrics
    assert "report.html" in {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert main(["log", str(run), "--tracking.uri", store]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == parent.info.run_id
    assert len(client.search_runs([experiment])) == len(runs)


def test_a_study_is_kept_there_and_loaded_again(server: str) -> None:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = database_url(f"{server}/optuna")
    study = optuna.create_study(storage=storage, study_name="shared")
    trial = study.ask()
    study.tell(trial, trial.suggest_float("x", 0, 1))
    again = optuna.load_study(storage=storage, study_name="shared")
    assert [t.number for t in again.trials] == [0]
    assert again.best_value == again.best_params["x"]
