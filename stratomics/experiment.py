"""The trip, told on one screen: cohort, folds, fits, predictions, metrics, record, report."""

from __future__ import annotations

import dataclasses
import logging
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datamodules.split import Fold, stratified_folds
from models.prediction import Prediction
from omics.check import cohort_notes
from omics.cohort import cohort_digest, cohort_endpoints, cohort_spec, read_cohort
from omics.errors import CohortError, ConfigError
from omics.files import set_aside, write_json
from omics.randomness import named_seed
from omics.tables import every, look_up
from stratomics.baselines import BASELINES
from stratomics.config import ExperimentConfig
from stratomics.executor import run_tasks
from stratomics.factor_tables import save_factors
from stratomics.judging import judge
from stratomics.logs import run_log
from stratomics.run_directory import RunDirectory, run_folder, save_run
from stratomics.tracking import Tracker

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Step", "run_experiment"]

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
        The finished run; nothing is left behind by one that fails.
    """
    config.check()
    if config.cohort is None:
        raise ConfigError("no cohort is named; give --cohort COHORT or the key `cohort`")
    cohort = read_cohort(config.cohort)
    config = config.for_kind(cohort_endpoints(cohort).decisive().kind)
    if not str(config.cohort).startswith("bundled:"):
        config = dataclasses.replace(config, cohort=str(Path(str(config.cohort)).resolve()))
    run = RunDirectory(run_folder(runs, config, cohort))
    if run.finished and not again:
        log.warning("this very run is finished; --again repeats it")
        return run
    with set_aside(run.path) as folder, run_log(folder / "run.log"):
        for note in cohort_notes(cohort):
            log.warning(note)
        _trip(config, cohort, folder, progress)
    return run


def _trip(config: ExperimentConfig, cohort: MuData, folder: Path, progress: Progress) -> None:
    folds = stratified_folds(cohort, config.split.folds, config.split.repeats, config.seed, "outer")
    write_json(folder / "provenance.json", _provenance(config, cohort))
    with Tracker(config, cohort) as tracker:
        predictions, model = _fit_everything(config, cohort, folds, tracker, progress)
        save_run(folder, config, cohort, predictions)
        model.save(folder / "model")
        save_factors(
            folder / "factors", config, cohort, [(e.harmonizer, e.factor_model) for e in model.encoders]
        )
        write_json(folder / "metrics.json", judge(config, cohort, predictions))
        from stratomics.report.page import write_report

        write_report(RunDirectory(folder))
        tracker.finish(RunDirectory(folder))
    log.info("finished")


def _fit_everything(
    config: ExperimentConfig, cohort: MuData, folds: list[Fold], tracker: Tracker, progress: Progress
) -> tuple[dict[str, Prediction], Any]:
    """Out-of-fold predictions of every method, and our model fitted on all patients."""
    parts: dict[str, list[Prediction]] = {name: [] for name in ("stratomics", *(config.baselines or ()))}
    model = None
    tasks: list[Fold | None] = [None, *folds]
    prepare = CohortReader(config, cohort_digest(cohort))
    for done, (fold, result) in enumerate(run_tasks(_fit_part, tasks, prepare, config.workers), 1):
        if fold is None:
            model = result
            progress(Step("the final model, on all patients", done, len(tasks)))
            continue
        for name, prediction in result.items():
            parts[name].append(prediction)
        progress(Step(fold.label, done, len(tasks)))
        log.info("%s: %d patients trained, %d predicted", fold.label, len(fold.train), len(fold.test))
        tracker.fold(fold, result)
    return {name: Prediction.concatenate(folds) for name, folds in parts.items()}, model


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
    packages = (
        "stratomics",
        "numpy",
        "pandas",
        "torch",
        "pytorch-lightning",
        "mofapy2",
        "mlflow",
        "anndata",
        "mudata",
    )
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
        "packages": {name: version(name) for name in packages},
    }
