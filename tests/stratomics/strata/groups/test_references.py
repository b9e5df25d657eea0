"""Data without groups: covariance, tails and modes as in the cohort."""

from __future__ import annotations

import numpy as np

from stratomics.strata.groups import references
from stratomics.strata.groups.references import heavy_cloud, one_mode


def tailed(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((100, 5)) / np.sqrt(rng.chisquare(5, (100, 1)) / 5)


def test_a_cloud_has_the_covariance_of_the_cohort_and_its_tails() -> None:
    rng = np.random.default_rng(2)
    x = tailed(rng) @ np.diag([3.0, 1, 1, 1, 0.2])
    drawn = np.concatenate([heavy_cloud(x, rng) for _ in range(300)])
    np.testing.assert_allclose(np.cov(drawn.T), np.cov(x.T), atol=0.35)
    assert np.isinf(references._degrees(rng.uniform(-1, 1, (500, 3))))
    assert 3.0 < references._degrees(np.concatenate([tailed(rng) for _ in range(50)])) < 8.0


def test_the_least_smoothing_of_two_modes_is_wider_than_that_of_one() -> None:
    rng = np.random.default_rng(3)
    one, two = rng.standard_normal(200), np.r_[rng.normal(-3, 1, 100), rng.normal(3, 1, 100)]
    assert references._least_smoothing(two) > 2 * references._least_smoothing(one)
    drawn = np.concatenate([one_mode(np.c_[two, one], rng) for _ in range(100)])
    np.testing.assert_allclose(drawn.std(axis=0), np.c_[two, one].std(axis=0), rtol=0.05)
