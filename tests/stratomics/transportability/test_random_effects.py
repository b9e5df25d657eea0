"""Random effects over sites: figures of statsmodels, no differences between sites, and coverage of a new site."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student
from statsmodels.stats.meta_analysis import combine_effects

from stratomics.transportability.random_effects import between_sites_variance, random_effects


def test_the_mean_and_its_interval_are_those_of_statsmodels() -> None:
    # With equal errors all estimators of the variance between sites are the same.
    estimate, se = np.array([0.1, 0.3, 0.35, 0.65, 0.2, 0.0]), np.full(6, 0.1)
    ours = random_effects(estimate, se)
    theirs = combine_effects(estimate, se**2, method_re="iterated", use_t=True)
    assert ours.between**2 == pytest.approx(theirs.tau2, abs=1e-6)
    assert ours.mean == pytest.approx(theirs.mean_effect_re, abs=1e-6)
    width = student.ppf(0.975, 5) * theirs.sd_eff_w_re_hksj
    assert (ours.low, ours.high) == pytest.approx((ours.mean - width, ours.mean + width), abs=1e-5)
    assert ours.new_low < ours.low
    assert ours.high < ours.new_high


def test_equal_sites_have_no_variance_between_them() -> None:
    assert between_sites_variance(np.full(5, 0.3), np.array([0.1, 0.2, 0.1, 0.3, 0.2])) == 0.0
    found = random_effects(np.full(5, 0.3), np.full(5, 0.1))
    assert found.low == pytest.approx(0.3 - student.ppf(0.975, 4) * 0.1 / np.sqrt(5))
    # Sites that agree more than chance allows leave a little variance possible.
    assert 0.0 < found.new_low < 0.3 < found.new_high < 0.6


def coverage(repetitions: int, sites: int, between: float, seed: int) -> tuple[float, float]:
    """Share of the new sites, and of the means, in their intervals; sites differ in size."""
    rng = np.random.default_rng(seed)
    new = mean = 0
    for _ in range(repetitions):
        se = rng.uniform(0.1, 0.4, sites)
        estimate = 0.7 + between * rng.normal(size=sites) + se * rng.normal(size=sites)
        found = random_effects(estimate, se)
        new += found.new_low <= 0.7 + between * rng.normal() <= found.new_high
        mean += found.low <= 0.7 <= found.high
    return new / repetitions, mean / repetitions


def test_the_interval_of_a_new_site_covers() -> None:
    new, mean = coverage(150, 10, 0.3, seed=1)
    # 4 standard errors below .94 and .95.
    assert new > 0.86
    assert mean > 0.87


@pytest.mark.simulation
@pytest.mark.parametrize("between", [0.1, 0.3, 0.6])
def test_the_interval_of_a_new_site_covers_in_many(between: float) -> None:
    new, mean = coverage(4000, 10, between, seed=2)
    assert 0.90 < new < 0.98
    assert mean > 0.92
