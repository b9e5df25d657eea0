"""Sample swaps: power and false alarms."""

from __future__ import annotations

import numpy as np
import pytest

from omics.checks.swaps import swapped_pairs


@pytest.mark.slow
def test_power_and_false_alarms_of_swaps() -> None:
    """200 cohorts of 60 patients, 50 shared features of correlation 0.6 between two views, one pair exchanged.

    Power: at least 95% of the exchanged pairs are found. False alarms: in at most 2% of the cohorts any other pair.
    Monte Carlo standard errors 1.5% and 1%.
    """
    found = alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        one = rng.normal(size=(60, 50))
        two = 0.6 * one + 0.8 * rng.normal(size=one.shape)
        alarms += bool(swapped_pairs(one, two))
        i, j = sorted(rng.choice(60, 2, replace=False))
        two[[i, j]] = two[[j, i]]
        pairs = swapped_pairs(one, two)
        found += (i, j) in pairs
        alarms += bool(set(pairs) - {(i, j)})
    assert found >= 190, found
    assert alarms <= 8, alarms
