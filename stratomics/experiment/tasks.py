"""The fitting tasks of a run: all methods on an outer fold, a control, and the final model on all patients."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from datamodules.resampling import Design
from datamodules.split import Fold, stratified_folds
from models.ensemble.training_history import NO_HISTORY
from omics.cohort.read import cohort_spec
from omics.common.registry import resolve
from omics.common.seeds import named_seed
from stratomics.config import WIDE_DEEP, ExperimentConfig
from stratomics.controls import CONTROLS
from stratomics.evaluation.comparison import OURS
from stratomics.evaluation.control_results import PERMUTED_AGAIN
from stratomics.runtime.memory import freeze_loaded_objects, release_memory

if TYPE_CHECKING:
    import pandas as pd
    from mudata import MuData

    from models.prediction import Prediction
    from stratomics.controls.permuted_cohorts import Control
    from stratomics.explanation.outer_folds import FoldExplanation
    from stratomics.fitting.fitted import Fitted

__all__ = [
    "FINAL",
    "FitTask",
    "FoldPredictions",
    "compared_methods",
    "control_cohort",
    "permutation_name",
    "predict_fold",
    "run_task",
    "tasks_again",
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
    again
        Number of the permutation of a control: 0 for the first, which every run has.
    """

    fold: int | None = None
    control: str | None = None
    again: int = 0

    @property
    def key(self) -> str:
        """Name of the folder in the checkpoint."""
        if self.fold is None:
            return "final"
        return f"{permutation_name(self.control, self.again) if self.control else 'fold'}-{self.fold}"


def permutation_name(control: str, again: int) -> str:
    """Name the predictions of a control in one of its permutations.

    Parameters
    ----------
    control
        Name in CONTROLS.
    again
        Number of the permutation, 0 for the first.

    Returns
    -------
    str
        The name.

    Examples
    --------
    >>> permutation_name("noise_view", 0), permutation_name("noise_view", 2)
    ('noise_view', 'noise_view again 2')
    """
    return f"{control} again {again}" if again else control


FINAL = FitTask()


class FoldPredictions(NamedTuple):
    """Result of an outer fold or of a fold of a control.

    Attributes
    ----------
    predictions
        Method -> its predictions of the test patients.
    training_history
        Losses of the members of stratomics by epoch.
    explanation
        What the model of an outer fold says; None for a control.
    """

    predictions: dict[str, Prediction]
    training_history: pd.DataFrame
    explanation: FoldExplanation | None = None


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


def tasks_again(config: ExperimentConfig, control: str) -> list[FitTask]:
    """List the tasks of the further permutations of a control.

    Parameters
    ----------
    config
        The experiment.
    control
        A control that is above chance in its first permutation.

    Returns
    -------
    list of FitTask
        All folds of each permutation.
    """
    numbers = range(1, PERMUTED_AGAIN + 1)
    return [FitTask(fold, control, again) for again in numbers for fold in range(config.split.folds)]


def run_task(config: ExperimentConfig, design: Design, task: FitTask) -> Fitted | FoldPredictions:
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
    Fitted or FoldPredictions
        The final model for FINAL, FoldPredictions for all other tasks.
    """
    # Libraries are imported before any data, so that their objects can be frozen.
    from stratomics.fitting import fit  # noqa: F401  # loads libraries
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    freeze_loaded_objects()
    result = _fit_task(config, design, task)
    release_memory()
    return result


def _fit_task(config: ExperimentConfig, design: Design, task: FitTask) -> Fitted | FoldPredictions:
    if task.fold is None:
        from stratomics.fitting.fit import fit

        return fit(design.cohort, config, named_seed(config.seed, "final"))
    if task.control is not None:
        prediction = _predict_control(config, design, task)
        return FoldPredictions({permutation_name(task.control, task.again): prediction}, NO_HISTORY)
    return predict_fold(config, design, design.folds[task.fold])


def predict_fold(config: ExperimentConfig, design: Design, fold: Fold) -> FoldPredictions:
    """Fit all methods on the training rows of an outer fold, predict its test rows, and explain the model of the fold.

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
        Predictions of stratomics, of its candidates alone, and of the regressions that measure the contribution of
        each view. The same patients are explained in all folds, at most 500.
    """
    from stratomics.encoding.training_part import NewPatients
    from stratomics.explanation.outer_fold import explain_fold
    from stratomics.explanation.reference import reference_patients
    from stratomics.fitting.fit import fit_part

    seed = named_seed(config.seed, "outer", fold.repeat, fold.number)
    new = NewPatients.of_fold(design.cohort, fold, config, seed, design.evaluated)
    fitted = fit_part(new.part)
    by_method = fitted.predict_each(new.patients)
    predictions = {name: by_method[name] for name in (OURS, *compared_methods(config))}
    if config.factors.per_view:
        from stratomics.candidates.single_views import fit_views

        predictions |= {name: method.predict(new.patients) for name, method in fit_views(new.part)}
    at_fold = {name: prediction.at(fold.repeat, fold.number) for name, prediction in predictions.items()}
    explained = reference_patients(design.cohort, config.seed)
    return FoldPredictions(at_fold, fitted.training_history, explain_fold(fitted, new, explained, seed))


def compared_methods(config: ExperimentConfig) -> list[str]:
    """Candidates that a run evaluates alone, beside the delivered model."""
    alone = [name for name in config.baselines or () if name != config.model]
    # Without other candidates the mixture is this network.
    return [*alone, WIDE_DEEP] if alone and config.model != WIDE_DEEP else alone


def control_cohort(config: ExperimentConfig, cohort: MuData, name: str, again: int = 0) -> MuData:
    """Make the cohort of a control.

    Parameters
    ----------
    config
        The experiment.
    cohort
        Its cohort.
    name
        Name in CONTROLS.
    again
        Number of the permutation.

    Returns
    -------
    MuData
        The cohort with permuted outcomes, permuted features or a view of noise.
    """
    control: Control = resolve(CONTROLS, name, "control")
    return control.change(cohort, _control_seed(config, name, again))


def _control_seed(config: ExperimentConfig, name: str, again: int) -> int:
    return named_seed(config.seed, "control", name, *([again] if again else []))


def _predict_control(config: ExperimentConfig, design: Design, task: FitTask) -> Prediction:
    """Predict one fold of the cohort of a control."""
    from stratomics.encoding.training_part import NewPatients

    name, number = str(task.control), int(task.fold or 0)
    control: Control = resolve(CONTROLS, name, "control")
    seed = _control_seed(config, name, task.again)
    cohort = control_cohort(config, design.cohort, name, task.again)
    fold = stratified_folds(cohort, config.split.folds, 1, seed, "outer")[number]
    primary_only = dataclasses.replace(config, endpoints=[cohort_spec(cohort).primary_endpoint])
    new = NewPatients.of_fold(cohort, fold, primary_only, named_seed(seed, number))
    return control.predict(new.part, new).at(0, number)
