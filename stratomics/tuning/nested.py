"""Nested tuning: the best trial of a study in each outer training part predicts the outer test rows."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pandas as pd

from datamodules.resampling import Design, design_of
from datamodules.split import Fold
from models.ensemble.training_history import NO_HISTORY
from models.prediction import MEASURED_SHARE, Prediction
from omics.checks.check_cohort import cohort_notes
from omics.cohort.read import cohort_endpoints
from omics.common.files import SCHEMA_VERSION, JsonObject, read_json, write_json, write_parquet, write_text
from omics.common.seeds import named_seed
from stratomics.config import WIDE_DEEP, ExperimentConfig
from stratomics.executor.executor import RunTasks, open_executor
from stratomics.experiment.check_config import check_primary_metric
from stratomics.experiment.checkpoint import Checkpoint, checkpoint_folder, open_checkpoint, remove_leftovers
from stratomics.experiment.evaluate import evaluate
from stratomics.experiment.prepare import CohortReader, complete_for_cohort, prepare_experiment
from stratomics.experiment.run_experiment import FitProgress
from stratomics.experiment.tasks import FINAL, FitTask, FoldPredictions
from stratomics.runs.run_directory import run_digest, run_name, save_run
from stratomics.runs.run_lock import locked
from stratomics.runtime.logs import run_log
from stratomics.runtime.versions import code_digests, package_versions
from stratomics.tuning.search_space import ChoicesEntry, RangeEntry, SearchSpace
from stratomics.tuning.study import Study, StudyPlan, StudyStore, run_study

__all__ = ["OPTIMISTIC", "TunedDirectory", "tune_experiment"]

log = logging.getLogger(__name__)

OPTIMISTIC = "selection score, optimistic"
"""Label of the best value of a study, which is optimistic since it is the best of many."""

ALL = "all patients"


@dataclass(frozen=True)
class TunedDirectory:
    """The files of a tuning.

    Attributes
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def finished(self) -> bool:
        """Whether the tuning is complete."""
        return (self.path / "tune.json").is_file()

    @property
    def tuned(self) -> JsonObject:
        """Content of ``tune.json``: the recommended values, and the best values of each study."""
        return read_json(self.path / "tune.json")

    @property
    def metrics(self) -> JsonObject:
        """Content of ``metrics.json``: metrics on the outer test rows."""
        return read_json(self.path / "metrics.json")


@dataclass(frozen=True)
class _StudyTask:
    """One study: on the training rows of an outer fold, or on all patients."""

    task: FitTask
    fold: Fold | None
    plan: StudyPlan
    store: StudyStore

    @property
    def label(self) -> str:
        return ALL if self.fold is None else self.fold.label


class _Settings(TypedDict):
    """Settings of a tuning, as ``tune.json`` has them."""

    search: dict[str, ChoicesEntry | RangeEntry]
    objective: list[str]
    trials: int


def tune_experiment(
    config: ExperimentConfig,
    space: SearchSpace,
    trials: int,
    runs: Path = Path("runs"),
    *,
    objective: Sequence[str] = (),
    storage: str | None = None,
    again: bool = False,
    progress: Callable[[FitProgress], None] = lambda _: None,
) -> TunedDirectory:
    """Tune a configuration by nested cross-validation.

    The metrics on the outer test rows estimate the performance of the whole procedure, search included.

    Parameters
    ----------
    config
        The experiment.
    space
        The keys to tune, with the values to try.
    trials
        Number of trials of each study; there is one study per outer fold and repeat, and one on all patients.
    runs
        Folder of run directories; the result is ``NAME-tune-HASH`` there.
    objective
        Metrics of the primary endpoint; the first selects the best trial. ``evaluation.metric`` if empty.
    storage
        URL of an SQLite or PostgreSQL database for the studies; by default journals in the checkpoint.
    again
        Repeat a tuning that is complete.
    progress
        Called after each study.

    Returns
    -------
    TunedDirectory
        The complete tuning. A stopped tuning continues from its last trial when it is run again.

    Raises
    ------
    InputError
        If the input has an error, or if no trial of a study could be fitted.
    """
    config, cohort = prepare_experiment(config)
    for name in objective:
        check_primary_metric(name, cohort_endpoints(cohort).primary().kind, "--objective")
    plan = StudyPlan(space, tuple(dict.fromkeys(objective)) or (str(config.evaluation.metric),), trials)
    settings: _Settings = {
        "search": space.as_dict(),
        "objective": list(plan.objective),
        "trials": trials,
    }
    design = design_of(cohort, config.split, config.seed)
    digest = run_digest(
        config.fingerprint() | {"tune": settings}, design.digest, package_versions(), code_digests()
    )
    result = TunedDirectory(runs / f"{run_name(config, cohort)}-tune-{digest[:10]}")
    remove_leftovers(result.path)
    if result.finished and not again:
        log.warning("this tuning is complete; --again repeats it")
        return result
    part = checkpoint_folder(result.path)
    store = StudyStore(part / "studies", storage, result.path.name)
    store.check()
    tasks = [_StudyTask(FINAL, None, plan, store)]
    tasks += [_StudyTask(FitTask(number), fold, plan, store) for number, fold in enumerate(design.folds)]
    with locked(result.path), open_executor(config.executor, config.workers) as run_tasks:
        labels = [task.label for task in tasks]
        if result.finished and not part.exists():
            store.delete(labels)
        predicted = [task.task for task in tasks if task.fold is not None]
        with open_checkpoint(result.path, predicted) as checkpoint, run_log(checkpoint.log):
            for note in cohort_notes(cohort):
                log.warning(note)
            store.create(plan, labels)
            _run_studies(config, design, tasks, checkpoint, run_tasks, progress)
            _write_results(checkpoint, config, design, tasks, settings)
    return result


def _run_studies(
    config: ExperimentConfig,
    design: Design,
    tasks: Sequence[_StudyTask],
    checkpoint: Checkpoint,
    run_tasks: RunTasks,
    progress: Callable[[FitProgress], None],
) -> None:
    """Complete all studies, and save the predictions of the outer test rows by their best trials."""
    waiting = [task for task in tasks if not _is_done(task, checkpoint)]
    done = len(tasks) - len(waiting)
    if done:
        log.info("%d of %d studies are done, by an attempt that was stopped", done, len(tasks))
    results = run_tasks(_run_task, waiting, CohortReader(config, design.digest))
    for number, (task, predictions) in enumerate(results, done + 1):
        if task.fold is not None:
            checkpoint.save_fold(task.task, FoldPredictions(predictions, NO_HISTORY))
        progress(FitProgress(f"tuned on {task.label}", number, len(tasks)))
        log.info("%s: tuned", task.label)


def _is_done(task: _StudyTask, checkpoint: Checkpoint) -> bool:
    predicted = task.fold is None or checkpoint.is_done(task.task)
    return predicted and task.store.is_complete(task.plan, task.label)


def _run_task(config: ExperimentConfig, design: Design, study_task: _StudyTask) -> dict[str, Prediction]:
    """Run one study on its training rows; predict the outer test rows by its best trial, and by `config`."""
    from stratomics.fitting.fit import fit
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    fold, plan, store, label = study_task.fold, study_task.plan, study_task.store, study_task.label
    if fold is None:
        run_study(plan, store, label, design.cohort, config, named_seed(config.seed, "final"))
        return {}
    train, test = design.cohort[fold.train].copy(), design.evaluated[fold.test].copy()
    seed = named_seed(config.seed, "outer", fold.repeat, fold.number)
    study = run_study(plan, store, label, train, config, seed)
    tuned = plan.space.apply(config, study.values)
    return {
        name: _as_in_a_run(fit(train, candidate, seed).predict(test)).at(fold.repeat, fold.number)
        for name, candidate in {"stratomics": tuned, "untuned": config}.items()
    }


def _as_in_a_run(prediction: Prediction) -> Prediction:
    """Leave out the columns that only predictions of new patients have."""
    columns = [name for name in prediction.patients if not str(name).startswith(MEASURED_SHARE)]
    return Prediction(prediction.patients[columns], prediction.long)


def _write_results(
    checkpoint: Checkpoint,
    config: ExperimentConfig,
    design: Design,
    tasks: Sequence[_StudyTask],
    settings: _Settings,
) -> None:
    """Write the result from the checkpoint and the studies, so that a stopped tuning ends with the same bytes."""
    folder, space, cohort = checkpoint.new, tasks[0].plan.space, design.cohort
    methods = checkpoint.concatenated(task.task for task in tasks if task.fold is not None)
    save_run(folder, config, design.evaluated, methods)
    # The only other method is the untuned configuration.
    compared = dataclasses.replace(config, model=WIDE_DEEP, baselines=["untuned"], controls=[])
    metrics = evaluate(compared, design, methods).to_json()
    write_json(folder / "metrics.json", metrics)
    studies = {task.label: task.store.read(task.plan, task.label) for task in tasks}
    rows = [{"study": label, **row} for label, study in studies.items() for row in study.rows]
    write_parquet(folder / "trials.parquet", pd.DataFrame(rows))
    endpoint, metric = metrics["endpoint"], metrics["metric"]
    content = {
        **settings,
        "endpoint": endpoint,
        "kind": cohort_endpoints(cohort).primary().kind,
        "metric": metric,
        "nested_score": {
            "what": "metric on the outer test rows, which no study used: performance of search and fit together",
            **metrics[endpoint][metric],
            "minus_untuned": metrics["differences"]["untuned"][endpoint][metric],
        },
        "recommended": _best_of(studies[ALL]),
        "outer": {label: _best_of(study) for label, study in studies.items() if label != ALL},
        "cohort_digest": design.digest,
        "packages": package_versions(),
        "code": code_digests(),
        "command": f"stratomics tune config.yaml --search search.yaml --trials {settings['trials']} "
        f"--objective {','.join(settings['objective'])}",
    }
    write_json(folder / "tune.json", content)
    _write_yaml(folder / "search.yaml", settings["search"])
    best = space.apply(config, studies[ALL].values)
    # Keys that the cohort determines are left out, and so is the number of workers.
    defaults = dataclasses.replace(complete_for_cohort(ExperimentConfig(), cohort), workers=config.workers)
    _write_yaml(folder / "best.yaml", _differences(best.as_dict(), defaults.as_dict()))
    log.info("finished")


def _best_of(study: Study) -> dict[str, object]:
    """Describe the best trial in JSON, with the Pareto front if there are several metrics."""
    front = {"front": study.front} if len(study.selection) > 1 else {}
    return {"values": study.values, "trial": study.best, OPTIMISTIC: study.selection, **front}


def _differences(ours: Mapping[str, object], defaults: Mapping[str, object]) -> dict[str, object]:
    """Keys with values other than the defaults, nested as in the configuration."""
    changed: dict[str, object] = {}
    for key, value in ours.items():
        default = defaults.get(key)
        if isinstance(value, Mapping) and isinstance(default, Mapping):
            if inner := _differences(value, default):
                changed[key] = inner
        elif value != default:
            changed[key] = value
    return changed


def _write_yaml(path: Path, content: Mapping[str, object]) -> None:
    import yaml

    write_text(path, f"# schema_version: {SCHEMA_VERSION}\n{yaml.safe_dump(dict(content), sort_keys=False)}")
