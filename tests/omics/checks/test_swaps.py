"""Sample swaps: power and false alarms."""

from __future__ import annotations

import numpy as np
from claims import at_least, at_most, repetitions

from omics.checks.swaps import swapped_pairs


@repetitions(50, 200, quick=True)
def test_power_and_false_alarms_of_swaps(repetitions: int) -> None:
    """200 cohorts of 60 patients, 50 shared features of correlation 0.6 between two views, one pair exchanged.

    Power: at least 95% of the exchanged pairs are found. False alarms: in at most 2% of the cohorts any other pair.
    Monte Carlo standard errors 1.5% and 1%.
    """
    found = alarms = 0
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        one = rng.normal(size=(60, 50))
        two = 0.6 * one + 0.8 * rng.normal(size=one.shape)
        alarms += bool(swapped_pairs(one, two))
        i, j = sorted(rng.choice(60, 2, replace=False))
        two[[i, j]] = two[[j, i]]
        pairs = swapped_pairs(one, two)
        found += (i, j) in pairs
        alarms += bool(set(pairs) - {(i, j)})
    full = repetitions == 200
    assert found >= (190 if full else at_least(0.95, repetitions, checks=2)), found
    # Each cohort is checked twice, before and after the exchange.
    assert alarms <= (8 if full else at_most(0.02, 2 * repetitions, checks=2)), alarms
