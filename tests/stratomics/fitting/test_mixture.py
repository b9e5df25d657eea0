"""Weights of mixtures: compared with a grid search, and for candidates that agree, mislead or carry no information."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from models.linear.cox_net import CoxLikelihood
from models.linear.elastic_net import Likelihood
from models.linear.logistic_net import LogisticLikelihood
from omics.common.errors import FitError
from stratomics.fitting.mixture import Mixture, cost_of, plausible_estimates

N = 120
Array = NDArray[np.float64]


def outcome(kind: str, n: int = N, seed: int = 0) -> tuple[Likelihood, Array]:
    """A likelihood of n patients, and their true log hazard or log odds."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    if kind == "response":
        return LogisticLikelihood(rng.random(n) < 1 / (1 + np.exp(-2 * truth))), truth
    time, censored = rng.exponential(np.exp(-truth)), rng.exponential(1.5, n)
    return CoxLikelihood(time <= censored, np.minimum(time, censored)), truth


def mixed(candidates: dict[str, Array], slopes: dict[str, float], likelihood: Likelihood) -> Mixture:
    columns = {name: values[:, None] for name, values in candidates.items()}
    return Mixture.fit(columns, slopes, cost_of(likelihood))


def fitted(likelihood: Likelihood, candidates: dict[str, Array]) -> Mixture:
    return mixed(candidates, dict.fromkeys(candidates, 1.0), likelihood)


@pytest.mark.parametrize("kind", ["survival", "response"])
@pytest.mark.parametrize("seed", range(3))
def test_no_other_weights_are_more_likely(kind: str, seed: int) -> None:
    likelihood, truth = outcome(kind, seed=seed)
    noise = np.random.default_rng(seed + 100).normal(size=(2, N))
    candidates = {"noisy": truth + noise[0], "small": 0.5 * truth, "noise": noise[1]}
    found = fitted(likelihood, candidates)
    columns = np.column_stack(list(candidates.values()))

    def loss(weights: Array) -> float:
        # The prior: normal around 1/3, with the variance of a uniform distribution from 0 to 1.
        return N * likelihood.loss(columns @ weights) + 12 * float(((weights - 1 / 3) ** 2).sum()) / 2

    weights = np.array(list(found.weights.values()))
    assert weights.min() >= 0
    grid = itertools.product(np.arange(0.0, 2.0, 0.1), repeat=3)
    assert loss(weights) <= min(loss(np.array(other)) for other in grid) + 1e-6
    for step in 1e-3 * np.vstack([np.eye(3), -np.eye(3)]):
        assert loss(weights) <= loss(np.clip(weights + step, 0, None)) + 1e-6


def test_equal_candidates_get_equal_weights() -> None:
    likelihood, truth = outcome("survival")
    weights = list(fitted(likelihood, dict.fromkeys("abcd", truth)).weights.values())
    np.testing.assert_allclose(weights, weights[0], atol=1e-6)


def test_a_candidate_with_the_opposite_order_gets_less_weight_with_more_patients() -> None:
    found = []
    for n in (20, 400):
        likelihood, truth = outcome("survival", n)
        found.append(fitted(likelihood, {"right": truth, "wrong": -truth}).weights["wrong"])
    assert 0 <= found[1] < found[0]
    assert found[1] < 0.05


def test_few_patients_stay_near_equal_weights() -> None:
    likelihood, truth = outcome("response", 15)
    weights = fitted(likelihood, {"a": truth, "b": np.zeros(15)}).weights
    assert abs(weights["a"] - 0.5) < 0.5


def test_a_candidate_without_information_has_no_weight_and_does_not_lower_the_others() -> None:
    likelihood, truth = outcome("survival")
    alone = fitted(likelihood, {"a": truth})
    both = mixed({"a": truth, "b": truth}, {"a": 1.0, "b": 0.0}, likelihood)
    assert both.weights == {"a": pytest.approx(alone.weights["a"]), "b": 0.0}


def test_no_candidate_has_information() -> None:
    likelihood, truth = outcome("response")
    found = mixed({"a": truth}, {"a": 0.0}, likelihood)
    assert not found.combine({"a": np.ones((2, 3, 1))}).any()


def test_weights_do_not_depend_on_the_scale_of_the_estimates() -> None:
    likelihood, truth = outcome("survival")
    noise = np.random.default_rng(1).normal(size=N)
    one = mixed({"a": truth, "b": noise}, {"a": 1.0, "b": 0.5}, likelihood)
    other = mixed({"a": truth / 10, "b": noise}, {"a": 10.0, "b": 0.5}, likelihood)
    assert one.weights == pytest.approx(other.weights, abs=1e-6)


def test_curves_are_shifted_by_the_estimates_of_other_candidates() -> None:
    mixture = Mixture({"curve": 0.5, "shift": 2.0, "none": 0.0}, {"curve": 2.0, "shift": 0.25, "none": 1.0})
    curve, shift = np.arange(12.0).reshape(2, 2, 3), np.array([[[1.0], [2.0]], [[3.0], [4.0]]])
    # A candidate without a weight is not needed.
    np.testing.assert_allclose(mixture.combine({"curve": curve, "shift": shift}), curve + 0.5 * shift)


def test_an_estimate_that_is_not_finite_is_refused() -> None:
    likelihood, truth = outcome("response")
    with pytest.raises(FitError, match="not finite"):
        fitted(likelihood, {"a": truth, "b": np.full(N, np.nan)})


def test_the_spread_of_candidates_is_their_weighted_standard_deviation() -> None:
    mixture = Mixture({"a": 0.3, "b": 0.6, "none": 0.0}, {"a": 2.0, "b": 1.0, "none": 1.0})
    rng = np.random.default_rng(0)
    estimates = {"a": rng.normal(size=(3, 4, 1)), "b": rng.normal(size=(3, 4, 1))}
    alone = np.stack([0.9 * 2.0 * estimates["a"].mean(axis=(0, 2)), 0.9 * estimates["b"].mean(axis=(0, 2))])
    mean = (0.3 * alone[0] + 0.6 * alone[1]) / 0.9
    expected = np.sqrt((0.3 * (alone[0] - mean) ** 2 + 0.6 * (alone[1] - mean) ** 2) / 0.9)
    np.testing.assert_allclose(mixture.spread(estimates), expected)
    np.testing.assert_allclose(mean, mixture.combine(estimates).mean(axis=(0, 2)))
    assert not Mixture.of_one("a").spread(estimates).any()


def test_plausible_estimates_have_the_mean_and_both_variances() -> None:
    rng = np.random.default_rng(1)
    estimates, spread = rng.normal(size=(5, 7, 2)), rng.random(7)
    both = plausible_estimates(estimates, spread)
    np.testing.assert_allclose(both.mean(axis=0), estimates.mean(axis=0))
    np.testing.assert_allclose(both.var(axis=0), estimates.var(axis=0) + spread[:, None] ** 2)
