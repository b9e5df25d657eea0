"""Studies with a cheap model: pruning, failed trials, Pareto fronts, journals and databases."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from cheap_model import SPACE, Cheap, trials_of, tuned
from interrupted import contents

from models.prediction import Prediction
from omics.cohort.read import read_cohort
from omics.common.errors import ConfigError, DataError, FitError, StratomicsError
from stratomics.config import ExperimentConfig, SplitConfig
from stratomics.experiment.check_config import complete_config
from stratomics.fitting import fit as fitting
from stratomics.tuning.nested import OPTIMISTIC
from stratomics.tuning.study import StudyPlan, StudyStore, run_study


def test_an_incomplete_journal_is_repaired(config: ExperimentConfig, fits: list[Any], tmp_path: Path) -> None:
    cohort = read_cohort(str(config.cohort))
    complete = complete_config(config, "survival")
    plan = StudyPlan(SPACE, ("ibs",), 6)
    store = StudyStore(tmp_path / "a", None, "a")
    store.create(plan, ["one"])
    whole = run_study(plan, store, "one", cohort, complete, 1)
    other = StudyStore(tmp_path / "b", None, "b")
    other.create(plan, ["one"])
    run_study(dataclasses.replace(plan, trials=3), other, "one", cohort, complete, 1)
    journal = tmp_path / "b" / "one.journal"
    with journal.open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    (tmp_path / "b" / "one.journal.lock").symlink_to(journal)
    other.create(plan, ["one"])
    assert run_study(plan, other, "one", cohort, complete, 1) == whole


@pytest.mark.slow
def test_a_database_holds_the_studies_of_several_tunings(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    config = dataclasses.replace(config, split=SplitConfig(folds=2, repeats=1, inner_folds=2))
    url = f"sqlite:///{tmp_path}/trials.db"
    journals = tuned(config, tmp_path / "journals", trials=2)
    database = tuned(config, tmp_path / "database", trials=2, storage=url)
    assert contents(journals.path) == contents(database.path)
    tuned(config, tmp_path / "database", trials=1, storage=url)
    names = optuna.get_all_study_names(url)
    assert len(names) == 6
    assert f"{database.path.name}: repeat 1, fold 2" in names
    before = len(fits)
    tuned(config, tmp_path / "database", trials=2, storage=url)
    assert len(fits) == before
    assert contents(tuned(config, tmp_path / "database", trials=2, storage=url, again=True).path) == contents(
        journals.path
    )
    # --again deletes the studies of this tuning, and not those of the other.
    assert len(fits) > before + 2 * 2
    assert len(optuna.get_all_study_names(url)) == 6


@pytest.mark.slow
def test_a_bad_trial_is_pruned_between_inner_folds(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    result = tuned(config, tmp_path / "runs", trials=14)
    trials = trials_of(result)
    pruned = trials[trials["state"] == "pruned"]
    assert len(pruned) > 3
    assert set(pruned["folds"]) <= {1, 2}
    assert (trials.loc[trials["state"] == "complete", "folds"] == 3).all()
    assert (trials.loc[trials["trial"] < 5, "state"] == "complete").all()
    # Two more fits per outer fold: the best trial, and the given configuration.
    assert len(fits) == trials["folds"].sum() + 2 * 3
    # Pruned trials have weaker effects than complete trials.
    for _, study in trials.groupby("study"):
        weaker = study.loc[study["state"] == "pruned", "head.ridge_deep"].min()
        assert weaker > study.loc[study["state"] == "complete", "head.ridge_deep"].min()


SLOW = [pytest.param(error, marks=pytest.mark.slow) for error in (DataError, FitError)]


@pytest.mark.parametrize("error", [ConfigError, *SLOW])
def test_a_trial_that_cannot_be_fitted_is_recorded_and_the_study_goes_on(
    error: type[StratomicsError],
    config: ExperimentConfig,
    fits: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cheap = fitting.fit

    def failing(cohort: Any, config: ExperimentConfig, seed: int) -> Any:
        if config.head.hidden == 4:
            raise error("four is a bad number; take another")
        return cheap(cohort, config, seed)

    monkeypatch.setattr(fitting, "fit", failing)
    trials = trials_of(tuned(config, tmp_path / "runs"))
    failed = trials["head.hidden"] == 4
    assert failed.any()
    assert ((trials["state"] == "failed") == failed).all()
    assert set(trials.loc[failed, "why"]) == {"four is a bad number; take another"}
    assert trials.loc[failed, "ibs"].isna().all()
    assert trials.loc[~failed, ["ibs"]].notna().all(axis=None)


def test_other_errors_are_raised(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "fit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tuned(config, tmp_path / "runs")


@pytest.mark.slow
def test_several_metrics_give_a_front_and_nothing_is_pruned(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model with better ranks where its curves are worse; the Pareto front by brute force."""
    predict = Cheap.predict

    def conflicting(self: Cheap, cohort: Any) -> Prediction:
        prediction = predict(self, cohort)
        noise = np.random.default_rng(0).normal(size=len(prediction.patients)) / self.effect / 5
        return prediction.with_columns({"risk": prediction.patients["risk"].to_numpy() / self.effect + noise})

    monkeypatch.setattr(Cheap, "predict", conflicting)
    result = tuned(config, tmp_path / "runs", trials=8, objective=("harrell_c", "ibs"))
    trials, recommended = trials_of(result), result.tuned["recommended"]
    assert set(trials["state"]) == {"complete"}
    final = trials[trials["study"] == "all patients"]
    points = [(-c, ibs, trial) for c, ibs, trial in final[["harrell_c", "ibs", "trial"]].to_numpy()]
    front = [
        int(c)
        for a, b, c in points
        if not any((x <= a and y <= b) and (x < a or y < b) for x, y, _ in points)
    ]
    assert recommended["front"] == front
    assert 1 < len(front) < len(points)
    assert recommended["trial"] == int(min(points)[2])
    assert recommended[OPTIMISTIC] == {
        "harrell_c": final["harrell_c"].max(),
        "ibs": final["ibs"].iloc[recommended["trial"]],
    }
