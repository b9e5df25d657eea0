"""Tuning told on one screen: a study in each outer training part, its best scored outside; a last study recommends."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from datamodules.resampling import Design, design_of
from datamodules.split import Fold
from models.ensemble.training_history import NO_HISTORY
from models.prediction import Prediction
from omics.checks.check_cohort import cohort_notes
from omics.cohort.read import cohort_endpoints
from omics.common.files import SCHEMA_VERSION, read_json, write_json, write_parquet, write_text
from omics.common.seeds import named_seed
from stratomics.config import ExperimentConfig
from stratomics.executor.executor import RunTasks, open_executor
from stratomics.experiment.check_config import check_decides
from stratomics.experiment.checkpoint import Checkpoint, checkpoint_folder, open_checkpoint, remove_leftovers
from stratomics.experiment.evaluate import evaluate
from stratomics.experiment.run_experiment import (
    CohortReader,
    FitProgress,
    complete_for_cohort,
    prepare_experiment,
)
from stratomics.experiment.tasks import FINAL, FitTask
from stratomics.runs.run_directory import plain_name, run_digest, save_run
from stratomics.runs.run_lock import held
from stratomics.runtime.logs import run_log
from stratomics.runtime.versions import package_versions
from stratomics.tuning.search_space import SearchSpace
from stratomics.tuning.study import Study, StudyPlan, StudyStore, run_study

__all__ = ["OPTIMISTIC", "TunedDirectory", "tune_experiment"]

log = logging.getLogger(__name__)

OPTIMISTIC = "selection score, optimistic"
"""What the best value of a study is: it was chosen for being the best."""

ALL = "all patients"


@dataclass(frozen=True)
class TunedDirectory:
    """What a finished tuning left behind."""

    path: Path

    @property
    def finished(self) -> bool:
        """Whether it came to its end; the folder is renamed whole."""
        return (self.path / "tune.json").is_file()

    @property
    def tuned(self) -> dict[str, Any]:
        """Content of ``tune.json``: what is recommended, and every study's best."""
        return read_json(self.path / "tune.json")

    @property
    def metrics(self) -> dict[str, Any]:
        """Content of ``metrics.json``: the honest score, of outer test rows."""
        return read_json(self.path / "metrics.json")


@dataclass(frozen=True)
class _Part:
    """One study: the training rows of an outer fold, or everybody."""

    task: FitTask
    fold: Fold | None
    plan: StudyPlan
    store: StudyStore

    @property
    def label(self) -> str:
        return ALL if self.fold is None else self.fold.label


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
    """Tune a configuration, and say honestly what tuning is worth.

    Parameters
    ----------
    config
        The experiment.
    space
        Which of its keys are tried, with which values.
    trials
        In each study; there is one for each outer fold of each repeat, and one on all patients.
    runs
        Folder of run directories; the result is ``NAME-tune-HASH`` there.
    objective
        Metrics of the deciding endpoint; where there are several, the first decides. ``evaluation.metric`` if none.
    storage
        URL of an SQLite or PostgreSQL database for the studies; journals beside the result if left out.
    again
        Repeat what is finished.
    progress
        Called after every study.

    Raises
    ------
    InputError
        Whatever cannot be right; also if no trial of a study could be fitted.
    """
    config, cohort = prepare_experiment(config)
    for name in objective:
        check_decides(name, cohort_endpoints(cohort).primary().kind, "--objective")
    plan = StudyPlan(space, tuple(dict.fromkeys(objective)) or (str(config.evaluation.metric),), trials)
    settings = {
        "search": space.as_dict(),
        "objective": list(plan.objective),
        "trials": trials,
    }
    design = design_of(cohort, config.split, config.seed)
    digest = run_digest(config.fingerprint() | {"tune": settings}, design.digest, package_versions())
    result = TunedDirectory(runs / f"{plain_name(config, cohort)}-tune-{digest[:10]}")
    remove_leftovers(result.path)
    if result.finished and not again:
        log.warning("this very tuning is finished; --again repeats it")
        return result
    part = checkpoint_folder(result.path)
    store = StudyStore(part / "studies", storage, result.path.name)
    store.check()
    parts = [_Part(FINAL, None, plan, store)]
    parts += [_Part(FitTask(number), fold, plan, store) for number, fold in enumerate(design.folds)]
    with held(result.path), open_executor(config.executor, config.workers) as run_tasks:
        labels = [own.label for own in parts]
        if result.finished and not part.exists():
            store.forget(labels)
        with open_checkpoint(result.path) as attempt, run_log(attempt.log):
            for note in cohort_notes(cohort):
                log.warning(note)
            store.create(plan, labels)
            _tune_what_is_not_done(config, design, parts, attempt, run_tasks, progress)
            _write(attempt, config, design, parts, settings)
    return result


def _tune_what_is_not_done(
    config: ExperimentConfig,
    design: Design,
    parts: Sequence[_Part],
    attempt: Checkpoint,
    run_tasks: RunTasks,
    progress: Callable[[FitProgress], None],
) -> None:
    """Run every study to its end, and keep what its best predicts of the outer test rows."""
    kept = [own.fold is None or attempt.has(own.task) for own in parts]
    done = [k and own.store.is_done(own.plan, own.label) for k, own in zip(kept, parts, strict=True)]
    waiting = [own for own, d in zip(parts, done, strict=True) if not d]
    if any(done):
        log.info("%d of %d studies are done, by an attempt that was stopped", sum(done), len(parts))
    prepare = CohortReader(config, design.digest)
    results = run_tasks(_tune_part, waiting, prepare)
    for number, (own, predictions) in enumerate(results, sum(done) + 1):
        if own.fold is not None:
            attempt.keep(own.task, predictions, NO_HISTORY)
        progress(FitProgress(f"tuned on {own.label}", number, len(parts)))
        log.info("%s: tuned", own.label)


def _tune_part(config: ExperimentConfig, design: Design, part: _Part) -> dict[str, Prediction]:
    """Run one study on its training rows alone; the best of it, and `config` itself, predict the outer test rows."""
    from stratomics.fitting.fit import fit
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    fold = part.fold
    if fold is None:
        run_study(part.plan, part.store, part.label, design.cohort, config, named_seed(config.seed, "final"))
        return {}
    train, test = design.cohort[fold.train].copy(), design.evaluated[fold.test].copy()
    seed = named_seed(config.seed, "outer", fold.repeat, fold.number)
    study = run_study(part.plan, part.store, part.label, train, config, seed)
    tuned = part.plan.space.configured(config, study.values)
    return {
        name: fit(train, own, seed).predict(test).at(fold.repeat, fold.number)
        for name, own in {"stratomics": tuned, "untuned": config}.items()
    }


def _write(
    attempt: Checkpoint,
    config: ExperimentConfig,
    design: Design,
    parts: Sequence[_Part],
    settings: Mapping[str, Any],
) -> None:
    """Write the result, all of it from what is kept: there is one way to the bytes."""
    folder, space, cohort = attempt.new, parts[0].plan.space, design.cohort
    methods = attempt.together(own.task for own in parts if own.fold is not None)
    save_run(folder, config, design.evaluated, methods)
    alone = dataclasses.replace(config, baselines=["untuned"], stack=False, controls=[])
    metrics = evaluate(alone, design, methods)
    write_json(folder / "metrics.json", metrics)
    studies = {own.label: own.store.study(own.plan, own.label) for own in parts}
    rows = [{"study": label, **row} for label, study in studies.items() for row in study.rows]
    write_parquet(folder / "trials.parquet", pd.DataFrame(rows))
    endpoint, metric = metrics["endpoint"], metrics["metric"]
    content = {
        **settings,
        "endpoint": endpoint,
        "kind": cohort_endpoints(cohort).primary().kind,
        "metric": metric,
        "honest": {
            "what": "outer test rows, which no study saw: what tuning by this search and fitting then is worth",
            **metrics[endpoint][metric],
            "minus_untuned": metrics["differences"]["untuned"][endpoint][metric],
        },
        "recommended": _told(studies[ALL]),
        "outer": {label: _told(study) for label, study in studies.items() if label != ALL},
        "cohort_digest": design.digest,
        "packages": package_versions(),
        "command": f"stratomics tune config.yaml --search search.yaml --trials {settings['trials']} "
        f"--objective {','.join(settings['objective'])}",
    }
    write_json(folder / "tune.json", content)
    _write_yaml(folder / "search.yaml", settings["search"])
    best = space.configured(config, studies[ALL].values)
    # What the cohort decides, where it is left to it, need not be said, nor how many work at it.
    left_alone = dataclasses.replace(complete_for_cohort(ExperimentConfig(), cohort), workers=config.workers)
    _write_yaml(folder / "best.yaml", _differences(best.as_dict(), left_alone.as_dict()))
    log.info("finished")


def _told(study: Study) -> dict[str, Any]:
    """Tell the best of a study, and the trials that others of several metrics would choose."""
    front = {"front": study.front} if len(study.selection) > 1 else {}
    return {"values": study.values, "trial": study.best, OPTIMISTIC: study.selection, **front}


def _differences(ours: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Keys that are not as they come, nested as they were."""
    found = {}
    for key, value in ours.items():
        default = defaults.get(key)
        if isinstance(value, Mapping) and isinstance(default, Mapping):
            if inner := _differences(value, default):
                found[key] = inner
        elif value != default:
            found[key] = value
    return found


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    import yaml

    write_text(path, f"# schema_version: {SCHEMA_VERSION}\n{yaml.safe_dump(dict(content), sort_keys=False)}")
