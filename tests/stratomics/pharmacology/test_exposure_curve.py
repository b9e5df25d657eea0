"""Curves against the regressions' own predictions, bands against the bootstrap, the range by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from stratomics.evaluation.metrics.weighted_cox import baseline_hazard, weighted_cox
from stratomics.pharmacology.exposure_curve import RiskCurve, exposure_grid, risk_curve, therapeutic_window

HORIZON = 60.0


def outcomes(n: int = 300) -> tuple[NDArray[np.float64], Survival, Response]:
    rng = np.random.default_rng(3)
    x = rng.normal(size=n)
    time, lost = rng.exponential(80 * np.exp(-0.5 * x)), rng.uniform(20, 200, n)
    seen = np.ones(n, dtype=bool)
    survival = Survival(np.minimum(time, lost), time <= lost, seen)
    return x, survival, Response(rng.random(n) < 1 / (1 + np.exp(-x)), seen)


def test_the_survival_band_is_that_of_the_bootstrap() -> None:
    x, survival, _ = outcomes()
    grid = np.array([-1.5, 0.0, 1.5])
    curve = risk_curve(survival, x, HORIZON, grid)
    assert curve is not None
    weight = np.random.default_rng(0).multinomial(300, np.full(300, 1 / 300), 400).astype(float)
    weight[0] = 1.0
    slopes = weighted_cox(x[:, None], survival.event, survival.time, weight, np.zeros(300, dtype=np.int64))[
        :, 0
    ]
    hazards = [
        baseline_hazard(b * x, survival.event, survival.time, w, HORIZON)
        for b, w in zip(slopes, weight, strict=True)
    ]
    linear = np.log(hazards)[:, None] + slopes[:, None] * grid
    np.testing.assert_allclose(np.log(-np.log1p(-curve.risk)), linear[0], atol=1e-6)
    width = np.log(-np.log1p(-curve.high)) - np.log(-np.log1p(-curve.low))
    # Monte Carlo error of a standard deviation of 400 draws is 3.5%; the bootstrap of 300 patients is slightly wider.
    np.testing.assert_allclose(width / 3.92, linear[1:].std(axis=0), rtol=0.15)


def test_the_response_band_is_that_of_the_information() -> None:
    x, _, response = outcomes()
    grid = exposure_grid(x)
    curve = risk_curve(response, x, np.nan, grid)
    assert curve is not None
    logit = np.log(curve.risk / (1 - curve.risk))
    slope, intercept = np.polyfit(grid, logit, 1)
    p = 1 / (1 + np.exp(-(intercept + slope * x)))
    design = np.column_stack([np.ones(300), x])
    np.testing.assert_allclose(design.T @ (response.positive - p), 0.0, atol=1e-3)
    covariance = np.linalg.inv((design.T * (p * (1 - p))) @ design)
    at = np.column_stack([np.ones(len(grid)), grid])
    error = np.sqrt(np.einsum("ij,jk,ik->i", at, covariance, at))
    width = np.log(curve.high / (1 - curve.high)) - logit
    np.testing.assert_allclose(width, 1.96 * error, rtol=1e-3)


def test_there_is_no_curve_without_a_slope_or_an_event() -> None:
    x, survival, _ = outcomes()
    grid = exposure_grid(x)
    assert risk_curve(survival, np.ones(300), HORIZON, grid) is None
    assert risk_curve(survival, x, float(survival.time.min()) / 2, grid) is None


def line(risk: list[float]) -> RiskCurve:
    values = np.array(risk)
    return RiskCurve(np.arange(len(risk), dtype=float), values, values, values)


def test_the_range_in_which_both_are_acceptable() -> None:
    death, toxicity = line([0.6, 0.5, 0.4, 0.3, 0.2]), line([0.0, 0.1, 0.2, 0.3, 0.4])
    assert therapeutic_window(death, 0.5, toxicity, 0.3) == (1.0, 3.0)
    assert therapeutic_window(death, 0.1, toxicity, 0.3) is None
    response = line([0.1, 0.5, 0.1, 0.5, 0.5])
    assert therapeutic_window(response, 0.4, toxicity, 1.0, higher_is_better=True) == (3.0, 4.0)
    with pytest.raises(AssertionError):
        therapeutic_window(death, 0.5, line([0.1]), 0.3)
