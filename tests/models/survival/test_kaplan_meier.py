"""Kaplan-Meier against lifelines and scikit-survival, plain and weighted."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from sksurv.nonparametric import CensoringDistributionEstimator
from sksurv.util import Surv

from models.survival.kaplan_meier import (
    StepFunction,
    censoring_survival,
    kaplan_meier,
    product_limit_hazard,
)


@pytest.fixture
def follow_up() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random(80) < 0.5, rng.integers(1, 25, 80).astype(float)


def test_kaplan_meier_equals_lifelines(follow_up: tuple[np.ndarray, np.ndarray]) -> None:
    event, time = follow_up
    reference = KaplanMeierFitter().fit(time, event)
    at = np.linspace(0, 30, 61)
    np.testing.assert_allclose(
        kaplan_meier(event, time)(at), reference.survival_function_at_times(at), atol=1e-12
    )


def test_censoring_equals_scikit_survival_with_ties(follow_up: tuple[np.ndarray, np.ndarray]) -> None:
    event, time = follow_up
    reference = CensoringDistributionEstimator().fit(Surv.from_arrays(event, time))
    np.testing.assert_allclose(
        censoring_survival(event, time)(time), reference.predict_proba(time), atol=1e-12
    )


def test_weight_counts_a_patient_repeatedly(follow_up: tuple[np.ndarray, np.ndarray]) -> None:
    event, time = follow_up
    weight = np.random.default_rng(1).integers(0, 4, (3, 80))
    at = np.linspace(0, 30, 31)
    for function in (kaplan_meier, censoring_survival):
        curves = function(event, time, weight.astype(float))(at)
        for row, counts in zip(curves, weight, strict=True):
            rows = np.repeat(np.arange(80), counts)
            np.testing.assert_allclose(row, function(event[rows], time[rows])(at), atol=1e-12)


def test_steps_are_right_continuous_and_carried_forward() -> None:
    steps = StepFunction(np.array([1.0, 3.0]), np.array([[0.8, 0.2], [0.5, 0.1]]))
    np.testing.assert_array_equal(
        steps(np.array([0.9, 1.0, 2.9, 3.0, 99.0])), [[1, 0.8, 0.8, 0.2, 0.2], [1, 0.5, 0.5, 0.1, 0.1]]
    )


def test_product_limit_equals_lifelines_with_entry() -> None:
    rng = np.random.default_rng(2)
    time = 1 + rng.integers(1, 40, 300).astype(float)
    entry, event = np.floor(time * rng.random(300) * 0.5), rng.random(300) < 0.5
    # Some patients are at risk throughout, so that no risk set becomes empty.
    entry[:20], time[:20], event[:20] = 0.0, 50.0, False
    hazard = product_limit_hazard(event, time, entry)
    fitted = KaplanMeierFitter().fit(time, event, entry=entry)
    expected = fitted.survival_function_at_times(hazard.times).to_numpy()
    np.testing.assert_allclose(np.exp(-hazard.values), expected, atol=1e-10)
