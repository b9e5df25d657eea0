"""Percentiles among the training patients, and means of groups of similar patients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratomics.explanation.reference import SHARES, percentile


def test_percentiles_of_a_normal_sample() -> None:
    sample = np.random.default_rng(0).normal(size=5000)
    quantiles = np.quantile(sample, SHARES)
    found = percentile(quantiles, np.array([-10.0, np.median(sample), 10.0, np.nan]))
    assert found[:3] == pytest.approx([0.5, 50.0, 99.5])
    assert np.isnan(found[3])


def test_ties_are_in_their_middle() -> None:
    # Half of the patients have 0 and half have 1.
    quantiles = np.quantile(np.repeat([0.0, 1.0], 100), SHARES)
    assert percentile(quantiles, np.array([0.0, 1.0])) == pytest.approx([25.0, 75.0], abs=1.0)


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30), st.integers(0, 1000))
def test_percentiles_do_not_decrease(values: list[float], seed: int) -> None:
    quantiles = np.quantile(np.random.default_rng(seed).normal(size=50), SHARES)
    found = percentile(quantiles, np.sort(values))
    assert (np.diff(found) >= 0).all()
    assert ((found >= 0) & (found <= 100)).all()
