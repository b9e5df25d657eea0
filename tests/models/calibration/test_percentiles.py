"""Percentiles: strictly increasing, calibrated despite censoring, hardly changed with few events."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.calibration.percentiles import Percentiles


@given(st.integers(1, 60), st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_percentiles_increase_strictly_between_0_and_1(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    survival = rng.choice(np.concatenate([rng.random(5), [0.0, 1.0]]), n)
    percentiles = Percentiles.fit(survival, rng.random(n) < 0.5)
    at = percentiles(np.linspace(0, 1, 301))
    assert (np.diff(at) > 0).all()
    assert at[0] == 0.0
    assert at[-1] == 1.0


def test_percentiles_calibrate_a_distorted_curve_despite_censoring() -> None:
    """The prediction is S(T) squared; half of the patients are censored before the event."""
    rng = np.random.default_rng(1)
    died, censored = rng.random(20_000), rng.random(20_000)
    event = died > censored  # S decreases with time, so an event at a higher S comes first
    percentiles = Percentiles.fit(np.maximum(died, censored) ** 2, event)
    at = np.linspace(0.1, 1, 19)
    np.testing.assert_allclose(percentiles(at**2), at, atol=0.02)


def test_few_events_hardly_change_the_curves() -> None:
    percentiles = Percentiles.fit(np.array([0.9, 0.8]), np.array([True, True]))
    at = np.linspace(0, 1, 11)
    assert np.abs(percentiles(at) - at).max() < 0.04
