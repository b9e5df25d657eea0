"""The trip, told on one screen: cohort, folds, fits, predictions, metrics, record, report."""

from __future__ import annotations

import dataclasses
import logging
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datamodules.split import Fold, stratified_folds
from models.prediction import Prediction
from omics.check import cohort_notes
from omics.cohort import cohort_digest, cohort_endpoints, cohort_files, cohort_spec, read_cohort
from omics.errors import CohortError, ConfigError
from omics.files import write_json
from omics.manifest import digests_of, write_manifest
from omics.randomness import named_seed
from omics.tables import every, look_up
from stratomics.baselines import BASELINES
from stratomics.config import ExperimentConfig
from stratomics.executor import run_tasks
from stratomics.factor_tables import save_factors
from stratomics.judging import judge
from stratomics.learned import learned_endpoints, left_aside
from stratomics.logs import run_log
from stratomics.pins import pins
from stratomics.run_directory import RunDirectory, run_digest, run_folder, save_run
from stratomics.run_lock import held
from stratomics.tracking import Tracker
from stratomics.unfinished import Unfinished, unfinished

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["CohortReader", "Step", "begun", "filled_in", "run_experiment"]

log = logging.getLogger(__name__)

Progress = Callable[["Step"], None]


@dataclass(frozen=True)
class Step:
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
    config, cohort = begun(config)
    run = RunDirectory(run_folder(runs, config, cohort))
    if run.finished and not again:
        log.warning("this very run is finished; --again repeats it")
        return run
    # What cannot be parted is refused before anything is begun.
    folds = stratified_folds(cohort, config.split.folds, config.split.repeats, config.seed, "outer")
    with held(run.path):
        tracker = Tracker(config, cohort, run.path.name)
        with unfinished(run.path) as attempt, run_log(attempt.log), tracker:
            for note in cohort_notes(cohort):
                log.warning(note)
            for sentence in left_aside(cohort_endpoints(cohort), config.endpoints or ()):
                log.info(sentence)
            _trip(config, cohort, folds, attempt, tracker, progress)
        tracker.finish(run)
    return run


def begun(config: ExperimentConfig) -> tuple[ExperimentConfig, MuData]:
    """Read the cohort, and fill in of the configuration what depends on it.

    Raises
    ------
    InputError
        Whatever cannot be right in either.
    """
    config.check()
    if config.cohort is None:
        raise ConfigError("no cohort is named; give --cohort COHORT or the key `cohort`")
    cohort = read_cohort(config.cohort)
    config = filled_in(config, cohort)
    if not str(config.cohort).startswith("bundled:"):
        config = dataclasses.replace(config, cohort=str(Path(str(config.cohort)).resolve()))
    return config, cohort


def filled_in(config: ExperimentConfig, cohort: MuData) -> ExperimentConfig:
    """Decide what was left to the cohort: metric, baselines, and endpoints once, so that all folds predict the same."""
    endpoints = cohort_endpoints(cohort)
    config = config.for_kind(endpoints.decisive().kind)
    return dataclasses.replace(config, endpoints=learned_endpoints(endpoints, config.endpoints))


def _trip(
    config: ExperimentConfig,
    cohort: MuData,
    folds: list[Fold],
    attempt: Unfinished,
    tracker: Tracker,
    progress: Progress,
) -> None:
    folder = attempt.new
    provenance = _provenance(config, cohort)
    write_json(folder / "provenance.json", provenance)
    inputs = digests_of(cohort_files(str(config.cohort)))
    _fit_what_is_not_done(config, cohort, folds, attempt, tracker, progress)
    # All that was fitted is read back, whether it is of this attempt or of one before: there is one way to the bytes.
    parts = [attempt.predictions(fold) for fold in folds]
    methods = ("stratomics", *(config.baselines or ()))
    predictions = {name: Prediction.concatenate([part[name] for part in parts]) for name in methods}
    save_run(folder, config, cohort, predictions)
    attempt.copy_model(folder / "model")
    members = [(e.harmonizer, e.factor_model) for e in attempt.model().encoders]
    save_factors(folder / "factors", config, cohort, members)
    write_json(folder / "metrics.json", judge(config, cohort, predictions))
    from stratomics.report.page import write_report

    write_report(RunDirectory(folder))
    whole = run_digest(config.fingerprint(), provenance["cohort_digest"], provenance["packages"])
    write_manifest(folder, {"run": whole, "inputs": inputs})
    log.info("finished")


def _fit_what_is_not_done(
    config: ExperimentConfig,
    cohort: MuData,
    folds: list[Fold],
    attempt: Unfinished,
    tracker: Tracker,
    progress: Progress,
) -> None:
    """Keep out-of-fold predictions of every method, and our model fitted on all patients."""
    tasks: list[Fold | None] = [None, *folds]
    kept = [attempt.has(task) for task in tasks]
    done = [task for task, own in zip(tasks, kept, strict=True) if own]
    waiting = [task for task, own in zip(tasks, kept, strict=True) if not own]
    if done:
        log.info("%d of %d fits are done, by an attempt that was stopped", len(done), len(tasks))
        progress(Step("done before", len(done), len(tasks)))
        for earlier in filter(None, done):
            tracker.fold(earlier, attempt.predictions(earlier))
    prepare = CohortReader(config, cohort_digest(cohort))
    results = run_tasks(_fit_part, waiting, prepare, config.workers)
    for number, (fold, result) in enumerate(results, len(done) + 1):
        if fold is None:
            attempt.keep_model(result)
            progress(Step("the final model, on all patients", number, len(tasks)))
            continue
        attempt.keep(fold, result)
        progress(Step(fold.label, number, len(tasks)))
        log.info("%s: %d patients trained, %d predicted", fold.label, len(fold.train), len(fold.test))
        tracker.fold(fold, result)


@dataclass(frozen=True)
class CohortReader:
    """Reads the cohort again in a worker process, which is quicker than sending it there."""

    config: ExperimentConfig
    digest: str

    def __call__(self) -> tuple[ExperimentConfig, MuData]:
        """Give configuration and cohort, which must be what the run began with."""
        cohort = read_cohort(str(self.config.cohort))
        if cohort_digest(cohort) != self.digest:
            raise CohortError(
                "the files changed while the run went on; run again", "changed_files", file=self.config.cohort
            )
        return self.config, cohort

    def __hash__(self) -> int:
        return hash(self.digest)


def _fit_part(config: ExperimentConfig, cohort: MuData, fold: Fold | None) -> Any:
    """Fit every method on the training rows of a fold and predict its test rows; None is the final model."""
    from stratomics.fitting import fit
    from stratomics.logs import quiet_libraries

    quiet_libraries()
    if fold is None:
        return fit(cohort, config, named_seed(config.seed, "final"))
    train, test = cohort[fold.train].copy(), cohort[fold.test].copy()
    seed = named_seed(config.seed, "outer", fold.repeat, fold.number)
    baselines = {name: look_up(every(BASELINES), name, "baseline") for name in config.baselines or ()}
    return {
        name: method(train, config, seed).predict(test).at(fold.repeat, fold.number)
        for name, method in ({"stratomics": fit} | baselines).items()
    }


def _provenance(config: ExperimentConfig, cohort: MuData) -> dict[str, Any]:
    spec, endpoint = cohort_spec(cohort), cohort_endpoints(cohort).decisive()
    return {
        "cohort": spec.name,
        "title": spec.title,
        "source": config.cohort,
        "notes": cohort_notes(cohort),
        "cohort_digest": cohort_digest(cohort),
        "endpoint": spec.deciding,
        "kind": endpoint.kind,
        "unit": endpoint.unit,
        "arm": None if spec.arm is None else dataclasses.asdict(spec.arm),
        "seed": config.seed,
        "design": dataclasses.asdict(config.split),
        "command": "stratomics run config.yaml",
        "python": platform.python_version(),
        "platform": sys.platform,
        "packages": pins(),
    }
