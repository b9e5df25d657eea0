"""Nested predictions: in each outer fold, panels are selected, fitted and calibrated without the test patients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.split import Fold
from models.survival.kaplan_meier import StepFunction
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import POINTS, Cases, ResponseCases, SurvivalCases
from stratomics.strata.panel.calibration import PanelCalibration, ResponseCalibration, SurvivalCalibration
from stratomics.strata.panel.learn import Learning, learn_panels
from stratomics.strata.panel.score_path import PanelSettings
from stratomics.strata.panel.target import PanelTarget
from stratomics.strata.panel.values import AssayValues

__all__ = ["FoldScores", "NestedDesign", "cases_of_panel", "nested_scores"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class NestedDesign:
    """Patients to learn from and to evaluate, all with the endpoint, and the outer folds.

    Attributes
    ----------
    learning
        All training patients; ``train`` of a fold holds rows of them.
    evaluated
        Values of the evaluated patients, for the same analytes; ``test`` of a fold holds rows of them.
    target
        What is predicted, in the evaluated patients.
    folds
        The outer folds.
    """

    learning: Learning
    evaluated: AssayValues
    target: PanelTarget
    folds: Sequence[Fold]


@dataclass(frozen=True)
class FoldScores:
    """One panel of one outer fold, and its scores of the test patients.

    Attributes
    ----------
    fold
        The outer fold.
    columns
        Selected analytes.
    score
        Score of each test patient.
    calibration
        Calibration on the training patients.
    """

    fold: Fold
    columns: Rows
    score: Array
    calibration: PanelCalibration


def nested_scores(
    design: NestedDesign,
    numbers: Sequence[int],
    settings: PanelSettings,
    seed: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> dict[int, list[FoldScores]]:
    """Learn panels in each outer fold.

    Parameters
    ----------
    design
        Patients and folds.
    numbers
        Numbers of analytes.
    settings
        How panels are learned.
    seed
        Seed of all random numbers.
    progress
        Called with the number of folds that are done, and of all folds.

    Returns
    -------
    dict
        Number of analytes -> scores of all folds.
    """
    scores: dict[int, list[FoldScores]] = {number: [] for number in numbers}
    for done, fold in enumerate(design.folds, 1):
        part = design.learning.take(fold.train)
        panels = learn_panels(part, numbers, settings, seed, "panel", fold.repeat, fold.number)
        for number, score in panels.path.estimates(design.evaluated.take(fold.test)).items():
            columns = panels.path.scores[number].columns
            scores[number].append(FoldScores(fold, columns, score, panels.calibrations[number]))
        progress(done, len(design.folds))
    return scores


def cases_of_panel(scores: Sequence[FoldScores], target: PanelTarget) -> Cases:
    """Join the scores of all folds with the outcomes of the evaluated patients, for metrics.

    Parameters
    ----------
    scores
        Scores of one number of analytes; in each repeat every patient is in one test fold.
    target
        The evaluated patients.

    Returns
    -------
    SurvivalCases or ResponseCases
        As of any other method.
    """
    repeats = sorted({part.fold.repeat for part in scores})
    shape = len(repeats), len(target.label)
    fold, level = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    for part in scores:
        row = repeats.index(part.fold.repeat)
        fold[row, part.fold.test] = part.fold.number
        level[row, part.fold.test] = part.calibration.level(part.score)
    outcome = target.outcome
    if isinstance(outcome, Survival):
        return _survival_cases(scores, outcome, repeats, fold, level)
    sets = {name: np.zeros((*shape, 2), dtype=np.bool_) for name in ("response_set", "response_set_marginal")}
    for part in scores:
        assert isinstance(part.calibration, ResponseCalibration)
        for name, table in sets.items():
            table[repeats.index(part.fold.repeat), part.fold.test] = part.calibration.in_sets(
                part.score, name
            )
    return ResponseCases(outcome.positive, level, fold, *sets.values())


def _survival_cases(
    scores: Sequence[FoldScores], survival: Survival, repeats: Sequence[int], fold: Rows, risk: Array
) -> SurvivalCases:
    end, bound = np.zeros(fold.shape), np.zeros(fold.shape)
    by_repeat: Mapping[int, list[tuple[Rows, StepFunction]]] = {repeat: [] for repeat in repeats}
    for part in scores:
        assert isinstance(part.calibration, SurvivalCalibration)
        curves, row = part.calibration.curves(part.score), repeats.index(part.fold.repeat)
        by_repeat[part.fold.repeat].append((part.fold.test, curves))
        end[row, part.fold.test] = curves.times[-1]
        bound[row, part.fold.test] = part.calibration.bounds(curves)
    grid = np.linspace(survival.time.min(), survival.time.max(), POINTS + 2)[1:-1]
    event, time = survival.event, survival.time
    horizon = float(np.median(time[event] if event.any() else time))
    joined = tuple(_joined(parts, len(time)) for parts in by_repeat.values())
    return SurvivalCases(event, time, risk, fold, grid, horizon, joined, end, bound)


def _joined(parts: Sequence[tuple[Rows, StepFunction]], patients: int) -> StepFunction:
    """Curves of all folds of a repeat, on the times of all of them."""
    times = np.unique(np.concatenate([curves.times for _, curves in parts]))
    values = np.full((patients, len(times)), np.nan)
    for rows, curves in parts:
        values[rows] = curves(times)
    return StepFunction(times, values)
