"""Percentile intervals."""

from __future__ import annotations

import numpy as np
import pytest

from stratomics.evaluation.intervals import pointwise_interval


def test_a_point_without_values_in_many_resamples_has_no_interval() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1001, 3))
    values[1:200, 1] = np.nan
    values[1:20, 2] = np.nan
    low, high = pointwise_interval(values)
    np.testing.assert_array_equal(np.isnan(low), [False, True, False])
    np.testing.assert_array_equal(np.isnan(high), [False, True, False])
    assert low[0] == pytest.approx(np.quantile(values[1:, 0], 0.025))
    assert high[2] == pytest.approx(np.nanquantile(values[1:, 2], 0.975))
