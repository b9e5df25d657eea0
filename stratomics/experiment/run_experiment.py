"""The trip, told on one screen: cohort, folds, fits, predictions, metrics, record, report."""

from __future__ import annotations

import dataclasses
import logging
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datamodules.resampling import Design, design_of
from datamodules.split import Fold
from models.ensemble.training_history import TRAINING_HISTORY, join_histories
from models.prediction import Prediction
from omics.checks.check_cohort import cohort_notes
from omics.cohort.read import cohort_endpoints, cohort_spec, read_cohort
from omics.common.errors import CohortError, ConfigError
from omics.common.files import write_json, write_parquet
from omics.common.manifest import digests_of, write_manifest
from stratomics.config import ExperimentConfig
from stratomics.executor.executor import RunTasks, open_executor
from stratomics.experiment.check_config import check_config, complete_config
from stratomics.experiment.checkpoint import Checkpoint, open_checkpoint, remove_leftovers
from stratomics.experiment.evaluate import evaluate, methods_of
from stratomics.experiment.factor_tables import save_factors
from stratomics.experiment.tasks import FINAL, FitTask, run_task, tasks_of
from stratomics.fitting.selected_endpoints import excluded_endpoints, selected_endpoints
from stratomics.report.text.controls_and_views import control_sentence, controls_fail
from stratomics.runs.run_directory import RunDirectory, input_files, run_digest, run_folder, save_run
from stratomics.runs.run_lock import held
from stratomics.runtime.logs import run_log
from stratomics.runtime.memory import release_memory, unfrozen_afterwards
from stratomics.runtime.register import Registries, register_entries, registered
from stratomics.runtime.versions import package_versions
from stratomics.tracking.tracker import Tracker

if TYPE_CHECKING:
    import pandas as pd
    from mudata import MuData

__all__ = ["CohortReader", "FitProgress", "complete_for_cohort", "prepare_experiment", "run_experiment"]

log = logging.getLogger(__name__)

Progress = Callable[["FitProgress"], None]


@dataclass(frozen=True)
class FitProgress:
    """How far a run has come: ``done`` of ``total`` fits, the last of them being ``what``."""

    what: str
    done: int
    total: int


def run_experiment(
    config: ExperimentConfig,
    runs: Path = Path("runs"),
    *,
    again: bool = False,
    progress: Progress = lambda _: None,
) -> RunDirectory:
    """Run one experiment from files to report.

    Parameters
    ----------
    config
        The experiment.
    runs
        Folder of run directories.
    again
        Repeat a finished run.
    progress
        Called after every fit.

    Returns
    -------
    RunDirectory
        The finished run. One that is stopped goes on from its last finished fold when it is run again.

    Raises
    ------
    BusyError
        If another process works on this very run.
    """
    config, cohort = prepare_experiment(config)
    # What cannot be parted is refused before anything is begun.
    design = design_of(cohort, config.split, config.seed)
    run = RunDirectory(run_folder(runs, config, design))
    remove_leftovers(run.path)
    if run.finished and not again:
        log.warning("this very run is finished; --again repeats it")
        return run
    # So is a scheduler out of reach.
    with held(run.path), unfrozen_afterwards(), open_executor(config.executor, config.workers) as run_tasks:
        tracker = Tracker(config, design, run.path.name)
        with open_checkpoint(run.path) as attempt, run_log(attempt.log), tracker:
            for note in cohort_notes(cohort):
                log.warning(note)
            for sentence in excluded_endpoints(cohort_endpoints(cohort), config.endpoints or ()):
                log.info(sentence)
            _run(config, design, attempt, tracker, run_tasks, progress)
        tracker.finish(run)
    return run


def prepare_experiment(config: ExperimentConfig) -> tuple[ExperimentConfig, MuData]:
    """Read the cohort, and fill in of the configuration what depends on it.

    Raises
    ------
    InputError
        Whatever cannot be right in either.
    """
    check_config(config)
    if config.cohort is None:
        raise ConfigError("no cohort is named; give --cohort COHORT or the key `cohort`")
    cohort = read_cohort(config.cohort)
    config = complete_for_cohort(config, cohort)
    split = dataclasses.replace(config.split, external=_resolved(config.split.external))
    return dataclasses.replace(config, cohort=_resolved(config.cohort), split=split), cohort


def _resolved(source: str | None) -> str | None:
    """Where a cohort is, whatever folder a worker or a later command starts in."""
    if source is None or source.startswith("bundled:"):
        return source
    return str(Path(source).resolve())


def complete_for_cohort(config: ExperimentConfig, cohort: MuData) -> ExperimentConfig:
    """Decide what was left to the cohort: metric, baselines, and endpoints once, so that all folds predict the same."""
    endpoints = cohort_endpoints(cohort)
    config = complete_config(config, endpoints.primary().kind)
    return dataclasses.replace(config, endpoints=selected_endpoints(endpoints, config.endpoints))


def _run(
    config: ExperimentConfig,
    design: Design,
    attempt: Checkpoint,
    tracker: Tracker,
    run_tasks: RunTasks,
    progress: Progress,
) -> None:
    folder, cohort = attempt.new, design.cohort
    provenance = _provenance(config, design)
    write_json(folder / "provenance.json", provenance)
    inputs = digests_of(input_files(str(config.cohort), config.split.external))
    tasks = tasks_of(config, design)
    _fit_what_is_not_done(config, design, tasks, attempt, tracker, run_tasks, progress)
    # All that was fitted is read back, whether it is of this attempt or of one before: there is one way to the bytes.
    found = attempt.together(task for task in tasks if task != FINAL)
    evaluated = evaluate(config, design, found)
    if controls_fail(evaluated):
        log.warning(control_sentence(evaluated))
    release_memory()
    save_run(folder, config, design.evaluated, {name: found[name] for name in methods_of(config)})
    release_memory()
    histories = (
        (_fold(design, task), attempt.training_history(task)) for task in tasks if task.control is None
    )
    write_parquet(folder / TRAINING_HISTORY, join_histories(histories))
    attempt.copy_model(folder / "model")
    members = [(e.harmonizer, e.factor_model) for e in attempt.model().encoders]
    save_factors(folder / "factors", config, cohort, members)
    del members
    release_memory()
    write_json(folder / "metrics.json", evaluated)
    from stratomics.report.model_card import write_model_card
    from stratomics.report.page import write_report

    written = RunDirectory(folder)
    write_model_card(written)
    write_report(written)
    whole = run_digest(config.fingerprint(), provenance["cohort_digest"], provenance["packages"])
    write_manifest(folder, {"run": whole, "inputs": inputs})
    log.info("finished")


def _fit_what_is_not_done(
    config: ExperimentConfig,
    design: Design,
    tasks: list[FitTask],
    attempt: Checkpoint,
    tracker: Tracker,
    run_tasks: RunTasks,
    progress: Progress,
) -> None:
    """Keep predictions of every method and control, and our model fitted on all patients."""
    methods, done = methods_of(config), [task for task in tasks if attempt.has(task)]
    waiting = [task for task in tasks if task not in done]
    if done:
        log.info("%d of %d fits are done, by an attempt that was stopped", len(done), len(tasks))
        progress(FitProgress("done before", len(done), len(tasks)))
        for earlier in (task for task in done if task != FINAL):
            _tell(
                tracker,
                design,
                earlier,
                methods,
                attempt.predictions(earlier),
                attempt.training_history(earlier),
            )
    prepare = CohortReader(config, design.digest)
    results = run_tasks(run_task, waiting, prepare)
    for number, (task, result) in enumerate(results, len(done) + 1):
        if task == FINAL:
            attempt.keep_model(*result)
        else:
            attempt.keep(task, *result)
            _tell(tracker, design, task, methods, *result)
        progress(FitProgress(_label(design, task), number, len(tasks)))


def _tell(
    tracker: Tracker,
    design: Design,
    task: FitTask,
    methods: Sequence[str],
    predictions: Mapping[str, Prediction],
    training_history: pd.DataFrame,
) -> None:
    """Record what was predicted of an outer fold."""
    fold = _fold(design, task)
    if fold is not None:
        log.info("%s: %d patients trained, %d predicted", fold.label, len(fold.train), len(fold.test))
        # What the ledger compares is in the run as a whole only.
        tracker.fold(fold, {name: predictions[name] for name in methods}, training_history)


def _fold(design: Design, task: FitTask) -> Fold | None:
    """Give the outer fold of a task; a control, or the final model, has none."""
    return None if task.fold is None or task.control is not None else design.folds[task.fold]


def _label(design: Design, task: FitTask) -> str:
    if task.fold is None:
        return "the final model, on all patients"
    if task.control is not None:
        return f"control {task.control.replace('_', ' ')}, fold {task.fold + 1}"
    return design.folds[task.fold].label


@dataclass(frozen=True)
class CohortReader:
    """Reads the cohort again in a worker process, which is quicker than sending it there."""

    config: ExperimentConfig
    digest: str
    own: Registries = field(default_factory=registered)

    def __call__(self) -> tuple[ExperimentConfig, Design]:
        """Give configuration and patients, which must be what the run began with."""
        register_entries(self.own)
        cohort = read_cohort(str(self.config.cohort))
        design = design_of(cohort, self.config.split, self.config.seed)
        if design.digest != self.digest:
            raise CohortError(
                "the files changed while the run went on; run again", "changed_files", file=self.config.cohort
            )
        return self.config, design

    def __hash__(self) -> int:
        return hash(self.digest)


def _provenance(config: ExperimentConfig, design: Design) -> dict[str, Any]:
    cohort = design.cohort
    spec, endpoint = cohort_spec(cohort), cohort_endpoints(cohort).primary()
    return {
        "cohort": spec.name,
        "title": spec.title,
        "source": config.cohort,
        "notes": cohort_notes(cohort),
        "cohort_digest": design.digest,
        "endpoint": spec.primary_endpoint,
        "kind": endpoint.kind,
        "unit": endpoint.unit,
        "arm": None if spec.arm is None else dataclasses.asdict(spec.arm),
        "seed": config.seed,
        "design": dataclasses.asdict(config.split),
        "patients": {"trained": cohort.n_obs, "evaluated": design.evaluated.n_obs},
        "evaluated_on": cohort_spec(design.evaluated).name,
        "command": "stratomics run config.yaml",
        "python": platform.python_version(),
        "platform": sys.platform,
        "packages": package_versions(),
    }
