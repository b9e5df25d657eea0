"""Gradient-boosted trees on covariates and all features; missing values stay missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from datamodules.batch import Batch
from datamodules.harmonizer import Harmonizer
from models.linear.group_ridge import likelihood_of
from models.prediction import Prediction
from models.survival.breslow import BreslowBaseline
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from omics.common.files import read_state, write_state
from omics.common.seeds import named_seed
from stratomics.baselines.design_matrix import features_with_gaps, inner_training_rows

if TYPE_CHECKING:
    from xgboost import Booster

    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["BoostedTrees", "fit_boosted_trees"]

Array = NDArray[np.float64]

FILE = "boosted_trees"

SETTINGS = {
    "eta": 0.05,
    "max_depth": 3,
    "min_child_weight": 2.0,
    "subsample": 0.7,
    "colsample_bytree": 0.2,
    "max_bin": 32,
    "nthread": 1,
    "verbosity": 0,
    # Else the trees would depend on how many are added in one call.
    "seed_per_iteration": True,
}
ROUNDS = (10, 20, 40, 70, 100, 150)
"""Numbers of trees; cross-validation tries them in this order until the loss rises."""


@dataclass(frozen=True)
class BoostedTrees:
    """Gradient-boosted trees (Chen and Guestrin 2016, doi 10.1145/2939672.2939785).

    Attributes
    ----------
    name
        Name of the endpoint.
    harmonizer
        Harmonizes patients before prediction.
    booster
        XGBoost's model.
    rounds
        Number of trees.
    baseline
        Baseline hazard, if the endpoint is survival.
    """

    name: str
    harmonizer: Harmonizer
    booster: Booster
    rounds: int
    baseline: BreslowBaseline | None

    def predict(self, new: NewPatients) -> Prediction:
        """Predict new patients."""
        return self.predict_batch(new.batch)

    def predict_batch(self, batch: Batch) -> Prediction:
        """Predict patients after harmonization by :attr:`harmonizer`."""
        margin = _margin(self.booster, features_with_gaps(batch), self.rounds)
        if self.baseline is None:
            return Prediction.of_response(batch.sample_ids, self.name, expit(margin))
        times, survival = self.baseline.times, self.baseline.survival(margin)
        return Prediction.of_survival(batch.sample_ids, margin, times, survival)

    def save(self, folder: Path) -> None:
        """Write json, which contains the json of XGBoost, and safetensors."""
        written = {
            "name": self.name,
            "rounds": self.rounds,
            "booster": json.loads(self.booster.save_raw("json")),
        }
        base = self.baseline
        arrays = {} if base is None else {"times": base.times, "cumulative_hazard": base.cumulative_hazard}
        write_state(folder, FILE, written | {"center": None if base is None else base.center}, arrays)
        self.harmonizer.save(folder, f"{FILE}.harmonizer")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        from xgboost import Booster

        written, arrays = read_state(folder, FILE)
        booster = Booster({"nthread": 1})
        booster.load_model(bytearray(json.dumps(written["booster"]).encode()))
        base = BreslowBaseline(**arrays, center=written["center"]) if arrays else None
        harmonizer = Harmonizer.load(folder, f"{FILE}.harmonizer")
        return cls(written["name"], harmonizer, booster, written["rounds"], base)


def fit_boosted_trees(part: TrainingPart) -> BoostedTrees:
    """Fit trees; cross-validation on the inner folds selects their number.

    The baseline hazard is fitted to out-of-fold estimates.

    Raises
    ------
    DataError
        If patients have delayed entry.
    """
    observed = np.flatnonzero(part.endpoint.observed)
    endpoint, x = part.endpoint.take(observed), features_with_gaps(part.batch)[observed]
    if isinstance(endpoint, Survival) and endpoint.entry is not None and endpoint.entry.any():
        raise DataError(
            "patients have delayed entry (the endpoint's key `entry`), which boosted trees do not support; "
            "name other --baselines"
        )
    rounds, held_out = _select_rounds(x, endpoint, inner_training_rows(part), part.seed)
    booster = _GrowingTrees(x, endpoint, part.seed).grow_to(rounds)
    baseline = None
    if isinstance(endpoint, Survival):
        baseline = BreslowBaseline.fit(held_out, endpoint.event, endpoint.time)
    return BoostedTrees(part.name, part.harmonizer, booster, rounds, baseline)


def _select_rounds(
    x: Array, endpoint: Survival | Response, training: list[NDArray[np.int64]], seed: int
) -> tuple[int, Array]:
    """Select the number of trees with the least loss on held-out patients, and return their margins (n,) too."""
    folds = [_GrowingTrees(x[rows], endpoint.take(rows), seed) for rows in training]
    held_out = [np.setdiff1d(np.arange(len(x)), rows) for rows in training]
    likelihoods = [likelihood_of(endpoint.take(rows)) for rows in held_out]
    selected, best, least = 0, np.zeros(len(x)), np.inf
    for rounds in ROUNDS:
        margin = np.zeros(len(x))
        for trees, rows in zip(folds, held_out, strict=True):
            margin[rows] = _margin(trees.grow_to(rounds), x[rows], rounds)
        parts = zip(likelihoods, held_out, strict=True)
        loss = sum(_loss(endpoint, likelihood, margin[rows], rows) for likelihood, rows in parts)
        if loss >= least:
            break
        selected, best, least = rounds, margin, loss
    return selected, best


def _loss(endpoint: Survival | Response, likelihood: Any, margin: Array, rows: NDArray[np.int64]) -> float:
    if isinstance(endpoint, Response):
        sign = np.where(endpoint.positive[rows], 1.0, -1.0)
        return float(np.logaddexp(0.0, -sign * margin).sum())
    return len(rows) * float(likelihood.loss(margin))


class _GrowingTrees:
    """Trees on some patients, to which more trees can be added."""

    def __init__(self, x: Array, endpoint: Survival | Response, seed: int) -> None:
        import xgboost

        if isinstance(endpoint, Response):
            label, objective = endpoint.positive.astype(np.float64), "binary:logistic"
        else:
            # XGBoost reads a negative time as censored.
            label, objective = np.where(endpoint.event, endpoint.time, -endpoint.time), "survival:cox"
        settings = SETTINGS | {"objective": objective, "seed": named_seed(seed, "trees") % 2**31}
        self._data = xgboost.DMatrix(x, label=label, nthread=1)
        self._booster = xgboost.Booster(settings, [self._data])

    def grow_to(self, rounds: int) -> Booster:
        """Add trees until there are `rounds` of them."""
        for number in range(self._booster.num_boosted_rounds(), rounds):
            self._booster.update(self._data, number)
        return self._booster


def _margin(booster: Booster, x: Array, rounds: int) -> Array:
    import xgboost

    data = xgboost.DMatrix(x, nthread=1)
    margin: Array = booster.predict(data, output_margin=True, iteration_range=(0, rounds)).astype(np.float64)
    return margin
