"""Regression with an offset: figures of statsmodels, and outcomes that are separated."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from stratomics.transportability.offset_regression import Family, offset_regression


@pytest.mark.parametrize("family", ["poisson", "binomial"])
def test_estimates_are_those_of_statsmodels(family: Family) -> None:
    rng = np.random.default_rng(0)
    x, offset = rng.normal(size=(200, 2)), rng.normal(size=200) - 1.0
    outcome = rng.random(200) < 1 / (1 + np.exp(-(x[:, 0] + offset)))
    kind = sm.families.Poisson() if family == "poisson" else sm.families.Binomial()
    theirs = sm.GLM(outcome.astype(float), sm.add_constant(x), family=kind, offset=offset).fit(tol=1e-12)
    ours = offset_regression(x, outcome, offset, family)
    assert ours is not None
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-7)
    np.testing.assert_allclose(ours.se, theirs.bse, atol=1e-6)


def test_predictions_far_from_the_outcomes_converge() -> None:
    # A model of a hospital in which nearly all are diseased, in one with a third: whole Newton steps go back and forth.
    rng = np.random.default_rng(0)
    x = rng.uniform(1.3, 4.0, 300)
    outcome = rng.random(300) < 1 / (1 + np.exp(7.0 - 2.5 * x))
    found = offset_regression(x[:, None], outcome, np.zeros(300), "binomial")
    assert found is not None
    assert found.coefficients == pytest.approx([-7.0, 2.5], abs=1.5)


def test_separated_or_constant_outcomes_give_none() -> None:
    x = np.linspace(-1, 1, 20)[:, None]
    assert offset_regression(x, x[:, 0] > 0, np.zeros(20), "binomial") is None
    assert offset_regression(x, np.ones(20, dtype=bool), np.zeros(20), "binomial") is None
    assert offset_regression(np.ones((20, 1)), x[:, 0] > 0, np.zeros(20), "poisson") is None
