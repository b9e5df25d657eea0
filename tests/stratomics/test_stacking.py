"""Weights of a mixture: against a brute force over the simplex, and what they do with useless methods."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.endpoints import Response, Survival
from stratomics.evaluation.cases import ResponseCases, SurvivalCases, cases_of
from stratomics.evaluation.metric import find_metric
from stratomics.stacking import _mixed_curves, brier_weights, likelihood_weights

N = 120
IDS = np.array([f"p{i}" for i in range(N)])


def survival(seed: int) -> tuple[Survival, NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=N)
    time, censored = rng.exponential(np.exp(-risk)), rng.exponential(1.5, N)
    event = time <= censored
    return Survival(np.minimum(time, censored), event, np.ones(N, dtype=bool), "days"), risk


def curves(risk: NDArray[np.float64]) -> Prediction:
    times = np.linspace(0.05, 3.0, 40)
    return Prediction.of_survival(IDS, risk, times, np.exp(-times * np.exp(risk)[:, None]))


def methods(seed: int) -> tuple[Survival, list[Prediction]]:
    endpoint, risk = survival(seed)
    noise = np.random.default_rng(seed + 100).normal(size=(2, N))
    return endpoint, [curves(risk + noise[0]), curves(0.5 * risk + 0.3), curves(noise[1])]


def grid(step: float = 0.05) -> Any:
    levels = np.arange(0.0, 1.0 + step / 2, step)
    return [np.array([a, b, 1 - a - b]) for a, b in itertools.product(levels, levels) if a + b <= 1 + 1e-9]


@pytest.mark.parametrize("seed", range(3))
def test_no_other_weights_have_a_smaller_brier_score(seed: int) -> None:
    endpoint, predictions = methods(seed)
    cases = [cases_of(own, IDS, endpoint) for own in predictions]
    found = brier_weights([own for own in cases if isinstance(own, SurvivalCases)])

    def score(weights: NDArray[np.float64]) -> float:
        mixed = cases_of(_mixed_curves(predictions, weights), IDS, endpoint)
        return float(find_metric("ibs").function(mixed, np.ones((1, N)))[0])

    assert found.min() >= 0
    assert found.sum() == pytest.approx(1.0)
    # The score is a trapezoid over the grid, the weights look at its points alike: 1e-4 is the difference of the two.
    assert score(found) <= min(map(score, grid(0.1))) + 1e-4


@pytest.mark.parametrize("seed", range(3))
def test_no_other_weights_have_a_smaller_log_loss(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=N)
    response = Response(rng.random(N) < 1 / (1 + np.exp(-2 * logit)), np.ones(N, dtype=bool))
    said = [logit + rng.normal(size=N), 2 * logit + 1, rng.normal(size=N)]
    predictions = [Prediction.of_response(IDS, "response", 1 / (1 + np.exp(-own))) for own in said]
    cases = [own for p in predictions if isinstance(own := cases_of(p, IDS, response), ResponseCases)]
    found = likelihood_weights(cases)

    def loss(weights: NDArray[np.float64]) -> float:
        p = weights @ np.stack([own.probability[0] for own in cases])
        return float(-np.log(np.where(response.positive, p, 1 - p)).mean())

    assert found.min() >= 0
    assert found.sum() == pytest.approx(1.0)
    assert loss(found) <= min(map(loss, grid())) + 1e-9


def test_a_method_that_says_the_opposite_gets_no_weight() -> None:
    endpoint, risk = survival(5)
    cases = [cases_of(curves(own), IDS, endpoint) for own in (risk, -risk)]
    weights = brier_weights([own for own in cases if isinstance(own, SurvivalCases)])
    assert weights[0] > 0.9


def test_a_mixture_of_one_is_that_one() -> None:
    _, risk = survival(6)
    one = curves(risk)
    mixed = _mixed_curves([one, curves(-risk)], np.array([1.0, 0.0]))
    pd.testing.assert_frame_equal(
        mixed.survival.sort_values(["sample_id", "time"], ignore_index=True),
        one.survival.sort_values(["sample_id", "time"], ignore_index=True),
    )
    # The higher the area under a curve, the lower the risk.
    assert (
        np.corrcoef(np.argsort(np.argsort(mixed.patients["risk"])), np.argsort(np.argsort(risk)))[0, 1]
        > 0.999
    )
