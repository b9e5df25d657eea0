"""Elastic-net logistic regression against scikit-learn, automatic differentiation and the optimality conditions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.linear.elastic_net import elastic_net, elastic_net_path, largest_penalty
from models.linear.logistic_net import LogisticLikelihood, logistic_net
from models.losses.response import binary_cross_entropy
from omics.common.errors import FitError


def draw(n: int, p: int, seed: int, level: float = -0.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p)) + 2.0
    positive = rng.random(n) < expit((x[:, :3] - 2.0) @ [1.0, -1.0, 0.5] + level)
    positive[:2] = True, False
    return x, positive


@given(st.integers(2, 40), st.integers(0, 10_000), st.sampled_from([0.1, 3.0, 100.0]))
@settings(deadline=None, max_examples=60)
def test_intercept_adds_up_to_the_positive_patients(n: int, seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.3
    positive[:2] = True, False
    estimate = rng.normal(size=n) * scale
    likelihood = LogisticLikelihood(positive)
    assert expit(estimate + likelihood.intercept(estimate)).sum() == pytest.approx(positive.sum(), abs=1e-8)
    assert likelihood.loss(estimate + 7.0) == pytest.approx(likelihood.loss(estimate), abs=1e-10)


def test_gradient_and_curvature_are_those_of_the_torch_loss_at_the_best_intercept() -> None:
    x, positive = draw(40, 6, 1)
    estimate = np.random.default_rng(2).normal(size=40)
    ours = LogisticLikelihood(positive)
    h = torch.tensor(estimate + ours.intercept(estimate), requires_grad=True)
    loss = binary_cross_entropy(h, torch.tensor(positive))
    loss.backward()
    assert ours.loss(estimate) == pytest.approx(loss.item(), abs=1e-12)
    np.testing.assert_allclose(ours.gradient(estimate), h.grad.numpy(), atol=1e-10)
    step = 1e-5
    differences = [
        (ours.gradient(estimate + step * column) - ours.gradient(estimate - step * column)) / (2 * step)
        for column in x.T
    ]
    np.testing.assert_allclose(ours.curvature(estimate, x), np.transpose(differences), atol=1e-8)


@pytest.mark.parametrize("penalty", [0.001, 0.1])
def test_ridge_equals_scikit_learn(penalty: float) -> None:
    x, positive = draw(100, 5, 4)
    oracle = LogisticRegression(C=1 / (penalty * 100), tol=1e-12, max_iter=10_000).fit(x, positive)
    coefficients, intercept = logistic_net(x, positive, penalty, 0.0)
    np.testing.assert_allclose(coefficients, oracle.coef_[0], atol=1e-5)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=1e-4)


@pytest.mark.parametrize("l1_ratio", [0.2, 0.5, 1.0])
def test_elastic_net_equals_scikit_learn(l1_ratio: float) -> None:
    x, positive = draw(60, 30, 3)
    penalty = largest_penalty(x, LogisticLikelihood(positive), l1_ratio) * 0.3
    oracle = LogisticRegression(
        C=1 / (penalty * 60), l1_ratio=l1_ratio, solver="saga", tol=1e-9, max_iter=10**6
    )
    oracle.fit(x, positive)
    coefficients, intercept = logistic_net(x, positive, penalty, l1_ratio)
    np.testing.assert_allclose(coefficients, oracle.coef_[0], atol=1e-4)
    assert intercept == pytest.approx(oracle.intercept_[0], abs=1e-3)
    assert 0 < (coefficients != 0).sum() < 30


def test_path_is_optimal_where_features_outnumber_patients() -> None:
    x, positive = draw(50, 200, 5)
    likelihood = LogisticLikelihood(positive)
    penalties = largest_penalty(x, likelihood, 0.5) * np.geomspace(1, 0.1, 8)
    path = elastic_net_path(x, likelihood, penalties, 0.5)
    assert (path[0] == 0).all()
    for penalty, b in zip(penalties, path, strict=True):
        slope = x.T @ likelihood.gradient(x @ b) + penalty * 0.5 * b
        np.testing.assert_allclose(slope[b != 0], -penalty * 0.5 * np.sign(b[b != 0]), atol=1e-6)
        assert np.abs(slope[b == 0]).max(initial=0.0) <= penalty * 0.5 + 1e-6
    alone = elastic_net(x, likelihood, float(penalties[-1]), 0.5)
    np.testing.assert_allclose(path[-1], alone, atol=1e-5)


def test_separation_without_penalty_raises_an_error() -> None:
    x = np.arange(20.0)[:, None]
    with pytest.raises(FitError, match="raise the penalty"):
        logistic_net(x, x[:, 0] > 9, 0.0, 0.0)


def test_separation_with_a_small_ridge_is_finite() -> None:
    x = np.linspace(-1, 1, 20)[:, None]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        coefficients, intercept = logistic_net(x, x[:, 0] > 0, 1e-3, 0.0)
    assert np.isfinite([*coefficients, intercept]).all()


def test_no_features_give_the_prevalence() -> None:
    positive = np.arange(20) < 5
    coefficients, intercept = logistic_net(np.zeros((20, 0)), positive, 0.1, 0.5)
    assert coefficients.shape == (0,)
    assert expit(intercept) == pytest.approx(0.25)
