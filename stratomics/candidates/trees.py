"""Gradient-boosted trees on covariates and all features; missing values stay missing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.linear.group_ridge import likelihood_of
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from omics.common.files import read_json, write_json
from omics.common.seeds import named_seed
from stratomics.candidates.candidate import CandidateFit, CandidateKind

if TYPE_CHECKING:
    from xgboost import Booster

    from stratomics.encoding.training_part import EncodedPatients, TrainingPart

__all__ = ["BOOSTED_TREES", "BoostedTrees"]

Array = NDArray[np.float64]

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
    """Gradient-boosted trees (Chen and Guestrin 2016, doi 10.1145/2939672.2939785), one model per member.

    Attributes
    ----------
    boosters
        XGBoost's model of each member.
    rounds
        Number of trees that predict; a booster may have more.
    arms
        Whether the arm is a feature.
    """

    boosters: list[Booster]
    rounds: int
    arms: bool

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) log hazards or log odds."""
        arms = patients.arms if self.arms else None
        margins = [
            _margin(booster, _features(patients.batch(number), arms), self.rounds)
            for number, booster in enumerate(self.boosters)
        ]
        return np.stack(margins)[..., None]

    def contributions(self, patients: EncodedPatients) -> list[Array]:
        """Path-dependent Shapley values of the features (Lundberg et al. 2020, doi 10.1038/s42256-019-0138-9).

        Parameters
        ----------
        patients
            n patients.

        Returns
        -------
        list of numpy.ndarray
            For each member (n, p + 1): covariates, features of its views, the arm if it is a feature, and the mean
            margin of the training patients; the sum of a row is the margin.
        """
        import xgboost

        arms, values = patients.arms if self.arms else None, []
        for number, booster in enumerate(self.boosters):
            data = xgboost.DMatrix(_features(patients.batch(number), arms), nthread=1)
            of_rounds = booster.predict(data, pred_contribs=True, iteration_range=(0, self.rounds))
            values.append(of_rounds.astype(np.float64))
        return values

    def save(self, folder: Path, name: str) -> None:
        """Write json, which contains the json of XGBoost."""
        boosters = [json.loads(booster[: self.rounds].save_raw("json")) for booster in self.boosters]
        write_json(folder / f"{name}.json", {"rounds": self.rounds, "arms": self.arms, "boosters": boosters})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        from xgboost import Booster

        content, boosters = read_json(folder / f"{name}.json"), []
        for written in content["boosters"]:
            booster = Booster({"nthread": 1})
            booster.load_model(bytearray(json.dumps(written).encode()))
            boosters.append(booster)
        return cls(boosters, content["rounds"], content["arms"])


def _fit(part: TrainingPart) -> CandidateFit:
    """Fit the trees of each member; cross-validation over the inner folds selects their number.

    Raises
    ------
    DataError
        If patients have delayed entry.
    """
    endpoint = part.endpoint
    if isinstance(endpoint, Survival) and endpoint.entry is not None and endpoint.entry.any():
        raise DataError("boosted trees do not support delayed entry (the endpoint's key `entry`)")
    members = [_GrowingTrees.of_member(part, number) for number in range(len(part.folds))]
    rounds, margins = _select_rounds(part, members)
    trees = BoostedTrees([member.booster for member in members], rounds, part.arms is not None)
    return CandidateFit(trees, margins[..., None])


def _select_rounds(part: TrainingPart, members: list[_GrowingTrees]) -> tuple[int, Array]:
    """Select the number of trees with the least loss on held-out patients; also return their margins (members, n)."""
    held_out = [
        np.flatnonzero(part.endpoint.observed & (part.held_out_by == number))
        for number in range(len(members))
    ]
    likelihoods = [likelihood_of(part.endpoint.take(rows)) for rows in held_out]
    selected, best, least = 0, np.zeros((len(members), len(part.held_out_by))), np.inf
    for rounds in ROUNDS:
        margins = np.stack([member.margin(rounds) for member in members])
        parts = zip(likelihoods, held_out, margins, strict=True)
        loss = sum(_loss(part.endpoint, likelihood, of[rows], rows) for likelihood, rows, of in parts)
        if loss >= least:
            break
        selected, best, least = rounds, margins, loss
    return selected, best


def _loss(endpoint: Survival | Response, likelihood: Any, margin: Array, rows: NDArray[np.int64]) -> float:
    if isinstance(endpoint, Response):
        sign = np.where(endpoint.positive[rows], 1.0, -1.0)
        return float(np.logaddexp(0.0, -sign * margin).sum())
    return len(rows) * float(likelihood.loss(margin))


class _GrowingTrees:
    """Trees of one member, to which more trees can be added, and all patients of the training part."""

    def __init__(self, x: Array, rows: NDArray[np.int64], endpoint: Survival | Response, seed: int) -> None:
        import xgboost

        if isinstance(endpoint, Response):
            label, objective = endpoint.positive.astype(np.float64), "binary:logistic"
        else:
            # XGBoost reads a negative time as censored.
            label, objective = np.where(endpoint.event, endpoint.time, -endpoint.time), "survival:cox"
        settings = SETTINGS | {"objective": objective, "seed": named_seed(seed, "trees") % 2**31}
        self._everyone = xgboost.DMatrix(x, nthread=1)
        self._data = xgboost.DMatrix(x[rows], label=label, nthread=1)
        self.booster = xgboost.Booster(settings, [self._data])

    @classmethod
    def of_member(cls, part: TrainingPart, number: int) -> Self:
        """Start without trees."""
        rows = part.training_rows(number)
        x = _features(part.patients.batch(number), part.arms)
        return cls(x, rows, part.endpoint.take(rows), part.seed)

    def margin(self, rounds: int) -> Array:
        """(n,) margins of all patients by the first `rounds` trees; missing trees are added."""
        for number in range(self.booster.num_boosted_rounds(), rounds):
            self.booster.update(self._data, number)
        return _predicted(self.booster, self._everyone, rounds)


def _features(batch: Batch, arms: Array | None) -> Array:
    """Covariates and all features of all views, NaN where a value was not measured, and the arm: (n, p)."""
    views = [np.where(batch.observed[name], values, np.nan) for name, values in batch.views.items()]
    columns = [batch.covariates, *views]
    return np.hstack(columns if arms is None else [*columns, arms[:, None]]).astype(np.float64)


def _margin(booster: Booster, x: Array, rounds: int) -> Array:
    import xgboost

    return _predicted(booster, xgboost.DMatrix(x, nthread=1), rounds)


def _predicted(booster: Booster, data: Any, rounds: int) -> Array:
    margin: Array = booster.predict(data, output_margin=True, iteration_range=(0, rounds)).astype(np.float64)
    return margin


BOOSTED_TREES = CandidateKind(_fit, BoostedTrees, effect_by_omics=True)
