"""Sites: a summary for a new site, and sites with too few events."""

from __future__ import annotations

import numpy as np
import pytest
from response_cases import one_fold

from stratomics.evaluation.comparison import resamples
from stratomics.transportability.sites import site_summary

N = 600
RNG = np.random.default_rng(0)
P = RNG.uniform(0.05, 0.95, N)
CASES = one_fold(RNG.random(N) < P, P[None])
WEIGHT = resamples(np.arange(N), 100, 1)


def test_a_new_site_is_wider_than_the_mean() -> None:
    site = np.array([f"s{i % 6}" for i in range(N)])
    found = site_summary(CASES, site, WEIGHT, left_out=True)
    assert found.discrimination is not None
    assert found.ratio is not None
    assert found.discrimination.sites == 6
    one = found.discrimination
    assert 0.5 < one.new_low < one.low < one.mean < one.high < one.new_high < 1.0
    assert found.ratio.new_low < 1.0 < found.ratio.new_high
    assert [row.patients for row in found.rows] == [100] * 6
    assert found.rows[0].discrimination["low"] < found.rows[0].discrimination["estimate"]


def test_few_sites_and_few_events_give_rows_without_a_summary() -> None:
    site = np.where(np.arange(N) < 8, "tiny", np.where(np.arange(N) % 2, "a", "b"))
    found = site_summary(CASES, site, WEIGHT, left_out=False)
    assert found.discrimination is None
    assert found.ratio is None
    tiny = next(row for row in found.rows if row.site == "tiny")
    assert (tiny.patients, tiny.discrimination, tiny.ratio) == (8, None, None)


@pytest.mark.parametrize("sites", [3])
def test_three_sites_are_enough(sites: int) -> None:
    found = site_summary(CASES, np.array([f"s{i % sites}" for i in range(N)]), WEIGHT, left_out=True)
    assert found.discrimination is not None
