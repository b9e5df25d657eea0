"""One study of Optuna: trials of configurations on the same patients. Only this file imports optuna."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from datamodules.split import stratified_folds
from omics.common.errors import ConfigError, DataError, FitError, StratomicsError
from omics.common.files import write_bytes
from omics.common.seeds import named_seed
from stratomics.config import ExperimentConfig
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.runtime.database_url import database_url
from stratomics.tuning.inner_score import inner_scores
from stratomics.tuning.search_space import Choices, Dimension, SearchSpace, Value

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Row", "Study", "StudyPlan", "StudyStore", "run_study"]

log = logging.getLogger(__name__)

Row = dict[str, Value | None]
"""Column -> cell of one row of the table of trials."""

WHY = "why"
"""Attribute with the error of a failed trial. A failed trial without it was killed and does not count."""

FOLDS = "folds"
"""Attribute with the number of fitted inner folds."""


@dataclass(frozen=True)
class StudyPlan:
    """What all studies of a tuning share.

    Attributes
    ----------
    space
        The search space.
    objective
        Metrics; the first selects the best trial.
    trials
        Number of trials of each study.
    """

    space: SearchSpace
    objective: tuple[str, ...]
    trials: int

    def sort_key(self, values: Sequence[float]) -> tuple[float, ...]:
        """Key to sort values of the objective by, the best first."""
        signs = (-1.0 if find_metric(name).higher_is_better else 1.0 for name in self.objective)
        return tuple(sign * value for sign, value in zip(signs, values, strict=True))


@dataclass(frozen=True)
class Study:
    """Result of a study.

    Attributes
    ----------
    best
        Number of the trial with the best value of the first metric.
    values
        Key -> value in the best trial.
    selection
        Metric -> value in the best trial. This selection score is optimistic, since it is the best of many.
    front
        Numbers of the trials on the Pareto front: no other trial is better in all metrics.
    rows
        One row per trial: trial, state (complete, pruned, failed), why, folds, the metrics, the keys. A pruned trial
        has the metric on its fitted folds.
    """

    best: int
    values: dict[str, Value]
    selection: dict[str, float]
    front: list[int]
    rows: list[Row]


@dataclass(frozen=True)
class StudyStore:
    """Where studies are stored: one journal file each in `folder`, or a database.

    Parameters
    ----------
    folder
        Folder of the journals.
    url
        URL of an SQLite or PostgreSQL database in the form of SQLAlchemy, in place of journals.
    name
        Prefix of the names of the studies, since a database may have studies of several tunings.
    """

    folder: Path
    url: str | None
    name: str

    def check(self) -> None:
        """Check that the database can be reached.

        Raises
        ------
        ConfigError
            With the error of the database.
        """
        if self.url is None:
            return
        try:
            self._storage("")
        except Exception as error:  # noqa: BLE001  # each driver has its own errors
            raise ConfigError(
                f"--storage: {_first_line(error.__cause__ or error)}; write a URL such as sqlite:///trials.db"
            ) from None

    def create(self, plan: StudyPlan, labels: Sequence[str]) -> None:
        """Create the missing studies; the caller has the lock of the run, and no worker has begun."""
        if self.url is None:
            self.folder.mkdir(exist_ok=True)
            _repair_journals(self.folder)
        better = {True: "maximize", False: "minimize"}
        directions = [better[bool(find_metric(name).higher_is_better)] for name in plan.objective]
        for label in labels:
            with _database_errors():
                optuna.create_study(
                    storage=self._storage(label),
                    study_name=self._name(label),
                    directions=directions,  # type: ignore[arg-type]  # the two allowed values
                    load_if_exists=True,
                )

    def delete(self, labels: Sequence[str]) -> None:
        """Remove the studies from a database."""
        known = optuna.get_all_study_names(self._storage("")) if self.url is not None else []
        for name in {self._name(label) for label in labels} & set(known):
            optuna.delete_study(study_name=name, storage=self._storage(""))

    def open(self, label: str) -> optuna.Study:
        """Open an existing study."""
        # After five complete trials, a trial that is worse than the median of the earlier trials is pruned.
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5)
        return optuna.load_study(storage=self._storage(label), study_name=self._name(label), pruner=pruner)

    def is_complete(self, plan: StudyPlan, label: str) -> bool:
        """Whether a study has all of its trials."""
        with _database_errors():
            return len(_counted(self.open(label))) >= plan.trials

    def read(self, plan: StudyPlan, label: str) -> Study:
        """Read the result of a complete study.

        Raises
        ------
        ConfigError
            If no trial could be fitted, with the error of the first.
        """
        with _database_errors():
            return _read(plan, self.open(label), label)

    def _name(self, label: str) -> str:
        return f"{self.name}: {label}"

    def _storage(self, label: str) -> BaseStorage:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if self.url is not None:
            # SQLite allows one writer at a time, so that workers of several studies have to wait.
            connect_args = {"timeout": 100} if self.url.startswith("sqlite") else {}
            url = database_url(self.url)
            return RDBStorage(url, engine_kwargs={"connect_args": connect_args})
        path = self.folder / f"{label.replace(', ', '-').replace(' ', '')}.journal"
        return JournalStorage(JournalFileBackend(str(path)))


def run_study(
    plan: StudyPlan, store: StudyStore, label: str, cohort: MuData, config: ExperimentConfig, seed: int
) -> Study:
    """Run the remaining trials of a study, one after the other, and read the result.

    A trial depends on the seed, its number and the trials before it. A study that was stopped therefore ends with the
    same result. The first trial uses the values of `config` if they are in the space.

    Parameters
    ----------
    plan
        Search space, metrics and number of trials.
    store
        Where the study is stored.
    label
        Name of the study.
    cohort
        The training patients.
    config
        The experiment, with the values of all keys that are not in the space.
    seed
        Seed of folds, fits and draws.

    Returns
    -------
    Study
        The result.
    """
    folds = stratified_folds(cohort, config.split.inner_folds, 1, seed, "tuning")
    with _database_errors():
        study = store.open(label)
        for killed in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(killed.number, state=TrialState.FAIL)
        while (number := len(_counted(study))) < plan.trials:
            draws = named_seed(seed, "trial", number) % 2**32
            study.sampler = optuna.samplers.TPESampler(seed=draws, constant_liar=False)
            if number == 0 and not study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
                _enqueue(study, plan.space.values_of(config))
            trial = study.ask()
            values = {key: _drawn(trial, key, dimension) for key, dimension in plan.space.dimensions.items()}
            try:
                candidate = plan.space.apply(config, values)
                scores = _score_folds(
                    trial, inner_scores(cohort, folds, candidate, plan.objective, seed), len(folds)
                )
            except (ConfigError, DataError, FitError) as error:
                log.info("%s, trial %d could not be fitted: %s", label, number, error)
                trial.set_user_attr(WHY, str(error))
                study.tell(trial, state=TrialState.FAIL)
            except optuna.TrialPruned:
                study.tell(trial, state=TrialState.PRUNED)
            else:
                study.tell(trial, scores)
        return _read(plan, study, label)


def _score_folds(trial: optuna.Trial, scores: Iterator[tuple[float, ...]], folds: int) -> tuple[float, ...]:
    """Score on all folds; with one metric, a trial may be pruned after each fold but the last."""
    score: tuple[float, ...] = ()
    number = 0
    try:
        for number, score in enumerate(scores, 1):
            if len(score) > 1:
                continue
            trial.report(score[0], number)
            if number < folds and trial.should_prune():
                raise optuna.TrialPruned
    finally:
        trial.set_user_attr(FOLDS, number)
    return score


def _enqueue(study: optuna.Study, values: Mapping[str, Value] | None) -> None:
    if values is not None:
        study.enqueue_trial(dict(values))


def _drawn(trial: optuna.Trial, key: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choices):
        return trial.suggest_categorical(key, dimension.values)
    if dimension.whole:
        return trial.suggest_int(
            key, int(dimension.low), int(dimension.high), step=int(dimension.step or 1), log=dimension.log
        )
    return trial.suggest_float(key, dimension.low, dimension.high, step=dimension.step, log=dimension.log)


def _counted(study: optuna.Study) -> list[FrozenTrial]:
    """Trials that have ended, without those that were killed."""
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    trials = study.get_trials(deepcopy=False, states=ended)
    return [t for t in trials if t.state != TrialState.FAIL or WHY in t.user_attrs]


def _read(plan: StudyPlan, study: optuna.Study, label: str) -> Study:
    trials = _counted(study)
    complete = [number for number, trial in enumerate(trials) if trial.state == TrialState.COMPLETE]
    if not complete:
        why = next(trial.user_attrs[WHY] for trial in trials)
        raise ConfigError(f"{label}: none of {len(trials)} trials could be fitted; error of the first: {why}")
    best = min(complete, key=lambda number: (plan.sort_key(trials[number].values), number))
    front = {trial.number for trial in study.best_trials}
    return Study(
        best,
        dict(trials[best].params),
        dict(zip(plan.objective, trials[best].values, strict=True)),
        [number for number in complete if trials[number].number in front],
        [_row(plan, number, trial) for number, trial in enumerate(trials)],
    )


def _row(plan: StudyPlan, number: int, trial: FrozenTrial) -> Row:
    values = trial.values or [float("nan")] * len(plan.objective)
    state = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    return {
        "trial": number,
        "state": state[trial.state],
        "why": trial.user_attrs.get(WHY),
        "folds": trial.user_attrs.get(FOLDS, 0),
        **dict(zip(plan.objective, values, strict=True)),
        **{key: trial.params[key] for key in plan.space.dimensions},
    }


def _repair_journals(folder: Path) -> None:
    """Remove what a killed process may leave: a lock file, an incomplete last line."""
    for lock in folder.glob("*.journal.lock*"):
        lock.unlink()
    for journal in folder.glob("*.journal"):
        content = journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            write_bytes(journal, whole)


@contextmanager
def _database_errors() -> Iterator[None]:
    """Raise a short error if the database cannot be reached any more; finished trials remain."""
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        raise StratomicsError(
            f"--storage cannot be reached any more ({_first_line(error)}); the same command continues from here"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
