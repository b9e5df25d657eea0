"""Squared error: gradient and curvature by differences, and the least squares solution of scikit-learn."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import ElasticNet

from models.linear.elastic_net import elastic_net
from models.linear.squared_error import SquaredError


def test_gradient_and_curvature_are_those_of_differences() -> None:
    rng = np.random.default_rng(0)
    likelihood, at, x = SquaredError(rng.normal(size=7), 0.7), rng.normal(size=7), rng.normal(size=(7, 2))
    step = 1e-6
    slow = [(likelihood.loss(at + step * e) - likelihood.loss(at - step * e)) / (2 * step) for e in np.eye(7)]
    np.testing.assert_allclose(likelihood.gradient(at), slow, atol=1e-8)
    for column, curved in zip(x.T, likelihood.curvature(at, x).T, strict=True):
        change = likelihood.gradient(at + step * column) - likelihood.gradient(at - step * column)
        np.testing.assert_allclose(curved, change / (2 * step), atol=1e-8)


def test_the_lasso_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(60, 8))
    target = 3.0 + x[:, 0] - x[:, 1] + rng.normal(size=60)
    theirs = ElasticNet(alpha=0.2, l1_ratio=0.7, tol=1e-12).fit(x, target).coef_
    np.testing.assert_allclose(elastic_net(x, SquaredError(target, 1.0), 0.2, 0.7), theirs, atol=1e-6)
