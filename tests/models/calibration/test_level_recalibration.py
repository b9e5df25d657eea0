"""Recalibration of levels and classes: truth recovered, frequencies without information."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from models.calibration.level_recalibration import LINKS, LevelRecalibration
from omics.cohort.endpoints import Response
from omics.common.errors import FitError


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
    scores, response = levels(50, 1.0)
    scores[3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        LevelRecalibration.fit("ordinal", scores, response)
