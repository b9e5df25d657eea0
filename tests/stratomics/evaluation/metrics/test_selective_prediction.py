"""Risk-coverage area and debiased calibration error: golden numbers, brute force, simulated truths."""

from __future__ import annotations

import json

import numpy as np
import places
import pytest
from claims import repetitions, z_of
from hypothesis import given, settings
from hypothesis import strategies as st
from response_cases import one_fold

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.selective_prediction import risk_coverage_curve

GOLDEN = json.loads((places.GOLDEN / "metrics.json").read_text())


def score(name: str, data: ResponseCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def test_ece_equals_uncertainty_calibration() -> None:
    data = one_fold(np.array(GOLDEN["data"]["positive"]), np.array(GOLDEN["data"]["probability"])[None])
    expected = GOLDEN["figures"]["uncertainty-calibration"]["squared_ece"]
    assert score("ece", data) ** 2 == pytest.approx(expected, rel=1e-9)


@repetitions(100, 300, quick=True)
def test_ece_is_near_zero_if_calibrated_and_near_the_error_otherwise(repetitions: int) -> None:
    """300 repetitions of n 250; the plain calibration error of calibrated predictions is 0.07 on average."""
    true, wrong = [], []
    for seed in range(repetitions):
        rng = np.random.default_rng([seed, 5])
        p = rng.uniform(0.2, 0.7, 250)
        positive = rng.random(250) < p
        true.append(score("ece", one_fold(positive, p[None])))
        wrong.append(score("ece", one_fold(positive, p[None] + 0.2)))
    squares = np.sign(true) * np.square(true)
    if repetitions < 300:
        z = z_of(3) / np.sqrt(repetitions)
        assert abs(np.mean(squares)) < z * np.std(squares)
        assert abs(np.mean(true)) < 0.02 + z * np.std(true)
        assert np.mean(wrong) == pytest.approx(0.2, abs=0.01 + z * np.std(wrong))
        return
    assert abs(np.mean(squares)) < 3 * np.std(squares) / np.sqrt(300)
    assert abs(np.mean(true)) < 0.02
    assert np.mean(wrong) == pytest.approx(0.2, abs=0.01)


def test_ece_is_absent_below_200_patients_with_its_reason() -> None:
    rng = np.random.default_rng(0)
    for n, present in ((199, False), (200, True)):
        p = rng.uniform(size=(1, n))
        comparison = compare(
            {"stratomics": one_fold(rng.random(n) < p[0], p)}, "r", "response", "log_loss", 100, seed=1
        )
        assert ("ece" in comparison.estimates["stratomics"]) == present
        reason = comparison.absent["stratomics"].get("ece") or ""
        assert ("fewer than 200 patients" in reason) != present


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_aurc_equals_brute_force_over_orders_of_ties(seed: int) -> None:
    """Ties broken at random 4,000 times: the mean has a standard error below 0.002."""
    rng = np.random.default_rng(seed)
    p, positive = rng.uniform(size=12).round(1), rng.random(12) < 0.5
    confidence, wrong = np.maximum(p, 1 - p).round(9), np.where(p == 0.5, 0.5, (p > 0.5) != positive)
    order = np.argsort(-confidence + rng.random((4000, 12)) * 1e-6, axis=1)
    curves = np.cumsum(wrong[order], axis=1) / np.arange(1, 13)
    data = one_fold(positive, p[None])
    assert score("aurc", data) == pytest.approx(curves.mean(), abs=0.008)
    coverage, risk = risk_coverage_curve(data)
    np.testing.assert_allclose(risk, curves.mean(axis=0), atol=0.04)
    assert coverage[-1] == 1.0
    assert risk[-1] == pytest.approx(wrong.mean())
    assert score("aurc", data) == pytest.approx(risk.mean(), abs=1e-12)


def test_aurc_of_uninformative_confidence_is_the_error_rate() -> None:
    data = one_fold(np.array([True, False, True, True]), np.full((1, 4), 0.7))
    assert score("aurc", data) == pytest.approx(0.25)
