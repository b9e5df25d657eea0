"""Studies and what is made of them, mostly with a model that costs nothing: only what is asked of it is looked at."""

from __future__ import annotations

import dataclasses
import itertools
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from interrupted import contents, start
from small import QUICK, write

from datamodules.split import stratified_folds
from models.config import TrainerConfig
from models.ensemble.inputs import InputLayout
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import ConfigError, DataError, FitError, StratomicsError
from omics.common.files import read_parquet
from omics.common.seeds import named_seed
from stratomics.cli import main
from stratomics.cli.run import parse
from stratomics.config import ExperimentConfig, SplitConfig
from stratomics.experiment.check_config import complete_config
from stratomics.fitting import fit as fitting
from stratomics.tuning.inner_score import inner_scores
from stratomics.tuning.nested import OPTIMISTIC, TunedDirectory, tune_experiment
from stratomics.tuning.search_space import Choices, Range, SearchSpace
from stratomics.tuning.study import StudyPlan, StudyStore, run_study

SPACE = SearchSpace(
    {"head.ridge_deep": Range(2.0, 200.0, whole=False, log=True), "head.hidden": Choices((0, 4, 16))}
)
SPLIT = SplitConfig(folds=3, repeats=1, inner_folds=3)


class Cheap:
    """Knows the time of whoever it predicts, and says the less of it the stronger ``head.ridge_deep`` is."""

    def __init__(self, cohort: Any, config: ExperimentConfig) -> None:
        self.times = np.quantile(cohort_endpoints(cohort).primary().time, np.linspace(0.1, 0.9, 9))
        self.says = 1.0 / (1.0 + config.head.ridge_deep / 20.0) + 0.01 * config.head.hidden

    def predict(self, cohort: Any) -> Prediction:
        time = cohort_endpoints(cohort).primary().time
        risk = -self.says * (np.log(time) - np.log(np.median(self.times)))
        survival = np.exp(-np.exp(risk)[:, None] * np.linspace(0.1, 2.0, 9))
        return Prediction.of_survival(
            cohort.obs_names.to_numpy(dtype=str), risk, self.times, np.minimum.accumulate(survival, axis=1)
        )


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[str], ExperimentConfig]]:
    """Fits that were asked for: ids of the patients, and the configuration."""
    asked: list[tuple[set[str], ExperimentConfig]] = []

    def cheap(cohort: Any, config: ExperimentConfig, seed: int) -> Cheap:
        asked.append((set(cohort.obs_names), config))
        return Cheap(cohort, config)

    monkeypatch.setattr(fitting, "fit", cheap)
    return asked


@pytest.fixture
def config(tmp_path: Path) -> ExperimentConfig:
    evaluation = dataclasses.replace(ExperimentConfig().evaluation, draws=100)
    cohort = str(write(tmp_path / "small"))
    return ExperimentConfig(cohort=cohort, split=SPLIT, evaluation=evaluation, workers=1)


def tuned(config: ExperimentConfig, runs: Path, trials: int = 4, **more: Any) -> TunedDirectory:
    return tune_experiment(config, SPACE, trials, runs, **more)


def trials_of(result: TunedDirectory) -> pd.DataFrame:
    return read_parquet(result.path / "trials.parquet")


def test_what_is_left_behind(config: ExperimentConfig, fits: list[Any], tmp_path: Path) -> None:
    result = tuned(config, tmp_path / "runs")
    assert re.fullmatch(r"small-tune-[0-9a-f]{10}", result.path.name)
    assert {path.name for path in (tmp_path / "runs").iterdir()} == {result.path.name}
    trials, told = trials_of(result), result.tuned
    assert trials.groupby("study").size().to_dict() == dict.fromkeys([*told["outer"], "all patients"], 4)
    assert set(told["outer"]) == {"repeat 1, fold 1", "repeat 1, fold 2", "repeat 1, fold 3"}
    for label, study in {**told["outer"], "all patients": told["recommended"]}.items():
        own = trials[(trials["study"] == label) & (trials["state"] == "complete")].set_index("trial")
        assert study["trial"] == own["ibs"].idxmin()
        assert study[OPTIMISTIC] == {"ibs": own["ibs"].min()}
        assert study["values"] == own.loc[study["trial"], list(SPACE.dimensions)].to_dict()
    # The first trial is the configuration as it was given.
    first = trials[trials["trial"] == 0]
    assert set(first["head.ridge_deep"]) == {20.0}
    assert set(first["head.hidden"]) == {16}


def test_the_honest_score_is_that_of_the_outer_rows(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    """Made again from the table of trials: fitted by hand with each fold's best, evaluated on its outer rows."""
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
    honest = result.tuned["nested_score"]
    assert honest["estimate"] == pytest.approx(expected, abs=1e-12)
    assert honest["low"] < honest["estimate"] < honest["high"]
    assert honest["estimate"] != result.tuned["recommended"][OPTIMISTIC]["ibs"]
    pd.testing.assert_frame_equal(read_parquet(result.path / "predictions.parquet"), prediction.patients)


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


def test_other_outer_test_patients_leave_a_study_as_it_is(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    """Times of the test patients of the first fold are others; who had an event is not, so that folds stay."""
    cohort = read_cohort(str(config.cohort))
    spoiled = stratified_folds(cohort, 3, 1, config.seed, "outer")[0].test

    def later(frames: dict[str, pd.DataFrame], _spec: Any) -> None:
        frames["outcome"].loc[spoiled, "time"] = frames["outcome"].loc[spoiled, "time"] * 7 + 3

    other = dataclasses.replace(config, cohort=str(write(tmp_path / "other", later)))
    one, two = (trials_of(tuned(own, tmp_path / "runs")).set_index("study") for own in (config, other))
    pd.testing.assert_frame_equal(one.loc["repeat 1, fold 1"], two.loc["repeat 1, fold 1"])
    for label in ("repeat 1, fold 2", "repeat 1, fold 3", "all patients"):
        assert not one.loc[label].equals(two.loc[label])


def test_the_objective_is_of_all_inner_test_patients_alike(
    write_response: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fold says a probability of its own; the log loss by hand, a patient a summand, whatever his fold's size."""
    cohort = read_cohort(write_response())
    cohort = cohort[np.arange(cohort.n_obs) % 7 != 3].copy()
    folds = stratified_folds(cohort, 3, 1, 5, "tuning")
    assert len({len(fold.test) for fold in folds}) > 1
    said = {named_seed(5, "tuning", fold.number): 0.2 + 0.25 * fold.number for fold in folds}

    class Constant:
        def __init__(self, p: float) -> None:
            self.p = p

        def predict(self, cohort: Any) -> Prediction:
            ids = cohort.obs_names.to_numpy(dtype=str)
            return Prediction.of_response(ids, "response", np.full(len(ids), self.p))

    monkeypatch.setattr(fitting, "fit", lambda cohort, config, seed: Constant(said[seed]))
    found = list(inner_scores(cohort, folds, ExperimentConfig(), ["log_loss", "brier"], 5))
    response, losses, squares = cohort_endpoints(cohort).primary(), [], []
    for (log_loss, brier), fold in zip(found, folds, strict=True):
        p = said[named_seed(5, "tuning", fold.number)]
        for row in fold.test[response.observed[fold.test]]:
            y = float(response.label[row])
            losses.append(-np.log(p if y else 1 - p))
            squares.append((y - p) ** 2)
        assert log_loss == pytest.approx(np.mean(losses), abs=1e-12)
        assert brier == pytest.approx(np.mean(squares), abs=1e-12)


NOTHING_TO_SAY = {
    "trainer.batch_size": (5, 4096),
    "trainer.learning_rate": (0.1,),
    "trainer.epochs": (6,),
    "factors.count": (2,),
    "head.hidden": (4,),
    "head.ridge_deep": (2.0,),
}


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_the_objective_of_a_model_that_says_nothing_depends_on_no_hyperparameter(
    kind: str,
    write_small: Callable[..., Path],
    write_response: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Real fits, to networks that see zeros: every patient is told the same, and each setting scores to the same bit.

    A batch that counted in the objective, in a calibration or in a best epoch would show in the sizes of batches.
    """
    cohort = read_cohort(write_small() if kind == "survival" else write_response())
    folds = stratified_folds(cohort, 3, 1, 1, "tuning")
    base = complete_config(ExperimentConfig(split=SPLIT, trainer=TrainerConfig(epochs=9)), kind)

    def scores(key: str, value: Any) -> list[float]:
        tried = SearchSpace({}).apply(base, {key: value})
        return [own for (own,) in inner_scores(cohort, folds, tried, [str(base.evaluation.metric)], 1)]

    seeing = [scores("trainer.batch_size", size) for size in (5, 4096)]
    assert not np.allclose(*seeing, atol=1e-4)
    stacked = InputLayout.stack
    monkeypatch.setattr(InputLayout, "stack", lambda self, *given: np.zeros_like(stacked(self, *given)))
    blind = [scores(key, value) for key, values in NOTHING_TO_SAY.items() for value in values]
    assert blind == [blind[0]] * len(blind)
    assert blind[0] not in seeing
    if kind == "response":
        # What is left is the share of responders in training.
        response, losses = cohort_endpoints(cohort).primary(), []
        for fold in folds:
            train, test = (response.label[rows[response.observed[rows]]] for rows in (fold.train, fold.test))
            losses += list(-np.log(np.where(test.astype(bool), train.mean(), 1 - train.mean())))
        assert blind[0][-1] == pytest.approx(np.mean(losses), abs=1e-6)


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
    # Two more fits an outer fold: its best, and the configuration as it stands.
    assert len(fits) == trials["folds"].sum() + 2 * 3
    # What was pruned said less of the time than the median of what was not.
    for _, study in trials.groupby("study"):
        weaker = study.loc[study["state"] == "pruned", "head.ridge_deep"].min()
        assert weaker > study.loc[study["state"] == "complete", "head.ridge_deep"].min()


@pytest.mark.parametrize("error", [ConfigError, DataError, FitError])
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


def test_another_error_is_not_swallowed(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "fit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tuned(config, tmp_path / "runs")


def test_where_no_trial_can_be_fitted_the_command_says_why(
    fits: list[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cohort = write(tmp_path / "small")
    search = tmp_path / "search.yaml"
    search.write_text("head.penalties.factor: {low: 1, high: 3}")
    monkeypatch.undo()
    words = ["tune", "--cohort", str(cohort), *QUICK, "--search", str(search), "--trials=2"]
    assert main([*words, "--runs", str(tmp_path / "runs")]) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert (
        "none of 2 trials could be fitted; error of the first: unknown block of head.penalties 'factor'" in said
    )
    assert list((tmp_path / "runs").iterdir()) == []


def test_several_metrics_give_a_front_and_nothing_is_pruned(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model whose order is the better the worse its curves are; the front by brute force."""
    predict = Cheap.predict

    def torn(self: Cheap, cohort: Any) -> Prediction:
        said = predict(self, cohort)
        noise = np.random.default_rng(0).normal(size=len(said.patients)) / self.says / 5
        return said.having({"risk": said.patients["risk"].to_numpy() / self.says + noise})

    monkeypatch.setattr(Cheap, "predict", torn)
    result = tuned(config, tmp_path / "runs", trials=8, objective=("harrell_c", "ibs"))
    trials, told = trials_of(result), result.tuned["recommended"]
    assert set(trials["state"]) == {"complete"}
    own = trials[trials["study"] == "all patients"]
    points = [(-c, ibs, trial) for c, ibs, trial in own[["harrell_c", "ibs", "trial"]].to_numpy()]
    front = [
        int(c)
        for a, b, c in points
        if not any((x <= a and y <= b) and (x < a or y < b) for x, y, _ in points)
    ]
    assert told["front"] == front
    assert 1 < len(front) < len(points)
    assert told["trial"] == int(min(points)[2])
    assert told[OPTIMISTIC] == {"harrell_c": own["harrell_c"].max(), "ibs": own["ibs"].iloc[told["trial"]]}


class Stop(BaseException):
    """Ends a process as a kill would, seen from inside."""


@pytest.mark.parametrize("storage", [None, "sqlite"])
def test_stopped_at_any_fit_it_goes_on_to_the_same_bytes(
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
        left = itertools.count()

        def stopping(*given: Any, at: int = at, left: Any = left) -> Any:
            if next(left) == at:
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
        # What is lost is at most a trial and the two fits after a study.
        assert len(fits) <= undisturbed - at + 3


def test_what_a_kill_left_of_a_journal_is_undone(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    cohort = read_cohort(str(config.cohort))
    own = complete_config(config, "survival")
    plan = StudyPlan(SPACE, ("ibs",), 6)
    store = StudyStore(tmp_path / "a", None, "a")
    store.create(plan, ["one"])
    whole = run_study(plan, store, "one", cohort, own, 1)
    other = StudyStore(tmp_path / "b", None, "b")
    other.create(plan, ["one"])
    run_study(dataclasses.replace(plan, trials=3), other, "one", cohort, own, 1)
    journal = tmp_path / "b" / "one.journal"
    with journal.open("ab") as file:
        file.write(b'{"op_code": 4, "wor')
    (tmp_path / "b" / "one.journal.lock").symlink_to(journal)
    other.create(plan, ["one"])
    assert run_study(plan, other, "one", cohort, own, 1) == whole


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
    # Again is again: its own trials were forgotten, those of the other tuning were not.
    assert len(fits) > before + 2 * 2
    assert len(optuna.get_all_study_names(url)) == 6


def test_the_recommended_configuration_is_a_file_of_differences_that_runs(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    result = tuned(config, tmp_path / "runs")
    best, _, _ = parse([str(result.path / "best.yaml")])
    values = result.tuned["recommended"]["values"]
    # How many workers there are is no part of what is recommended.
    assert best == dataclasses.replace(SPACE.apply(config, values), workers=None)
    text = (result.path / "best.yaml").read_text()
    assert "harmonize" not in text
    assert "seed" not in text


def test_what_a_killed_tuning_left_is_removed_by_the_next(
    config: ExperimentConfig, fits: list[Any], tmp_path: Path
) -> None:
    """Killed when it had taken its place, before it had tidied up: random kills found it once in some hundreds."""
    runs = tmp_path / "runs"
    result = tuned(config, runs)
    (runs / f"{result.path.name}.part" / "folds").mkdir(parents=True)
    (runs / f"{result.path.name}.lock").touch()
    fitted, before = len(fits), contents(result.path)
    assert tuned(config, runs).path == result.path
    assert [path.name for path in runs.iterdir()] == [result.path.name]
    assert (len(fits), contents(result.path)) == (fitted, before)


def test_its_own_files_tune_again_to_the_same_bytes(
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


BAD = [
    (["--trials=0"], "--trials is 0; it must be at least 1"),
    (["--trials=many"], "trials"),
    (["--search=nowhere.yaml"], "nowhere.yaml: no such configuration"),
    (["--objective=isb"], "unknown --objective 'isb'; did you mean 'ibs'?"),
    (["--objective=ibs,log_loss"], "--objective 'log_loss' is not for a survival"),
    (["--objective=d_calibration"], "--objective 'd_calibration' cannot compare methods"),
    (["--storage=nothing://there"], "--storage:"),
    (["--storage=sqlite:////nowhere/at/all.db"], "--storage:"),
    (["--storage=trials.db"], "--storage:"),
    (["--factors.cuont=3"], "did you mean 'factors.count'"),
    (["--split.inner_folds=30"], "lower split.folds or split.inner_folds"),
]


@pytest.mark.parametrize(("words", "sentence"), BAD, ids=[" ".join(words) for words, _ in BAD])
def test_wrong_words_are_refused_and_leave_nothing(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort, runs = write(tmp_path / "small"), tmp_path / "runs"
    assert main(["tune", "--cohort", str(cohort), *QUICK, "--runs", str(runs), *words]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert sentence in last
    assert not runs.exists() or list(runs.iterdir()) == []


def test_a_password_is_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cohort = write(tmp_path / "small")
    words = ["--storage=postgresql://me:open-sesame@127.0.0.1:9/none", "--runs", str(tmp_path / "runs")]
    assert main(["tune", "--cohort", str(cohort), *QUICK, *words]) == 2
    said = capsys.readouterr()
    assert "--storage" in said.err
    assert "open-sesame" not in said.err + said.out


REAL = [
    "tune",
    "--cohort=small",
    *QUICK,
    "--split.folds=2",
    "--trainer.epochs=3",
    "--trials=2",
    "--search=space.yaml",
]


def real(folder: Path, *words: str, die_at: int | None = None) -> int | None:
    """Exit code of the command in a process of its own."""
    process = start([*REAL, *words], folder, die_at)
    process.join()
    return process.exitcode


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real tuning by one worker, with the place it was made in."""
    folder = tmp_path_factory.mktemp("tuned")
    write(folder / "small")
    (folder / "space.yaml").write_text("head.hidden: {choices: [0, 4]}\nfactors.count: {low: 1, high: 4}\n")
    assert real(folder) == 0, (folder / "stderr.txt").read_text()
    return folder


def the_tuning(folder: Path) -> Path:
    (found,) = (folder / "runs").iterdir()
    return found


@pytest.fixture
def here(undisturbed: Path, tmp_path: Path) -> Path:
    (tmp_path / "small").symlink_to(undisturbed / "small")
    (tmp_path / "space.yaml").symlink_to(undisturbed / "space.yaml")
    return tmp_path


def results(folder: Path) -> dict[str, bytes]:
    """All bytes but of the one key that names the number of workers, on which nothing depends."""
    files = contents(the_tuning(folder))
    return {name: re.sub(rb"workers: \d", b"", content) for name, content in files.items()}


SQLITE = pytest.param(["--storage=sqlite:///trials.db"], id="sqlite", marks=pytest.mark.slow)


@pytest.mark.parametrize("storage", [pytest.param([], id="journal"), SQLITE])
def test_two_workers_come_to_the_same_bytes(undisturbed: Path, here: Path, storage: list[str]) -> None:
    assert real(here, "--workers=2", *storage) == 0, (here / "stderr.txt").read_text()
    assert the_tuning(here).name == the_tuning(undisturbed).name
    assert results(here) == results(undisturbed)


@pytest.mark.parametrize("at", [pytest.param(3, marks=pytest.mark.slow), 40])
def test_killed_while_it_writes_it_goes_on_to_the_same_bytes(undisturbed: Path, here: Path, at: int) -> None:
    assert real(here, die_at=at) == -signal.SIGKILL
    assert the_parts(here)
    assert real(here) == 0, (here / "stderr.txt").read_text()
    assert results(here) == results(undisturbed)


def the_parts(folder: Path) -> list[str]:
    return [path.name for path in (folder / "runs").iterdir() if path.name.endswith(".part")]


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """URL of a PostgreSQL server that lives as long as the test; it refuses to be run by root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not found:
        pytest.skip("needs Debian's package postgresql")
    user = "postgres" if os.geteuid() == 0 else None
    # A socket's path has at most 107 letters.
    with tempfile.TemporaryDirectory() as place:
        if user:
            shutil.chown(place, user)
        words = ["-D", f"{place}/data"]

        def call(program: str, *more: str) -> None:
            command = [str(found[-1] / program), *words, *more]
            subprocess.run(command, user=user, cwd=place, check=True, stdout=subprocess.DEVNULL)

        call("initdb", "--auth=trust", "--username=tester", "--no-sync")
        call("pg_ctl", "-w", "-l", f"{place}/log", "-o", f"-c listen_addresses= -k {place}", "start")
        try:
            yield f"postgresql://tester@/postgres?host={place}"
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.mark.service
def test_two_workers_with_postgresql_come_to_the_same_bytes_though_killed(
    undisturbed: Path, here: Path, postgres: str
) -> None:
    words = ["--workers=2", f"--storage={postgres}"]
    assert real(here, *words, die_at=4) == -signal.SIGKILL, (here / "stderr.txt").read_text()
    assert real(here, *words) == 0, (here / "stderr.txt").read_text()
    assert results(here) == results(undisturbed)
    assert len(optuna.get_all_study_names(postgres.replace("postgresql", "postgresql+psycopg2"))) == 3


@pytest.mark.slow
def test_killed_at_ten_random_moments_by_two_workers_it_ends_with_the_same_bytes(
    undisturbed: Path, here: Path
) -> None:
    rng = np.random.default_rng(20261124)
    for _ in range(10):
        process = start([*REAL, "--workers=2"], here)
        process.join(float(rng.uniform(2, 14)))
        process.kill()
        process.join()
    assert real(here, "--workers=2") == 0, (here / "stderr.txt").read_text()
    assert results(here) == results(undisturbed)


def test_untuned_is_what_run_says(undisturbed: Path, small_run: Path) -> None:
    """The same patients, folds and seeds: its predictions are those of `stratomics run`, to the byte."""
    untuned = the_tuning(undisturbed) / "baselines" / "untuned"
    for name in ("predictions.parquet", "survival.parquet"):
        assert (untuned / name).read_bytes() == (small_run / name).read_bytes()
