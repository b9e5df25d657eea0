"""Statistics of single features: a twin by least squares, moments of the prior, z scores, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from scipy.special import polygamma
from scipy.stats import norm
from scipy.stats import t as student

from omics.common.errors import DataError
from stratomics.strata.biology.moderated import (
    _inverse_trigamma,
    _normal_scores,
    feature_statistics,
    moderated_variance,
)


def test_residuals_and_coefficients_are_those_of_least_squares() -> None:
    rng = np.random.default_rng(0)
    values, contrasts = rng.normal(3.0, 2.0, (30, 40)), rng.normal(size=(30, 3)) @ rng.normal(size=(3, 3))
    found = feature_statistics(values, contrasts)
    design = np.column_stack([np.ones(30), contrasts])
    coefficients = np.linalg.lstsq(design, values)[0]
    residuals = values - design @ coefficients
    variance = (residuals**2).sum(axis=0) / 26
    assert found.df == 26
    np.testing.assert_allclose(found.residuals, residuals / np.sqrt(variance), atol=1e-10)
    posterior, prior_df = moderated_variance(variance, 26)
    unscaled = np.sqrt(np.diag(np.linalg.inv(design.T @ design)))[1:]
    t = coefficients[1:].T / unscaled / np.sqrt(posterior)[:, None]
    df = min(26 + prior_df, 26 * 40)
    np.testing.assert_allclose(found.z, norm.isf(student.sf(t, df)), atol=1e-6)


@given(some.floats(1e-4, 1e4))
def test_the_inverse_trigamma_inverts(value: float) -> None:
    assert float(polygamma(1, _inverse_trigamma(value))) == pytest.approx(value, rel=1e-9)


@given(some.floats(-30, 30), some.floats(10, 1e6))
def test_normal_scores_have_the_tails_of_t(t: float, df: float) -> None:
    found = float(_normal_scores(np.array([t]), df)[0])
    tail = student.sf(abs(t), df)
    assert found == pytest.approx(np.sign(t) * norm.isf(tail), abs=1e-3)


def test_variances_of_a_known_prior_are_shrunk_towards_it() -> None:
    rng = np.random.default_rng(1)
    prior_df, prior, df = 8.0, 2.0, 12
    true = prior * prior_df / rng.chisquare(prior_df, 20_000)
    posterior, found = moderated_variance(true * rng.chisquare(df, 20_000) / df, df)
    assert found == pytest.approx(prior_df, rel=0.1)
    assert np.corrcoef(np.log(posterior), np.log(true))[0, 1] > 0.75


def test_equal_variances_have_an_infinite_prior() -> None:
    posterior, found = moderated_variance(np.full(50, 3.0), 10)
    assert found == np.inf
    np.testing.assert_allclose(posterior, 3.0)
    np.testing.assert_allclose(moderated_variance(np.zeros(5), 10)[0], 1e-5)


@pytest.mark.parametrize(
    ("values", "contrasts", "message"),
    [
        ((10, 20), np.ones((10, 1)), "the same for all patients"),
        ((10, 20), np.arange(10.0)[:, None] * [1.0, -2.0], "a combination of the others"),
        ((4, 20), np.eye(4)[:, :3], "4 patients are too few for 3 contrasts"),
        ((10, 2), np.arange(10.0)[:, None], "2 features are too few"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    values: tuple[int, int], contrasts: np.ndarray, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        feature_statistics(np.random.default_rng(0).normal(size=values), contrasts)
