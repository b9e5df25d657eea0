"""Permutations stay within strata."""

from __future__ import annotations

import numpy as np

from stratomics.enrichment.selection.permutation import permutation_p


def test_a_permutation_p_deals_within_strata() -> None:
    stratum = np.repeat([0, 1], 10)

    def statistic(order: np.ndarray) -> float:
        assert np.array_equal(stratum[order], stratum)
        return float(np.array_equal(order, np.arange(20)))

    assert permutation_p(statistic, 20, 99, 0, stratum) == 0.01
