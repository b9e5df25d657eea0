"""Exposures: shares and quantiles by hand, against scipy and numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import lognorm

from stratomics.pharmacology.dose_search.exposures import DrawnExposure, LognormalExposure
from stratomics.pharmacology.dose_search.target import ExposureTarget

TARGET = ExposureTarget("auc24_ss", 400, 600)


def test_lognormal_shares_are_those_of_scipy() -> None:
    exposure = LognormalExposure(np.array([0.5, 0.7]), 0.4)
    doses = np.array([900.0, 1000.0])
    shares = exposure.shares(doses, TARGET)
    law = lognorm(0.4, scale=exposure.median * doses)
    assert np.allclose(shares.below, law.cdf(400), atol=1e-14)
    assert np.allclose(shares.within, law.cdf(600) - law.cdf(400), atol=1e-14)
    assert np.allclose(shares.above, law.sf(600), atol=1e-14)
    assert np.allclose(exposure.quantile(doses, 0.9), law.ppf(0.9))
    assert (shares.variance == 0).all()
    assert exposure.shares(doses, ExposureTarget("auc24_ss", 0, 600)).below.tolist() == [0, 0]


def drawn(values: np.ndarray, weights: np.ndarray) -> DrawnExposure:
    return DrawnExposure(lambda doses: values * doses[:, None], weights, linear=True)


def test_drawn_shares_are_sums_of_weights() -> None:
    values = np.array([[300.0, 400, 500, 600, 601]])
    weights = np.array([[0.1, 0.2, 0.3, 0.15, 0.25]])
    shares = drawn(values, weights).shares(np.ones(1), TARGET)
    assert [share.item() for share in shares[:3]] == pytest.approx([0.1, 0.65, 0.25])
    expected = (0.1**2 + 0.25**2) * 0.65**2 + (0.2**2 + 0.3**2 + 0.15**2) * 0.35**2
    assert shares.variance.item() == pytest.approx(expected)


def test_drawn_quantiles_follow_the_weights() -> None:
    values = np.array([[3.0, 1, 2], [3, 1, 2]])
    weights = np.array([[0.2, 0.2, 0.6], [0.9, 0.05, 0.05]])
    exposure = drawn(values, weights)
    assert exposure.quantile(np.ones(2), 0.5).tolist() == [2, 3]
    assert exposure.quantile(np.full(2, 10.0), 0.01).tolist() == [10, 10]
    assert exposure.quantile(np.ones(2), 1.0).tolist() == [3, 3]


def test_drawn_and_exact_shares_agree() -> None:
    normal = np.random.default_rng(1).standard_normal((1, 40_000))
    exact = LognormalExposure(np.array([0.56]), 0.38)
    by_draws = drawn(0.56 * np.exp(0.38 * normal), np.full(normal.shape, 1 / normal.size))
    for dose in (500.0, 900.0, 1500.0):
        one, two = (exposure.shares(np.array([dose]), TARGET) for exposure in (exact, by_draws))
        assert abs(one.within - two.within) < 4 * np.sqrt(two.variance)
        assert two.variance.item() == pytest.approx(
            (one.within * (1 - one.within)).item() / normal.size, rel=0.05
        )


@given(
    st.lists(st.floats(1, 1000), min_size=2, max_size=20),
    st.floats(0.1, 10),
    st.floats(0.1, 10),
)
def test_shares_sum_to_one_and_fall_with_the_dose(values: list[float], dose: float, factor: float) -> None:
    weights = np.linspace(1, 2, len(values))
    exposure = drawn(np.array([values]), (weights / weights.sum())[None])
    one, two = (exposure.shares(np.array([d]), TARGET) for d in (dose, dose * (1 + factor)))
    assert (one.below + one.within + one.above).item() == pytest.approx(1)
    assert two.below <= one.below + 1e-12
    assert two.above >= one.above - 1e-12
