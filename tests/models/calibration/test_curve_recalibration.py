"""Recalibration of curves: truth recovered, order of patients kept, Kaplan-Meier without information."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter

from models.calibration.curve_recalibration import CurveRecalibration
from omics.common.errors import FitError

TIMES = np.linspace(0.02, 3.0, 100)


def draw(n: int, factor: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Centred log cumulative hazards of patients with hazard exp(x), too extreme by `factor`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    time, censored = rng.exponential(np.exp(-x)), rng.exponential(2.0, size=n)
    estimate = np.repeat((x - x.mean())[:, None] * factor, len(TIMES), axis=1)
    return x, estimate, time < censored, np.minimum(time, censored)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_slope_corrects_overconfidence(factor: float) -> None:
    _, estimate, event, time = draw(4000, factor)
    calibration = CurveRecalibration.fit(estimate, TIMES, event, time)
    assert calibration.slope * factor == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("factor", [1.0, 3.0])
def test_curves_agree_with_the_truth(factor: float) -> None:
    x, estimate, event, time = draw(20_000, factor)
    calibration = CurveRecalibration.fit(estimate, TIMES, event, time)
    for value in (-1.0, 0.0, 1.0):
        estimates = np.full((1, 1, len(TIMES)), (value - x.mean()) * factor)
        assert np.abs(calibration.survival(estimates)[0] - np.exp(-TIMES * np.exp(value))).max() < 0.02


@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_without_information_all_patients_get_the_kaplan_meier_curve(factor: float) -> None:
    _, estimate, event, time = draw(500, factor)
    calibration = CurveRecalibration.fit(estimate, TIMES, event, time)
    assert calibration.slope == 0.0
    curves = calibration.survival(estimate[None])
    assert np.ptp(curves, axis=0).max() == 0.0
    expected = KaplanMeierFitter().fit(time, event).survival_function_at_times(TIMES).to_numpy()
    np.testing.assert_allclose(curves[0], expected, atol=0.005)


@given(st.integers(20, 120), st.integers(0, 1000), st.floats(0.1, 3.0))
@settings(deadline=None, max_examples=25)
def test_the_order_at_any_time_is_kept_and_curves_decrease(n: int, seed: int, factor: float) -> None:
    _, estimate, event, time = draw(n, factor, seed)
    if not event.any():
        return
    rng = np.random.default_rng(seed)
    # Curves that do not cross: all share the same variation over time.
    estimate = estimate + rng.normal(size=len(TIMES)) * 0.1
    calibration = CurveRecalibration.fit(estimate - estimate.mean(axis=0), TIMES, event, time)
    curves = calibration.survival(estimate[None])
    assert (np.diff(curves, axis=1) <= 1e-12).all()
    assert ((curves >= 0) & (curves <= 1)).all()
    order = np.argsort(estimate[:, 0])
    assert (np.diff(curves[order], axis=0) <= 1e-12).all()


def test_nan_raises_an_error() -> None:
    _, estimate, event, time = draw(50)
    estimate[3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        CurveRecalibration.fit(estimate, TIMES, event, time)


def test_times_beyond_the_last_step_keep_the_last_value() -> None:
    """Patients followed beyond the training follow-up keep the last value; the table ends at the last time."""
    _, estimate, event, time = draw(200)
    calibration = CurveRecalibration.fit(estimate, TIMES, event, time)
    prediction = calibration.prediction(np.arange(200).astype(str), np.stack([estimate] * 2), "e")
    [curves] = prediction.curves()
    assert curves.survival.times[-1] == TIMES[-1]
    at = curves.survival(np.array([TIMES[-1], 1e6]))
    np.testing.assert_array_equal(at[:, 0], at[:, 1])


def test_an_event_on_a_constant_part_of_a_curve_does_not_dominate() -> None:
    """A hazard that decreases to a sixth would let one curve increase; it is kept constant, with an event there."""
    _, estimate, event, time = draw(300)
    before = CurveRecalibration.fit(estimate, TIMES, event, time).slope
    known = np.flatnonzero(event & (time < TIMES[-1]))
    last = known[time[known].argmax()]
    estimate[last] = np.where(time[last] - 0.3 > TIMES, 0.9, -0.9)
    assert CurveRecalibration.fit(estimate, TIMES, event, time).slope > 0.5 * before
