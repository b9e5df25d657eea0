"""Adjustment of p values."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stratomics.evaluation.multiplicity import holm


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
