"""Weights of mixtures: compared with a grid search over the simplex, and for methods without information."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.cohort.endpoints import Response, Survival
from stratomics.evaluation.cases import ResponseCases, SurvivalCases, cases_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.fitting.mixture import CurveMixture, OddsMixture, prior_precision

N = 120
DRAWN = np.random.default_rng(0).dirichlet(np.ones(3), size=20_000)
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


def off_prior(weights: NDArray[np.float64]) -> float:
    """Minus log density of the prior: normal, with mean and variance of weights drawn uniformly from the simplex."""
    return float(((weights - DRAWN.mean(axis=0)) ** 2).sum() / DRAWN.var(axis=0).mean()) / 2


@pytest.mark.parametrize("seed", range(3))
def test_no_other_weights_of_curves_are_more_likely(seed: int) -> None:
    endpoint, predictions = methods(seed)
    cases = [c for p in predictions if isinstance(c := cases_of(p, IDS, endpoint), SurvivalCases)]
    found = CurveMixture.fit(cases).weights

    def loss(weights: NDArray[np.float64]) -> float:
        mixed = cases_of(CurveMixture(weights).mix(predictions), IDS, endpoint)
        score = float(find_metric("ibs").function(mixed, np.ones((1, N)))[0])
        return N / 2 * np.log(score) + off_prior(weights)

    assert found.min() >= 0
    assert found.sum() == pytest.approx(1.0)
    # Tolerance 0.02: the score integrates by trapezoids, the fit weights all time points alike, the prior is simulated.
    assert loss(found) <= min(map(loss, grid(0.1))) + 0.02


@pytest.mark.parametrize("seed", range(3))
def test_no_other_weights_of_odds_are_more_likely(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logit = rng.normal(size=N)
    response = Response(rng.random(N) < 1 / (1 + np.exp(-2 * logit)), np.ones(N, dtype=bool))
    odds = np.stack([logit + rng.normal(size=N), 2 * logit + 1, rng.normal(size=N)])
    predictions = [Prediction.of_response(IDS, "response", 1 / (1 + np.exp(-column))) for column in odds]
    cases = [c for p in predictions if isinstance(c := cases_of(p, IDS, response), ResponseCases)]
    found = OddsMixture.fit(cases)

    def loss(mixture: OddsMixture) -> float:
        p = mixture.mix(predictions, "response").patients["response_probability"].to_numpy()
        right = np.where(response.positive, p, 1 - p)
        return float(-np.log(right).sum()) + off_prior(mixture.weights)

    assert found.weights.min() >= 0
    least = min(
        loss(OddsMixture(np.array([a, b, c]), intercept))
        for a, b, c in itertools.product(np.arange(0.0, 1.3, 0.2), repeat=3)
        for intercept in (-0.5, 0.0, 0.5)
    )
    # Tolerance 0.02, since the prior is simulated.
    assert loss(found) <= least + 0.02
    # No step in any direction improves it.
    for step in 1e-2 * np.vstack([np.eye(4), -np.eye(4)]):
        other = OddsMixture(np.clip(found.weights + step[:3], 0, None), found.intercept + step[3])
        assert loss(found) <= loss(other) + 1e-3


def test_the_prior_has_the_variance_of_a_uniform_mixture() -> None:
    for k in (2, 3, 6):
        drawn = np.random.default_rng(k).dirichlet(np.ones(k), size=400_000)
        assert 1 / prior_precision(k) == pytest.approx(drawn.var(axis=0).mean(), rel=0.01)


def test_a_method_with_the_opposite_order_gets_little_weight_and_less_with_more_patients() -> None:
    weights = []
    for size in (20, N):
        endpoint, risk = survival(5)
        both = [cases_of(curves(values), IDS, endpoint) for values in (risk, -risk)]
        some = [cases.take(np.arange(size)) for cases in both if isinstance(cases, SurvivalCases)]
        weights.append(CurveMixture.fit(some).weights[1])
    assert 0 <= weights[1] < weights[0] < 0.5
    assert weights[1] < 0.1


def test_equal_methods_get_equal_weights() -> None:
    endpoint, risk = survival(7)
    one = cases_of(curves(risk), IDS, endpoint)
    assert isinstance(one, SurvivalCases)
    np.testing.assert_allclose(CurveMixture.fit([one] * 4).weights, 0.25, atol=1e-6)


def test_a_method_that_is_certain_and_wrong_gets_no_weight() -> None:
    positive = np.arange(N) % 2 == 0
    response = Response(positive, np.ones(N, dtype=bool))
    probabilities = [np.where(positive, 0.0, 1.0), np.full(N, 0.5)]
    predictions = [Prediction.of_response(IDS, "response", p) for p in probabilities]
    cases = [c for p in predictions if isinstance(c := cases_of(p, IDS, response), ResponseCases)]
    found = OddsMixture.fit(cases)
    assert found.weights[0] < 1e-6
    mixed = found.mix(predictions, "response").patients["response_probability"]
    assert mixed.between(0.4, 0.6).all()


def test_a_mixture_of_one_method_is_this_method() -> None:
    _, risk = survival(6)
    one = curves(risk)
    mixed = CurveMixture(np.array([1.0, 0.0])).mix([one, curves(-risk)])
    pd.testing.assert_frame_equal(
        mixed.survival.sort_values(["sample_id", "time"], ignore_index=True),
        one.survival.sort_values(["sample_id", "time"], ignore_index=True),
    )
    # The higher the area under a curve, the lower the risk.
    assert (
        np.corrcoef(np.argsort(np.argsort(mixed.patients["risk"])), np.argsort(np.argsort(risk)))[0, 1]
        > 0.999
    )
