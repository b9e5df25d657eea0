"""The fitting tasks of a run: all methods on an outer fold, a control, and the final model on all patients."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from datamodules.resampling import Design
from datamodules.split import Fold, stratified_folds
from models.ensemble.training_history import NO_HISTORY
from omics.cohort.read import cohort_spec
from omics.common.registry import all_entries, resolve
from omics.common.seeds import named_seed
from stratomics.baselines import BASELINES
from stratomics.config import ExperimentConfig
from stratomics.controls import CONTROLS
from stratomics.evaluation.comparison import OURS
from stratomics.runtime.memory import freeze_loaded_objects, release_memory

if TYPE_CHECKING:
    import pandas as pd
    from mudata import MuData

    from models.prediction import Prediction
    from stratomics.baselines.trees import BoostedTrees
    from stratomics.controls.permuted_cohorts import Control
    from stratomics.fitting.fitted import Fitted
    from stratomics.fitting.training_part import NewPatients

__all__ = [
    "FINAL",
    "FinalModels",
    "FitTask",
    "FoldPredictions",
    "control_cohort",
    "predict_fold",
    "predict_methods",
    "run_task",
    "tasks_of",
]


@dataclass(frozen=True)
class FitTask:
    """One task: an outer fold, a fold of a control, or the final model.

    Attributes
    ----------
    fold
        Number of the fold; None for the final model.
    control
        Name of the control; None for an outer fold and for the final model.
    """

    fold: int | None = None
    control: str | None = None

    @property
    def key(self) -> str:
        """Name of the folder in the checkpoint."""
        return "final" if self.fold is None else f"{self.control or 'fold'}-{self.fold}"


FINAL = FitTask()


class FoldPredictions(NamedTuple):
    """Result of an outer fold or of a fold of a control.

    Attributes
    ----------
    predictions
        Method -> its predictions of the test patients.
    training_history
        Losses of the members of stratomics by epoch.
    """

    predictions: dict[str, Prediction]
    training_history: pd.DataFrame


class FinalModels(NamedTuple):
    """Result of FINAL: models fitted on all patients.

    Attributes
    ----------
    model
        The ensemble of stratomics.
    trees
        Boosted trees, if they are among the baselines; else empty.
    """

    model: Fitted
    trees: list[BoostedTrees]


def tasks_of(config: ExperimentConfig, design: Design) -> list[FitTask]:
    """List the tasks of a run, the longest first.

    Parameters
    ----------
    config
        The experiment.
    design
        Its patients and outer folds.

    Returns
    -------
    list of FitTask
        The final model, the outer folds, the folds of the controls.
    """
    outer = [FitTask(number) for number in range(len(design.folds))]
    # Controls use one repeat of plain cross-validation in every design.
    controls = [FitTask(n, name) for name in config.controls or () for n in range(config.split.folds)]
    return [FINAL, *outer, *controls]


def run_task(config: ExperimentConfig, design: Design, task: FitTask) -> FinalModels | FoldPredictions:
    """Fit one task in this process.

    Parameters
    ----------
    config
        The experiment.
    design
        Its patients and outer folds.
    task
        One of :func:`tasks_of`.

    Returns
    -------
    FinalModels or FoldPredictions
        FinalModels for FINAL, FoldPredictions for all other tasks.
    """
    # Libraries are imported before any data, so that their objects can be frozen.
    from stratomics.fitting import fit  # noqa: F401  # loads libraries
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    freeze_loaded_objects()
    result = _fit_task(config, design, task)
    release_memory()
    return result


def _fit_task(config: ExperimentConfig, design: Design, task: FitTask) -> FinalModels | FoldPredictions:
    if task.fold is None:
        return _fit_final(config, design)
    if task.control is not None:
        prediction = _predict_control(config, design, task.control, task.fold)
        return FoldPredictions({task.control: prediction}, NO_HISTORY)
    return predict_fold(config, design, design.folds[task.fold])


def _fit_final(config: ExperimentConfig, design: Design) -> FinalModels:
    """Fit stratomics on all patients, and boosted trees, which users may want to inspect."""
    from stratomics.baselines.trees import fit_boosted_trees
    from stratomics.fitting.fit import fit_part
    from stratomics.fitting.training_part import TrainingPart

    part = TrainingPart(design.cohort, config, named_seed(config.seed, "final"))
    trees = [fit_boosted_trees(part)] if "boosted_trees" in (config.baselines or ()) else []
    return FinalModels(fit_part(part), trees)


def predict_fold(config: ExperimentConfig, design: Design, fold: Fold) -> FoldPredictions:
    """Fit all methods on the training rows of an outer fold, and predict its test rows.

    Parameters
    ----------
    config
        The experiment, complete.
    design
        Its patients.
    fold
        One of its outer folds.

    Returns
    -------
    FoldPredictions
        Predictions of stratomics, of the baselines, of the stack if asked for, and of the regressions that
        measure the contribution of each view.
    """
    from stratomics.fitting.fit import fit_part
    from stratomics.fitting.stacking import stack_methods
    from stratomics.fitting.training_part import NewPatients

    seed = named_seed(config.seed, "outer", fold.repeat, fold.number)
    new = NewPatients.of_fold(design.cohort, fold, config, seed, design.evaluated)
    part = new.part
    fitted = fit_part(part)
    predictions = _predict_with(fitted, new)
    if config.stack:
        predictions["stack"] = stack_methods(part, predictions, predict_methods)
    if config.factors.per_view:
        from stratomics.baselines.single_views import fit_views

        predictions |= {name: method.predict(new) for name, method in fit_views(part)}
    at_fold = {name: prediction.at(fold.repeat, fold.number) for name, prediction in predictions.items()}
    return FoldPredictions(at_fold, fitted.training_history)


def predict_methods(new: NewPatients) -> dict[str, Prediction]:
    """Predict new patients by stratomics and the baselines, all of them fitted on the training part of `new`."""
    from stratomics.fitting.fit import fit_part

    return _predict_with(fit_part(new.part), new)


def _predict_with(fitted: Fitted, new: NewPatients) -> dict[str, Prediction]:
    """Predict by `fitted`, and by the baselines after fitting them on the same training part."""
    part = new.part
    predictions = {OURS: fitted.predict_encoded(new.sample_ids, new.members, new.arms)}
    for name in part.config.baselines or ():
        predictions[name] = resolve(all_entries(BASELINES), name, "baseline")(part).predict(new)
    return predictions


def control_cohort(config: ExperimentConfig, cohort: MuData, name: str) -> MuData:
    """Make the cohort of a control.

    Parameters
    ----------
    config
        The experiment.
    cohort
        Its cohort.
    name
        Name in CONTROLS.

    Returns
    -------
    MuData
        The cohort with permuted outcomes, permuted features or a view of noise.
    """
    control: Control = resolve(CONTROLS, name, "control")
    return control.change(cohort, named_seed(config.seed, "control", name))


def _predict_control(config: ExperimentConfig, design: Design, name: str, number: int) -> Prediction:
    """Predict one fold of the cohort of a control."""
    from stratomics.fitting.training_part import NewPatients

    control: Control = resolve(CONTROLS, name, "control")
    seed, cohort = named_seed(config.seed, "control", name), control_cohort(config, design.cohort, name)
    fold = stratified_folds(cohort, config.split.folds, 1, seed, "outer")[number]
    primary_only = dataclasses.replace(config, endpoints=[cohort_spec(cohort).primary_endpoint])
    new = NewPatients.of_fold(cohort, fold, primary_only, named_seed(seed, number))
    return control.predict(new.part, new).at(0, number)
