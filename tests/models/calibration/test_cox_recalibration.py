"""Recalibration of log hazards: the slope shrinks overconfident predictions and is never negative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.calibration.cox_recalibration import CoxRecalibration
from omics.common.errors import FitError


def draw(n: int, factor: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    time, censored = rng.exponential(np.exp(-truth)), rng.exponential(2.0, size=n)
    return truth * factor, time < censored, np.minimum(time, censored)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_slope_corrects_overconfidence(factor: float) -> None:
    recalibration = CoxRecalibration.fit(*draw(4000, factor))
    assert recalibration.slope * factor == pytest.approx(1.0, abs=0.06)


def test_a_reversed_prediction_gets_slope_zero() -> None:
    recalibration = CoxRecalibration.fit(*draw(200, -1.0))
    assert recalibration.slope == 0.0
    curves = recalibration.survival(np.array([-2.0, 2.0]))
    np.testing.assert_array_equal(curves[0], curves[1])


def test_survival_agrees_with_the_truth() -> None:
    eta, event, time = draw(20_000, 1.0)
    recalibration = CoxRecalibration.fit(eta, event, time)
    times = recalibration.baseline.times
    # The last patients at risk are too few to estimate the curve.
    early = times < np.quantile(time, 0.95)
    for value in (-1.0, 0.0, 1.0):
        true = np.exp(-times * np.exp(value))
        assert np.abs(recalibration.survival(np.array([value]))[0] - true)[early].max() < 0.02


def test_higher_risk_never_has_a_better_curve() -> None:
    recalibration = CoxRecalibration.fit(*draw(60, 1.0, seed=3))
    curves = recalibration.survival(np.linspace(-3, 3, 7))
    assert (np.diff(curves, axis=0) <= 0).all()
    assert (np.diff(curves, axis=1) <= 0).all()


def test_equal_predictions_give_one_curve() -> None:
    _, event, time = draw(50, 1.0)
    assert CoxRecalibration.fit(np.zeros(50), event, time).slope == 0.0


def test_nan_raises_an_error() -> None:
    eta, event, time = draw(50, 1.0)
    eta[3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        CoxRecalibration.fit(eta, event, time)


def test_saved_and_loaded(tmp_path: Path) -> None:
    recalibration = CoxRecalibration.fit(*draw(80, 1.0))
    recalibration.save(tmp_path, "r")
    again = CoxRecalibration.load(tmp_path, "r")
    np.testing.assert_array_equal(
        again.survival(np.array([0.3, -1.0])), recalibration.survival(np.array([0.3, -1.0]))
    )
