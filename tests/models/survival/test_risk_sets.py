"""Numbers at risk against brute force, and Greenwood's variance against lifelines."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from models.survival.risk_sets import greenwood_terms, number_at_risk


def test_number_at_risk_equals_brute_force() -> None:
    rng = np.random.default_rng(0)
    time = rng.integers(2, 20, 60).astype(float)
    entry = np.floor(time * rng.random(60) * 0.9)
    times = np.arange(0.0, 25.0)
    expected = [((entry < t) & (time >= t)).sum() for t in times]
    assert number_at_risk(time, times, entry).tolist() == expected
    assert number_at_risk(time, times).tolist() == [(time >= t).sum() for t in times]


def test_greenwood_equals_lifelines() -> None:
    rng = np.random.default_rng(1)
    event, time = rng.random(80) < 0.5, rng.integers(1, 25, 80).astype(float)
    # The longest time is censored, so that the last risk set does not become empty.
    event[time == time.max()] = False
    fitted = KaplanMeierFitter().fit(time, event)
    expected = fitted._cumulative_sq_.iloc[1:]  # lifelines has no public name for it
    terms = greenwood_terms(event, time, expected.index.to_numpy())
    np.testing.assert_allclose(np.cumsum(terms), expected.to_numpy(), atol=1e-12)


def test_greenwood_term_of_an_emptied_risk_set_is_zero() -> None:
    terms = greenwood_terms(np.array([True, True]), np.array([1.0, 1.0]), np.array([1.0]))
    assert terms == pytest.approx([0.0])
