"""Nested tuning with a cheap model: files, nested score, separation of outer test patients, stops."""

from __future__ import annotations

import dataclasses
import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from cheap_model import SPACE, Cheap, trials_of, tuned
from interrupted import contents
from small import write

from datamodules.split import stratified_folds
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.files import read_parquet
from stratomics.cli import main
from stratomics.cli.run import parse
from stratomics.config import ExperimentConfig, SplitConfig
from stratomics.fitting import fit as fitting
from stratomics.tuning.nested import OPTIMISTIC


def test_the_files_of_a_tuning(config: ExperimentConfig, fits: list[Any], tmp_path: Path) -> None:
    result = tuned(config, tmp_path / "runs")
    assert re.fullmatch(r"small-tune-[0-9a-f]{10}", result.path.name)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {result.path.name}
    trials, content = trials_of(result), result.tuned
    assert trials.groupby("study").size().to_dict() == dict.fromkeys([*content["outer"], "all patients"], 4)
    assert set(content["outer"]) == {"repeat 1, fold 1", "repeat 1, fold 2", "repeat 1, fold 3"}
    for label, study in {**content["outer"], "all patients": content["recommended"]}.items():
        rows = trials[(trials["study"] == label) & (trials["state"] == "complete")].set_index("trial")
        assert study["trial"] == rows["ibs"].idxmin()
        assert study[OPTIMISTIC] == {"ibs": rows["ibs"].min()}
        assert study["values"] == rows.loc[study["trial"], list(SPACE.dimensions)].to_dict()
    # The first trial is the given configuration.
    first = trials[trials["trial"] == 0]
    assert set(first["head.ridge_deep"]) == {20.0}
    assert set(first["head.hidden"]) == {16}


@pytest.mark.slow
def test_the_nested_score_is_that_of_the_outer_rows(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    """Computed again: a fit with the best values of each fold, evaluated on its outer rows."""
    from stratomics.evaluation.cases import cases_of
    from stratomics.evaluation.metrics.metric import find_metric

    result = tuned(config, tmp_path / "runs")
    cohort = read_cohort(str(config.cohort))
    parts = []
    for fold in stratified_folds(cohort, 3, 1, config.seed, "outer"):
        values = result.tuned["outer"][fold.label]["values"]
        model = Cheap(cohort[fold.train], SPACE.apply(config, values))
        parts.append(model.predict(cohort[fold.test]).at(fold.repeat, fold.number))
    prediction = Prediction.concatenate(parts)
    cases = cases_of(prediction, cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).primary())
    expected = find_metric("ibs").function(cases, np.ones((1, len(cases))))[0]
    nested_score = result.tuned["nested_score"]
    assert nested_score["estimate"] == pytest.approx(expected, abs=1e-12)
    assert nested_score["low"] < nested_score["estimate"] < nested_score["high"]
    assert nested_score["estimate"] != result.tuned["recommended"][OPTIMISTIC]["ibs"]
    pd.testing.assert_frame_equal(read_parquet(result.path / "predictions.parquet"), prediction.patients)


@pytest.mark.slow
def test_no_study_sees_an_outer_test_patient(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, set[str]] = {}
    predict = Cheap.predict

    def spy(self: Cheap, cohort: Any) -> Prediction:
        fits.append((set(cohort.obs_names), config))
        return predict(self, cohort)

    monkeypatch.setattr(Cheap, "predict", spy)
    from stratomics.tuning import nested

    run = nested.run_study

    def marked(plan: Any, store: Any, label: str, *rest: Any) -> Any:
        before = len(fits)
        study = run(plan, store, label, *rest)
        seen[label] = set().union(*(ids for ids, _ in fits[before:]))
        return study

    monkeypatch.setattr(nested, "run_study", marked)
    tuned(config, tmp_path / "runs")
    cohort = read_cohort(str(config.cohort))
    names = cohort.obs_names.to_numpy()
    for fold in stratified_folds(cohort, 3, 1, config.seed, "outer"):
        assert seen[fold.label] == set(names[fold.train])
    assert seen["all patients"] == set(names)


@pytest.mark.slow
def test_other_outer_test_patients_leave_a_study_as_it_is(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    """Other times of the test patients of the first fold; their events, and therefore the folds, are the same."""
    cohort = read_cohort(str(config.cohort))
    changed_rows = stratified_folds(cohort, 3, 1, config.seed, "outer")[0].test

    def later(frames: dict[str, pd.DataFrame], _spec: Any) -> None:
        frames["outcome"].loc[changed_rows, "time"] = frames["outcome"].loc[changed_rows, "time"] * 7 + 3

    other = dataclasses.replace(config, cohort=str(write(tmp_path / "other", later)))
    one, two = (trials_of(tuned(own, tmp_path / "runs")).set_index("study") for own in (config, other))
    pd.testing.assert_frame_equal(one.loc["repeat 1, fold 1"], two.loc["repeat 1, fold 1"])
    for label in ("repeat 1, fold 2", "repeat 1, fold 3", "all patients"):
        assert not one.loc[label].equals(two.loc[label])


class Stop(BaseException):
    """Ends the tuning as a kill would."""


@pytest.mark.slow
@pytest.mark.parametrize("storage", [None, "sqlite"])
def test_stopped_at_any_fit_it_ends_with_the_same_bytes(
    storage: str | None,
    config: ExperimentConfig,
    fits: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = dataclasses.replace(config, split=SplitConfig(folds=2, repeats=1, inner_folds=3))
    whole = contents(tuned(config, tmp_path / "whole", trials=6).path)
    undisturbed, cheap = len(fits), fitting.fit
    for at in (1, undisturbed // 2, undisturbed - 1):
        calls = itertools.count()

        def stopping(*given: Any, at: int = at, calls: Any = calls) -> Any:
            if next(calls) == at:
                raise Stop
            return cheap(*given)

        runs = tmp_path / f"runs{at}"
        url = None if storage is None else f"sqlite:///{tmp_path}/trials{at}.db"
        monkeypatch.setattr(fitting, "fit", stopping)
        with pytest.raises(Stop):
            tuned(config, runs, trials=6, storage=url)
        monkeypatch.setattr(fitting, "fit", cheap)
        assert not any((path / "tune.json").exists() for path in runs.iterdir())
        fits.clear()
        assert contents(tuned(config, runs, trials=6, storage=url).path) == whole
        # At most one trial and the two fits after a study are repeated.
        assert len(fits) <= undisturbed - at + 3


@pytest.mark.slow
def test_the_recommended_configuration_is_a_file_of_differences_that_runs(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    result = tuned(config, tmp_path / "runs")
    best, _, _ = parse([str(result.path / "best.yaml")])
    values = result.tuned["recommended"]["values"]
    # The number of workers is not part of the recommendation.
    assert best == dataclasses.replace(SPACE.apply(config, values), workers=None)
    text = (result.path / "best.yaml").read_text()
    assert "harmonize" not in text
    assert "seed" not in text


@pytest.mark.slow
def test_leftovers_of_a_killed_tuning_are_removed(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    """Killed after the folder was renamed and before the checkpoint was removed."""
    runs = tmp_path / "runs"
    result = tuned(config, runs)
    (runs / f"{result.path.name}.part" / "folds").mkdir(parents=True)
    (runs / f"{result.path.name}.lock").touch()
    fitted, before = len(fits), contents(result.path)
    assert tuned(config, runs).path == result.path
    assert [path.name for path in runs.iterdir()] == [result.path.name]
    assert (len(fits), contents(result.path)) == (fitted, before)


@pytest.mark.slow
def test_the_files_of_a_tuning_give_the_same_bytes_again(
    fits: list[Any], config: ExperimentConfig, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = tuned(config, tmp_path / "runs")
    words = result.tuned["command"].split()
    paths = [str(result.path / word) if word.endswith(".yaml") else word for word in words[1:]]
    assert main([*paths, "--runs", str(tmp_path / "again")]) == 0
    out = capsys.readouterr().out
    assert OPTIMISTIC in out
    again = Path(out.splitlines()[-1])
    assert again.name == result.path.name
    assert contents(again) == contents(result.path)
