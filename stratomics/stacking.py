"""A mixture of methods, with weights that are not negative and sum to 1, learned from inner folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import nnls

from models.censoring import StepFunction, censoring_survival
from models.prediction import Prediction
from omics.endpoints import Survival
from omics.randomness import named_seed
from stratomics.evaluation.cases import ResponseCases, SurvivalCases, cases_of
from stratomics.training import NewPatients, TrainingPart

if TYPE_CHECKING:
    from models.prediction import Curves

__all__ = ["brier_weights", "likelihood_weights", "stacked"]

Array = NDArray[np.float64]
Methods = Callable[[NewPatients], Mapping[str, Prediction]]

ROUNDS = 2000
SMALLEST = 1e-12
SUM_TO_ONE = 1e4
"""Weight, beside the rows of a least-squares problem of unit size, of the row that makes weights sum to 1."""


def stacked(part: TrainingPart, predictions: Mapping[str, Prediction], methods: Methods) -> Prediction:
    """Mix `predictions`, which methods fitted on `part` made of new patients.

    The weights are those that would have been best for patients of the inner folds, whom the same `methods` predict
    after a fit on the others (van der Laan et al. 2007, doi 10.2202/1544-6115.1309): by the IPCW Brier score of S(t)
    over time, or the log loss.
    """
    parts: dict[str, list[Prediction]] = {name: [] for name in predictions}
    for fold in part.folds:
        seed = named_seed(part.seed, "stack", fold.number)
        left_out = NewPatients.of_fold(part.cohort, fold, part.config, seed)
        for name, own in methods(left_out).items():
            parts[name].append(own.at(0, fold.number))
    ids = part.cohort.obs_names.to_numpy(dtype=str)
    cases = [cases_of(Prediction.concatenate(own), ids, part.endpoint) for own in parts.values()]
    everybody = list(predictions.values())
    if isinstance(part.endpoint, Survival):
        return _mixed_curves(everybody, brier_weights([c for c in cases if isinstance(c, SurvivalCases)]))
    weights = likelihood_weights([c for c in cases if isinstance(c, ResponseCases)])
    ids = everybody[0].patients["sample_id"].to_numpy(dtype=str)
    probability = np.stack([own.patients["response_probability"] for own in everybody])
    return Prediction.of_response(ids, part.name, weights @ probability)


def brier_weights(cases: list[SurvivalCases]) -> Array:
    """Weights (k,) of methods' curves with the least IPCW Brier score over the grid, of one repeat.

    A least-squares problem: the row of a patient and a time weighs by the probability of not being censored (Graf et
    al. 1999, as in :func:`stratomics.evaluation.survival.integrated_brier_score`).
    """
    first = cases[0]
    censoring = censoring_survival(first.event, first.time, np.ones((1, len(first))))
    died = first.event[:, None] & (first.time[:, None] <= first.grid)
    alive = first.time[:, None] > first.grid
    at_event, at_grid = censoring(first.time)[0][:, None], censoring(first.grid)[0]
    with np.errstate(divide="ignore"):
        weight = np.where(died, 1.0 / at_event, 0.0) + np.where(alive, 1.0 / at_grid, 0.0)
    root = np.sqrt(np.where(np.isfinite(weight), weight, 0.0)).ravel()
    rows = np.column_stack([own.survival[0].ravel() * root for own in cases])
    return _simplex(rows, alive.ravel().astype(np.float64) * root)


def likelihood_weights(cases: list[ResponseCases]) -> Array:
    """Weights (k,) of methods' probabilities with the least log loss, of one repeat, by EM from equal weights."""
    positive = cases[0].positive
    likelihood = np.column_stack(
        [np.where(positive, own.probability[0], 1 - own.probability[0]) for own in cases]
    )
    likelihood = np.maximum(likelihood, SMALLEST)
    weights = np.full(len(cases), 1.0 / len(cases))
    for _ in range(ROUNDS):
        share = weights * likelihood
        weights = (share / share.sum(axis=1, keepdims=True)).mean(axis=0)
    return weights


def _simplex(rows: Array, target: Array) -> Array:
    """Minimise ``|rows @ w - target|`` over w >= 0 that sum to 1."""
    scale = SUM_TO_ONE * max(float(np.abs(rows).max()), 1.0)
    found, _ = nnls(np.vstack([rows, np.full((1, rows.shape[1]), scale)]), np.append(target, scale))
    weights: Array = found / found.sum()
    return weights


def _mixed_curves(predictions: list[Prediction], weights: Array) -> Prediction:
    """Mix curves under the arm received; the risk is minus the area under the mixture."""
    curves = [next(own.curves()) for own in predictions]
    times = np.unique(np.concatenate([own.survival.times for own in curves]))
    ids = predictions[0].patients["sample_id"].to_numpy(dtype=str)
    mixed = np.tensordot(weights, np.stack([_at(own, ids, times) for own in curves]), 1)
    steps = np.diff(times, prepend=0.0)
    before = np.column_stack([np.ones(len(ids)), mixed[:, :-1]])
    return Prediction.of_survival(ids, -(before @ steps), times, mixed)


def _at(curves: Curves, ids: NDArray[np.str_], times: Array) -> Array:
    rows = pd.Index(curves.sample_ids).get_indexer(pd.Index(ids))
    values: Array = StepFunction(curves.survival.times, curves.survival.values[rows])(times)
    return values
