"""Run one experiment: cohort, outer folds, fits, predictions, metrics, MLflow record, report."""

from __future__ import annotations

import dataclasses
import logging
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from datamodules.resampling import Design, design_of
from datamodules.split import Fold
from models.ensemble.training_history import TRAINING_HISTORY, join_histories
from omics.checks.check_cohort import cohort_notes
from omics.cohort.read import cohort_endpoints, cohort_spec, exposure_spec
from omics.common.files import JsonObject, write_json, write_parquet
from omics.common.manifest import digests_of, write_manifest
from stratomics.config import ExperimentConfig
from stratomics.evaluation.control_results import PERMUTED_AGAIN
from stratomics.executor.executor import RunTasks, open_executor
from stratomics.experiment.checkpoint import Checkpoint, open_checkpoint, remove_leftovers
from stratomics.experiment.evaluate import evaluate, methods_of
from stratomics.experiment.evaluate_controls import control_results
from stratomics.experiment.factor_tables import save_factors
from stratomics.experiment.prepare import CohortReader, prepare_experiment
from stratomics.experiment.tasks import FINAL, FitTask, FoldPredictions, run_task, tasks_again, tasks_of
from stratomics.fitting.selected_endpoints import excluded_endpoints
from stratomics.pharmacology.run_exposure import save_exposure
from stratomics.report.text.metrics import control_sentence, controls_fail
from stratomics.runs.run_directory import RunDirectory, input_files, run_digest, run_folder, save_run
from stratomics.runs.run_lock import locked
from stratomics.runtime.logs import run_log
from stratomics.runtime.memory import release_memory, unfrozen_afterwards
from stratomics.runtime.versions import code_digests, package_versions
from stratomics.tracking.tracker import Tracker

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.exposure.refit import KineticRefit
    from stratomics.fitting.fitted import Fitted

__all__ = ["FitProgress", "run_experiment"]

log = logging.getLogger(__name__)

Progress = Callable[["FitProgress"], None]


@dataclass(frozen=True)
class FitProgress:
    """Progress of a run.

    Attributes
    ----------
    what
        The last finished fit, for people.
    done, total
        Number of finished fits, and of all fits.
    """

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
        Repeat a run that is complete.
    progress
        Called after each fit.

    Returns
    -------
    RunDirectory
        The complete run. A stopped run continues from its last finished fold when it is run again.

    Raises
    ------
    BusyError
        If another process works on the same run.
    """
    config, cohort = prepare_experiment(config)
    # Patients that cannot be split are an error before anything is written.
    design = design_of(cohort, config.split, config.seed)
    run = RunDirectory(run_folder(runs, config, design))
    remove_leftovers(run.path)
    if run.finished and not again:
        log.warning("this run is complete; --again repeats it")
        return run
    # So is a scheduler that does not answer.
    with locked(run.path), unfrozen_afterwards(), open_executor(config.executor, config.workers) as run_tasks:
        tracker, tasks = Tracker(config, design, run.path.name), tasks_of(config, design)
        with open_checkpoint(run.path, tasks) as checkpoint, run_log(checkpoint.log), tracker:
            for note in cohort_notes(cohort):
                log.warning(note)
            for sentence in excluded_endpoints(cohort_endpoints(cohort), config.endpoints or ()):
                log.info(sentence)
            provenance = _provenance(config, design)
            write_json(checkpoint.new / "provenance.json", provenance)
            inputs = digests_of(input_files(str(config.cohort), config.split.external))
            fit = partial(_fit_tasks, config, design, checkpoint, tracker, run_tasks, progress)
            fit(tasks)
            further = _controls_again(config, design, checkpoint)
            fit(further)
            _write_results(config, design, checkpoint, [*tasks, *further])
            digest = run_digest(
                config.fingerprint(),
                provenance["cohort_digest"],
                provenance["packages"],
                provenance["code"],
            )
            write_manifest(checkpoint.new, {"run": digest, "code": provenance["code"], "inputs": inputs})
            log.info("finished")
        tracker.finish(run)
    return run


def _fit_tasks(
    config: ExperimentConfig,
    design: Design,
    checkpoint: Checkpoint,
    tracker: Tracker,
    run_tasks: RunTasks,
    progress: Progress,
    tasks: Sequence[FitTask],
) -> None:
    """Fit the tasks that the checkpoint lacks, and record the predictions of each outer fold."""
    done = [task for task in tasks if checkpoint.is_done(task)]
    waiting = [task for task in tasks if task not in done]

    def record(task: FitTask, result: FoldPredictions) -> None:
        fold = _outer_fold(design, task)
        if fold is not None:
            log.info("%s: %d patients trained, %d predicted", fold.label, len(fold.train), len(fold.test))
            # Regressions that measure the contribution of each view are evaluated for the whole run only.
            compared = {name: result.predictions[name] for name in methods_of(config)}
            tracker.fold(fold, compared, result.training_history)

    if done:
        log.info("%d of %d fits are done, by an attempt that was stopped", len(done), len(tasks))
        progress(FitProgress("done before", len(done), len(tasks)))
        for task in done:
            if task != FINAL:
                record(task, FoldPredictions(checkpoint.predictions(task), checkpoint.training_history(task)))
    results = run_tasks(run_task, waiting, CohortReader(config, design.digest))
    for number, (task, result) in enumerate(results, len(done) + 1):
        if isinstance(result, FoldPredictions):
            checkpoint.save_fold(task, result)
            record(task, result)
        else:
            checkpoint.save_final(result)
        progress(FitProgress(_label(design, task), number, len(tasks)))


def _controls_again(config: ExperimentConfig, design: Design, checkpoint: Checkpoint) -> list[FitTask]:
    """List the tasks of further permutations, for each control that is above chance in its first permutation."""
    first = [task for task in tasks_of(config, design) if task.control is not None]
    results = control_results(config, design, checkpoint.concatenated(first))
    above = [name for name, result in results.items() if result["off"]]
    for name in above:
        log.info(
            "the control %s is above chance: %d more permutations", name.replace("_", " "), PERMUTED_AGAIN
        )
    return [task for name in above for task in tasks_again(config, name)]


def _write_results(
    config: ExperimentConfig, design: Design, checkpoint: Checkpoint, tasks: Sequence[FitTask]
) -> None:
    """Write the run directory from the checkpoint.

    All results are read from the checkpoint, also those of this attempt, so that a run that was stopped ends with the
    same bytes.
    """
    folder = checkpoint.new
    predictions = checkpoint.concatenated(task for task in tasks if task != FINAL)
    metrics = evaluate(config, design, predictions).to_json()
    if controls_fail(metrics):
        log.warning(control_sentence(metrics))
    release_memory()
    save_run(folder, config, design.evaluated, {name: predictions[name] for name in methods_of(config)})
    release_memory()
    histories = (
        (_outer_fold(design, task), checkpoint.training_history(task))
        for task in tasks
        if task.control is None
    )
    write_parquet(folder / TRAINING_HISTORY, join_histories(histories))
    checkpoint.copy_model(folder / "model")
    fitted = checkpoint.load_model()
    members = [(encoder.harmonizer, encoder.factor_model) for encoder in fitted.encoders]
    trained = fitted.prepared(design.cohort)
    save_factors(folder / "factors", config, trained, members)
    _save_explanation_data(folder, config, trained, fitted, metrics)
    kinetics = fitted.kinetics
    del fitted, members
    release_memory()
    _save_outer_folds(folder, design, checkpoint, tasks)
    _write_exposure(folder, design, kinetics)
    write_json(folder / "metrics.json", metrics)
    from stratomics.report.model_card import write_model_card
    from stratomics.report.page import write_report

    run = RunDirectory(folder)
    write_model_card(run)
    write_report(run)


def _save_explanation_data(
    folder: Path, config: ExperimentConfig, trained: MuData, fitted: Fitted, metrics: JsonObject
) -> None:
    """Write what ``stratomics explain`` and the served model need of the training patients, with the model."""
    from stratomics.explanation.exact.candidates import has_attribution
    from stratomics.explanation.from_training import describe_training, is_informative, run_loadings

    if not has_attribution(fitted):
        log.warning("a candidate of the model has no attribution, so that predictions cannot be explained")
        return
    informative = is_informative(metrics, fitted.endpoints[0].kind)
    loadings = run_loadings(folder / "factors")
    reference = describe_training(fitted, trained, loadings, informative=informative, seed=config.seed)
    reference.save(folder / "model")


def _save_outer_folds(folder: Path, design: Design, checkpoint: Checkpoint, tasks: Sequence[FitTask]) -> None:
    """Write what the models of the outer folds say; nothing if one of them has a candidate without attribution."""
    from stratomics.explanation.outer_folds import OuterFolds

    outer = [(_outer_fold(design, task), checkpoint.explanation(task)) for task in tasks]
    folds = [(fold, found) for fold, found in outer if fold is not None and found is not None]
    if len(folds) == len(design.folds):
        OuterFolds.of(folds).save(folder)
    release_memory()


def _write_exposure(folder: Path, design: Design, kinetics: KineticRefit | None) -> None:
    """Write the exposure of the evaluated patients, where their cohort has doses and levels."""
    if exposure_spec(design.evaluated) is None:
        return
    from stratomics.experiment.exposure_tables import exposure_tables

    save_exposure(folder, exposure_tables(design.evaluated, kinetics, design.cohort))


def _outer_fold(design: Design, task: FitTask) -> Fold | None:
    """Find the outer fold of a task; None for a control and for the final model."""
    return None if task.fold is None or task.control is not None else design.folds[task.fold]


def _label(design: Design, task: FitTask) -> str:
    if task.fold is None:
        return "the final model, on all patients"
    if task.control is not None:
        permutation = f", permutation {task.again + 1}" if task.again else ""
        return f"control {task.control.replace('_', ' ')}{permutation}, fold {task.fold + 1}"
    return design.folds[task.fold].label


def _provenance(config: ExperimentConfig, design: Design) -> JsonObject:
    """Content of ``provenance.json``."""
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
        "code": code_digests(),
    }
