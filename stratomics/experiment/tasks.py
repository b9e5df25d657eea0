"""What a run fits, one task at a time: every method on an outer fold, a control, our model on everybody."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

__all__ = ["FINAL", "FitTask", "control_cohort", "predict_fold", "run_task", "tasks_of"]


@dataclass(frozen=True)
class FitTask:
    """One task: an outer fold; of a control its name too; and of the final model neither."""

    fold: int | None = None
    control: str | None = None

    @property
    def key(self) -> str:
        """Name of its folder."""
        return "final" if self.fold is None else f"{self.control or 'fold'}-{self.fold}"


FINAL = FitTask()


def tasks_of(config: ExperimentConfig, design: Design) -> list[FitTask]:
    """Tasks of a run, the longest first."""
    outer = [FitTask(number) for number in range(len(design.folds))]
    # Of one repeat of plain cross-validation, whatever the design.
    controls = [FitTask(n, name) for name in config.controls or () for n in range(config.split.folds)]
    return [FINAL, *outer, *controls]


def run_task(config: ExperimentConfig, design: Design, task: FitTask) -> Any:
    """Give the models of FINAL, ours first; of others what methods predict, and our training's course."""
    # What every fit needs is loaded before anything of a patient is.
    from stratomics.fitting import fit  # noqa: F401
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    freeze_loaded_objects()
    found = _found(config, design, task)
    release_memory()
    return found


def _found(config: ExperimentConfig, design: Design, task: FitTask) -> Any:
    if task.fold is None:
        return _final(config, design)
    if task.control is not None:
        return {task.control: _control(config, design, task.control, task.fold)}, NO_HISTORY
    return predict_fold(config, design, design.folds[task.fold])


def _final(config: ExperimentConfig, design: Design) -> tuple[Fitted, list[BoostedTrees]]:
    """Fit our model on everybody, and the trees beside it, which a person may want to look into."""
    from stratomics.baselines.trees import fit_boosted_trees
    from stratomics.fitting.fit import fit_part
    from stratomics.fitting.training_part import TrainingPart

    part = TrainingPart(design.cohort, config, named_seed(config.seed, "final"))
    trees = [fit_boosted_trees(part)] if "boosted_trees" in (config.baselines or ()) else []
    return fit_part(part), trees


def predict_fold(
    config: ExperimentConfig, design: Design, fold: Fold
) -> tuple[dict[str, Prediction], pd.DataFrame]:
    """Fit every method on the training rows of an outer fold, and predict its test rows; the course of ours beside."""
    from stratomics.fitting.fit import fit_part
    from stratomics.fitting.stacking import stacked
    from stratomics.fitting.training_part import NewPatients

    seed = named_seed(config.seed, "outer", fold.repeat, fold.number)
    new = NewPatients.of_fold(design.cohort, fold, config, seed, design.evaluated)
    part = new.part
    fitted = fit_part(part)
    found = _predict_with(fitted, new)
    if config.stack:
        found["stack"] = stacked(part, found, predict_methods)
    if config.factors.per_view:
        from stratomics.baselines.single_views import fit_views

        found |= {name: method.predict(new) for name, method in fit_views(part)}
    at_fold = {name: prediction.at(fold.repeat, fold.number) for name, prediction in found.items()}
    return at_fold, fitted.training_history


def predict_methods(new: NewPatients) -> dict[str, Prediction]:
    """Predict new patients by our model and by the baselines, all of them fitted on the part beside them."""
    from stratomics.fitting.fit import fit_part

    return _predict_with(fit_part(new.part), new)


def _predict_with(fitted: Fitted, new: NewPatients) -> dict[str, Prediction]:
    """Predict by `fitted`, and by the baselines fitted on the same part."""
    part = new.part
    found = {OURS: fitted.predict_encoded(new.sample_ids, new.members, new.arms)}
    for name in part.config.baselines or ():
        found[name] = resolve(all_entries(BASELINES), name, "baseline")(part).predict(new)
    return found


def control_cohort(config: ExperimentConfig, cohort: MuData, name: str) -> MuData:
    """Give the cohort that a control looks at in place of `cohort`."""
    control: Control = resolve(CONTROLS, name, "control")
    return control.spoil(cohort, named_seed(config.seed, "control", name))


def _control(config: ExperimentConfig, design: Design, name: str, number: int) -> Prediction:
    """Predict one fold of a cohort of which nobody can learn anything."""
    from stratomics.fitting.training_part import NewPatients

    control: Control = resolve(CONTROLS, name, "control")
    seed, cohort = named_seed(config.seed, "control", name), control_cohort(config, design.cohort, name)
    fold = stratified_folds(cohort, config.split.folds, 1, seed, "outer")[number]
    alone = dataclasses.replace(config, endpoints=[cohort_spec(cohort).primary_endpoint])
    new = NewPatients.of_fold(cohort, fold, alone, named_seed(seed, number))
    return control.predict(new.part, new).at(0, number)
