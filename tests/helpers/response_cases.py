"""Simulated cases of a binary response, for tests of metrics."""

from __future__ import annotations

import numpy as np

from models.prediction import Prediction
from omics.cohort.endpoints import Response
from stratomics.evaluation.cases import ResponseCases, cases_of


def made_up_response(
    n: int = 60, repeats: int = 2, folds: int = 3, seed: int = 0, ties: bool = True
) -> ResponseCases:
    """Probabilities that are calibrated in the first repeat except for a factor of 0.8, with sets around one half."""
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.02, 0.98, size=(repeats, n))
    if ties:
        probability = probability.round(1).clip(0.1, 0.9)
    positive = rng.random(n) < probability[0] * 0.8
    positive[:6] = [True, False] * 3
    fold = np.array([rng.permutation(np.arange(n) % folds) for _ in range(repeats)])
    sets = np.stack([probability < 0.6, probability > 0.4], axis=-1)
    marginal = np.stack([probability < 0.7, probability > 0.5], axis=-1)
    return ResponseCases(positive, probability, fold, sets, marginal)


def one_fold(positive: np.ndarray, probability: np.ndarray, sets: np.ndarray | None = None) -> ResponseCases:
    """Cases of a single fold, with probabilities (repeats, n)."""
    fold = np.zeros(probability.shape, dtype=np.int64)
    return ResponseCases(positive, probability, fold, sets)


def sets_of(written: list[str]) -> ResponseCases:
    """Cases with the response sets of a saved table; every second patient is positive, beginning with the first."""
    ids = np.array([f"p{i}" for i in range(len(written))])
    plain = Prediction.of_response(ids, "r", np.full(len(ids), 0.5))
    marginal = ["negative"] * len(ids)
    columns = {"response_set": written, "response_set_marginal": marginal}
    prediction = Prediction(plain.patients.assign(**columns), plain.long)
    response = Response(np.arange(len(ids)) % 2 == 0, np.ones(len(ids), dtype=bool))
    return cases_of(prediction, ids, response)
