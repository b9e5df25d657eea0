"""The order of entry into a lasso: that of scikit-learn's paths for squared errors, and near that of the likelihood."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import lars_path

from models.linear.cox_net import CoxLikelihood
from models.linear.elastic_net import elastic_net, largest_penalty
from models.linear.lasso_order import lasso_order
from models.linear.logistic_net import LogisticLikelihood
from models.linear.squared_error import SquaredError


def first_entries(x: np.ndarray, target: np.ndarray) -> list[int]:
    """Order of first entry into the lasso path of scikit-learn."""
    _, _, path = lars_path(x - x.mean(axis=0), target - target.mean(), method="lasso")
    order: list[int] = []
    for column in path.T:
        order += [int(one) for one in np.flatnonzero(column) if one not in order]
    return order


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(8, 40), p=st.integers(1, 30), shared=st.floats(0, 0.9))
@pytest.mark.slow
def test_the_order_is_that_of_scikit_learn(seed: int, n: int, p: int, shared: float) -> None:
    rng = np.random.default_rng(seed)
    x = shared * rng.normal(size=(n, 1)) + rng.normal(size=(n, p))
    target = x[:, 0] + rng.normal(size=n)
    most = min(p, n // 2)
    assert lasso_order(x, SquaredError(target, 1.0), most).tolist() == first_entries(x, target)[:most]


def test_a_feature_that_leaves_is_counted_once() -> None:
    """Found by search: a feature leaves this path and enters again."""
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(12, 8)) @ rng.normal(size=(8, 8))
        target = rng.normal(size=12)
        _, _, path = lars_path(x - x.mean(axis=0), target - target.mean(), method="lasso")
        if path.shape[1] > 9:
            order = lasso_order(x, SquaredError(target, 1.0), 8)
            assert order.tolist() == first_entries(x, target)
            return
    pytest.fail("no path with a feature that leaves")


@pytest.mark.parametrize("kind", ["logistic", "cox"])
def test_the_first_features_are_those_of_the_likelihood(kind: str) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 40))
    linear = x[:, :3] @ np.array([1.0, -0.8, 0.6])
    likelihood = (
        LogisticLikelihood(rng.random(150) < 1 / (1 + np.exp(-linear)))
        if kind == "logistic"
        else CoxLikelihood(rng.random(150) < 0.7, rng.exponential(np.exp(-linear)))
    )
    order = lasso_order(x, likelihood, 6)
    assert set(order[:2].tolist()) == {0, 1}
    exact = elastic_net(x, likelihood, 0.99 * largest_penalty(x, likelihood, 1.0), 1.0)
    assert np.flatnonzero(exact).tolist() == [order[0]]


def test_copies_and_constants_never_enter() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, 5))
    doubled = np.column_stack([x, x[:, 0], x[:, 0] + x[:, 1], np.ones(30)])
    order = lasso_order(doubled, SquaredError(x[:, 0] + 0.5 * x[:, 1] + 0.1 * rng.normal(size=30), 1.0), 8)
    assert len(set(order.tolist())) == len(order)
    assert 7 not in order
    assert np.linalg.matrix_rank(np.c_[np.ones(30), doubled[:, order]]) == len(order) + 1


def test_nothing_enters_without_a_slope() -> None:
    assert len(lasso_order(np.ones((5, 2)), SquaredError(np.zeros(5), 1.0), 2)) == 0
