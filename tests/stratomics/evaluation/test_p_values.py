"""P values by permutation within strata, and their adjustment."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stratomics.evaluation.p_values import holm, permutation_p


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_equals_its_step_down_definition(values: list[float]) -> None:
    p = np.array(values)
    order = sorted(range(len(p)), key=lambda i: p[i])
    worst, expected = 0.0, np.empty(len(p))
    for step, place in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - step) * p[place]))
        expected[place] = worst
    np.testing.assert_allclose(holm(p), expected)
    assert np.isnan(holm(np.append(p, np.nan))[-1])
    np.testing.assert_allclose(holm(np.append(p, np.nan))[:-1], expected)


def test_a_permutation_p_deals_within_strata() -> None:
    stratum = np.repeat([0, 1], 10)

    def statistic(order: np.ndarray) -> float:
        assert np.array_equal(stratum[order], stratum)
        return float(np.array_equal(order, np.arange(20)))

    assert permutation_p(statistic, 20, 99, 0, stratum) == 0.01
