"""Recalibration of curves, competing risks and levels: truth recovered, order kept, averages without information."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter
from scipy.special import expit

from models.calibration.competing_recalibration import CompetingRecalibration
from models.calibration.curve_recalibration import CurveRecalibration
from models.calibration.level_recalibration import LINKS, LevelRecalibration
from models.calibration.percentiles import Percentiles
from omics.cohort.endpoints import Response
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


def test_uninformative_estimates_give_the_incidence_of_aalen_and_johansen() -> None:
    rng = np.random.default_rng(3)
    ends = rng.exponential([1.0, 2.0, 2.0], size=(800, 3))
    time, cause = ends.min(axis=1), (ends.argmin(axis=1) + 1) % 3
    grid = np.unique(time[cause > 0])
    flat = np.zeros((800, len(grid)))
    calibration = CompetingRecalibration.fit([flat, flat], grid, cause, time)
    assert calibration.slope == 0.0
    survival, incidence = calibration.incidence(np.zeros((3, 4, 2 * len(grid))))
    np.testing.assert_allclose(incidence.sum(axis=0), 1.0 - survival, atol=1e-12)
    for number in (1, 2):
        fitted = AalenJohansenFitter(calculate_variance=False).fit(time, cause, event_of_interest=number)
        expected = fitted.cumulative_density_.iloc[:, 0].reindex(grid).to_numpy()
        early = grid < np.quantile(time, 0.98)
        np.testing.assert_allclose(incidence[number - 1, 0][early], expected[early], atol=0.012)


def test_each_cause_recovers_its_covariate() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(3000, 2))
    ends = np.column_stack([rng.exponential(np.exp(-x)), rng.exponential(2.0, 3000)])
    time, cause = ends.min(axis=1), (ends.argmin(axis=1) + 1) % 3
    parts = [np.repeat(x[:, [c]], len(TIMES), axis=1) for c in range(2)]
    calibration = CompetingRecalibration.fit([parts[0], parts[1] * 0.0], TIMES, cause, time)
    assert calibration.causes[0].slope == pytest.approx(1.0, abs=0.06)
    assert calibration.causes[1].slope == 0.0
    prediction = calibration.prediction(np.arange(3000).astype(str), np.stack([np.hstack(parts)] * 2), "e")
    last = prediction.survival[prediction.survival["time"] == TIMES[-1]].pivot(
        index="sample_id", columns="cause", values="cumulative_incidence"
    )
    first = last[1].loc[np.arange(3000).astype(str)].to_numpy()
    assert np.corrcoef(x[:, 0], first)[0, 1] > 0.9
    [curves] = prediction.curves()
    assert curves.survival.values.shape == (3000, len(TIMES))


def levels(n: int, factor: float, seed: int = 0) -> tuple[np.ndarray, Response]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n) * 1.5
    level = np.digitize(x + rng.logistic(size=n), [-1.0, 0.5, 2.0])
    return x[:, None] * factor, Response(level > 1, np.ones(n, bool), level, ("PD", "SD", "PR", "CR"))


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_levels_recover_slope_and_thresholds(factor: float) -> None:
    """n 20,000: standard errors about 0.02."""
    estimate, response = levels(20_000, factor)
    calibration = LevelRecalibration.fit("ordinal", estimate, response)
    assert calibration.slope * factor == pytest.approx(1.0, abs=0.06)
    for value in (-1.0, 1.0):
        expected = np.diff(expit(np.array([-np.inf, -1.0, 0.5, 2.0, np.inf]) - value))
        np.testing.assert_allclose(calibration.probability(np.array([value * factor])), expected, atol=0.015)


@pytest.mark.parametrize("link", sorted(LINKS))
@pytest.mark.parametrize("factor", [0.0, -1.0])
def test_levels_without_information_get_their_frequencies(link: str, factor: float) -> None:
    estimate, response = levels(300, factor)
    if link == "multinomial":
        estimate = estimate * np.linspace(-1, 1, 4)
    calibration = LevelRecalibration.fit(link, estimate, response)
    assert calibration.slope == 0.0
    _, level = response.outcome
    expected = np.bincount(level) / 300
    np.testing.assert_allclose(calibration.probability(estimate), np.tile(expected, (300, 1)), atol=1e-9)


def test_temperature_of_classes_is_recovered() -> None:
    rng = np.random.default_rng(5)
    logit = rng.normal(size=(20_000, 3)) + np.array([0.5, 0.0, -1.0])
    level = (logit + rng.gumbel(size=logit.shape)).argmax(axis=1)
    response = Response(level == 2, np.ones(len(level), bool), level, ("a", "b", "c"))
    extreme = 2.5 * (logit - logit.mean(axis=0))
    calibration = LevelRecalibration.fit("multinomial", extreme, response)
    assert calibration.slope == pytest.approx(0.4, abs=0.02)
    true = np.exp(logit) / np.exp(logit).sum(axis=1, keepdims=True)
    assert np.abs(calibration.probability(extreme) - true).max() < 0.04


def test_a_level_without_patients_is_unlikely_and_not_impossible(tmp_path: Path) -> None:
    estimate, response = levels(60, 1.0)
    positive, level = response.outcome
    without = Response(positive, response.observed, np.minimum(level, 2), response.levels)
    calibration = LevelRecalibration.fit("ordinal", estimate, without)
    probability = calibration.probability(estimate)
    assert (probability[:, 3] > 0).all()
    assert probability[:, 3].max() < 0.1
    calibration.save(tmp_path, "r")
    np.testing.assert_array_equal(LevelRecalibration.load(tmp_path, "r").probability(estimate), probability)


def test_nan_raises_an_error() -> None:
    _, estimate, event, time = draw(50)
    estimate[3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        CurveRecalibration.fit(estimate, TIMES, event, time)
    scores, response = levels(50, 1.0)
    scores[3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        LevelRecalibration.fit("ordinal", scores, response)


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
