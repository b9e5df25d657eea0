"""Factors that views do not share are split."""

from __future__ import annotations

import numpy as np

from models.factors.cross_view import split_unshared_factors
from models.factors.linear_gaussian import LinearGaussian, LinearView, gaussian_posterior


def test_a_factor_that_views_do_not_share_is_split() -> None:
    """The second column is a different factor in a and in b; the first column is shared."""
    rng = np.random.default_rng(0)
    shared, specific = rng.normal(size=(200, 1)), rng.normal(size=(200, 2))
    w = {name: rng.normal(size=(30, 2)) for name in "ab"}
    linear = LinearGaussian({name: LinearView(np.zeros(30), w[name], np.ones(30)) for name in "ab"}, 2)
    parameters = {}
    for i, name in enumerate("ab"):
        x = np.hstack([shared, specific[:, [i]]]) @ w[name].T + rng.normal(size=(200, 30))
        parameters[name] = (np.tile(w[name].T @ w[name], (200, 1, 1)), x @ w[name])
    result = split_unshared_factors(linear, parameters)
    active = {name: tuple(view.loadings.any(axis=0)) for name, view in result.views.items()}
    assert active == {"a": (True, True, False), "b": (True, False, True)}
    np.testing.assert_array_equal(result.views["a"].loadings[:, 0], w["a"][:, 0])
    mean, _ = gaussian_posterior([parameters["a"]], 200, 2)
    assert np.corrcoef(mean[:, 0], shared[:, 0])[0, 1] > 0.9
