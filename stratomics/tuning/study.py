"""One study: a configuration is tried again and again on the same patients. The only file that imports optuna."""

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
from stratomics.tuning.search_space import Choices, Dimension, SearchSpace

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Study", "StudyPlan", "StudyStore", "run_study"]

log = logging.getLogger(__name__)

WHY = "why"
"""Attribute of a trial that could not be fitted: its sentence. Who failed without was killed, and does not count."""

FOLDS = "folds"
"""Attribute: how many inner folds were fitted."""


@dataclass(frozen=True)
class StudyPlan:
    """What all studies of a tuning share: the space, the metrics in their order of weight, how many trials."""

    space: SearchSpace
    objective: tuple[str, ...]
    trials: int

    def better_first(self, values: Sequence[float]) -> tuple[float, ...]:
        """Values of the objective as a key to sort by."""
        signs = (-1.0 if find_metric(name).higher_is_better else 1.0 for name in self.objective)
        return tuple(sign * value for sign, value in zip(signs, values, strict=True))


@dataclass(frozen=True)
class Study:
    """A study that is done.

    Attributes
    ----------
    best
        Number of the trial with the best value of the first metric.
    values
        Key -> what it has in that trial.
    selection
        Metric -> its value there: a selection score, optimistic, since the best of many was taken.
    front
        Numbers of the trials than which none is better in every metric.
    rows
        One a trial: trial, state (complete, pruned, failed), why, folds, the metrics, the keys. What was pruned has
        the metric of the folds that were fitted.
    """

    best: int
    values: dict[str, Any]
    selection: dict[str, float]
    front: list[int]
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class StudyStore:
    """Where studies are kept: a journal each in `folder`, or a database.

    Parameters
    ----------
    folder
        Of the journals.
    url
        SQLite or PostgreSQL as SQLAlchemy writes them, in place of journals.
    name
        Begins the names of the studies, which may share a database with others.
    """

    folder: Path
    url: str | None
    name: str

    def check(self) -> None:
        """Refuse a database that cannot be reached, before anything is begun.

        Raises
        ------
        ConfigError
            With what the database says.
        """
        if self.url is None:
            return
        try:
            self._storage("")
        except Exception as error:  # noqa: BLE001  # each driver has errors of its own
            raise ConfigError(
                f"--storage: {_first_line(error.__cause__ or error)}; give a URL such as sqlite:///trials.db"
            ) from None

    def create(self, plan: StudyPlan, labels: Sequence[str]) -> None:
        """Create the studies that are not there yet, before any worker begins; the run has to be held."""
        if self.url is None:
            self.folder.mkdir(exist_ok=True)
            _settle(self.folder)
        better = {True: "maximize", False: "minimize"}
        directions = [better[bool(find_metric(name).higher_is_better)] for name in plan.objective]
        for label in labels:
            with _reached():
                optuna.create_study(
                    storage=self._storage(label),
                    study_name=self._name(label),
                    directions=directions,  # type: ignore[arg-type]  # the two words that it takes
                    load_if_exists=True,
                )

    def forget(self, labels: Sequence[str]) -> None:
        """Remove the studies from a database."""
        known = optuna.get_all_study_names(self._storage("")) if self.url is not None else []
        for name in {self._name(label) for label in labels} & set(known):
            optuna.delete_study(study_name=name, storage=self._storage(""))

    def open(self, label: str) -> optuna.Study:
        """Open a study that was created."""
        # Stopped is what is worse than the median of those before it, once five have come to their end.
        pruner = optuna.pruners.MedianPruner(n_startup_trials=5)
        return optuna.load_study(storage=self._storage(label), study_name=self._name(label), pruner=pruner)

    def is_done(self, plan: StudyPlan, label: str) -> bool:
        """Whether a study has all of its trials."""
        with _reached():
            return len(_counted(self.open(label))) >= plan.trials

    def study(self, plan: StudyPlan, label: str) -> Study:
        """Read a study that is done.

        Raises
        ------
        ConfigError
            If no trial could be fitted, with the sentence of the first.
        """
        with _reached():
            return _read(plan, self.open(label), label)

    def _name(self, label: str) -> str:
        return f"{self.name}: {label}"

    def _storage(self, label: str) -> BaseStorage:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        if self.url is not None:
            # Workers of several studies write by turns.
            patience = {"timeout": 100} if self.url.startswith("sqlite") else {}
            # Of a URL that names no driver, SQLAlchemy 2.1 thinks another one than the extra `cluster` brings.
            url = database_url(self.url)
            return RDBStorage(url, engine_kwargs={"connect_args": patience})
        path = self.folder / f"{label.replace(', ', '-').replace(' ', '')}.journal"
        return JournalStorage(JournalFileBackend(str(path)))


def run_study(
    plan: StudyPlan, store: StudyStore, label: str, cohort: MuData, config: ExperimentConfig, seed: int
) -> Study:
    """Run the trials that a study still lacks, one after the other, and read it.

    A trial depends on the seed, its number and the trials before it, so that a study that was stopped goes on to what
    it would have been. The first tries `config` as it is, where the space holds it.

    Parameters
    ----------
    plan, shelf, label
        What is tried, where it is kept, which study.
    cohort
        The patients it is tried on; nobody else is looked at.
    config
        Whatever the space leaves alone.
    seed
        Of folds, fits and draws.
    """
    folds = stratified_folds(cohort, config.split.inner_folds, 1, seed, "tuning")
    with _reached():
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
                candidate = plan.space.configured(config, values)
                scores = _tried(
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


def _tried(trial: optuna.Trial, scores: Iterator[tuple[float, ...]], folds: int) -> tuple[float, ...]:
    """Give the last scores; after each fold but that the trial may be pruned, if there is one metric to judge it by."""
    found: tuple[float, ...] = ()
    number = 0
    try:
        for number, found in enumerate(scores, 1):
            if len(found) > 1:
                continue
            trial.report(found[0], number)
            if number < folds and trial.should_prune():
                raise optuna.TrialPruned
    finally:
        trial.set_user_attr(FOLDS, number)
    return found


def _enqueue(study: optuna.Study, values: Mapping[str, Any] | None) -> None:
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
    """Trials that came to an end; one that was killed did not."""
    ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
    trials = study.get_trials(deepcopy=False, states=ended)
    return [t for t in trials if t.state != TrialState.FAIL or WHY in t.user_attrs]


def _read(plan: StudyPlan, study: optuna.Study, label: str) -> Study:
    trials = _counted(study)
    complete = [number for number, trial in enumerate(trials) if trial.state == TrialState.COMPLETE]
    if not complete:
        why = next(trial.user_attrs[WHY] for trial in trials)
        raise ConfigError(f"{label}: none of {len(trials)} trials could be fitted; the first says: {why}")
    best = min(complete, key=lambda number: (plan.better_first(trials[number].values), number))
    front = {trial.number for trial in study.best_trials}
    return Study(
        best,
        dict(trials[best].params),
        dict(zip(plan.objective, trials[best].values, strict=True)),
        [number for number in complete if trials[number].number in front],
        [_row(plan, number, trial) for number, trial in enumerate(trials)],
    )


def _row(plan: StudyPlan, number: int, trial: FrozenTrial) -> dict[str, Any]:
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


def _settle(folder: Path) -> None:
    """Undo what a killed process left of its journals: a lock, half a line."""
    for lock in folder.glob("*.journal.lock*"):
        lock.unlink()
    for journal in folder.glob("*.journal"):
        content = journal.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            write_bytes(journal, whole)


@contextmanager
def _reached() -> Iterator[None]:
    """Say in one sentence that the database went away; what is done stays."""
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        raise StratomicsError(
            f"--storage went out of reach ({_first_line(error)}); the same command goes on from here"
        ) from None


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
