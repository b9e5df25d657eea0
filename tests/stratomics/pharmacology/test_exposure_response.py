"""Slopes against lifelines and scikit-learn, reliability, contrasts of doses."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from saved_exposure import saved_exposure

from omics.cohort.endpoints import Response, Survival
from stratomics.pharmacology.exposure_response import (
    Slope,
    covariate_of,
    dose_contrasts,
    dose_of,
    reliability,
    slope_of,
)


def trial(n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray, Survival, Response]:
    """Exposure, dose, and outcomes that depend on exposure."""
    rng = np.random.default_rng(seed)
    dose = rng.choice([0.0, 1.0], n)
    x = dose + 0.5 * rng.normal(size=n)
    time = np.ceil(rng.exponential(50 * np.exp(0.5 * x)))
    lost = np.ceil(rng.uniform(10, 150, n))
    seen = np.ones(n, dtype=bool)
    survival = Survival(np.minimum(time, lost), time <= lost, seen, "days")
    response = Response(rng.random(n) < 1 / (1 + np.exp(1 - x)), seen)
    return x, dose, survival, response


def test_the_cox_slope_is_that_of_lifelines() -> None:
    lifelines = pytest.importorskip("lifelines")
    x, dose, survival, _ = trial()
    for adjusted in (None, dose):
        columns = {"x": x} if adjusted is None else {"x": x, "dose": adjusted}
        table = pd.DataFrame(columns | {"time": survival.time, "event": survival.event})
        fitted = lifelines.CoxPHFitter().fit(table, "time", "event")
        slope = slope_of(survival, x, adjusted)
        assert slope.log_ratio == pytest.approx(fitted.params_["x"], abs=1e-4)
        assert slope.error == pytest.approx(fitted.standard_errors_["x"], rel=1e-3)
        assert slope.ratio[1] == pytest.approx(np.exp(fitted.confidence_intervals_.iloc[0, 0]), rel=1e-3)


def test_the_logistic_slope_solves_the_score_equations() -> None:
    x, dose, _, response = trial()
    from sklearn.linear_model import LogisticRegression

    columns = np.column_stack([x, dose])
    fitted = LogisticRegression(C=1e8, tol=1e-10, max_iter=1000).fit(columns, response.positive)
    p = fitted.predict_proba(columns)[:, 1]
    design = np.column_stack([np.ones(len(x)), columns])
    covariance = np.linalg.inv((design.T * (p * (1 - p))) @ design)
    slope = slope_of(response, x, dose)
    assert slope.log_ratio == pytest.approx(fitted.coef_[0, 0], abs=1e-4)
    assert slope.error == pytest.approx(math.sqrt(covariance[1, 1]), rel=1e-4)


def test_patients_without_exposure_or_outcome_are_left_out() -> None:
    x, _, survival, _ = trial()
    missing = x.copy()
    missing[:20] = np.nan
    slope = slope_of(survival, missing)
    assert slope == slope_of(survival.take(np.arange(20, 200)), x[20:])
    assert slope.patients == 180


@pytest.mark.parametrize(
    "case", ["constant", "no events", "separated", "explained by the dose", "no patients"]
)
def test_without_a_finite_estimate_there_is_none(case: str) -> None:
    x, dose, survival, response = trial()
    slope = {
        "constant": lambda: slope_of(survival, np.ones(200)),
        "no events": lambda: slope_of(Response(np.zeros(200, bool), response.observed), x),
        "separated": lambda: slope_of(Response(x > 0, response.observed), x),
        "explained by the dose": lambda: slope_of(survival, 2 * dose + 1, dose),
        "no patients": lambda: slope_of(survival, np.full(200, np.nan)),
    }[case]()
    assert np.isnan(slope.log_ratio)
    assert np.isnan(slope.error)


def test_a_slope_in_other_steps() -> None:
    slope = Slope(1.0, 0.1, 10, 5)
    assert slope.per(0.5) == Slope(0.5, 0.05, 10, 5)
    assert slope.covers(1.19)
    assert not slope.covers(1.2)


def test_covariates_are_per_doubling_or_per_tenth() -> None:
    saved = saved_exposure(["a", "b"], np.log([100.0, 200.0]), dose=np.array([500.0, 1000.0]))
    assert np.diff(covariate_of(saved, "auc24_ss")).item() == pytest.approx(1.0)
    share = saved.table["t_above_4_ss"]
    np.testing.assert_allclose(covariate_of(saved, "t_above_4_ss"), 10 * share)
    assert np.diff(dose_of(saved)).item() == pytest.approx(1.0)


def test_the_dose_is_per_time_only_where_all_intervals_are_known() -> None:
    saved = saved_exposure(["a", "b"], np.log([100.0, 200.0]), dose=np.array([512.0, 1024.0]))
    assert dose_of(saved)["a"] == pytest.approx(np.log2(512 / 12))
    saved.table.loc[1, "dose_interval"] = np.nan
    assert dose_of(saved).to_list() == [9.0, 10.0]


def test_reliability() -> None:
    saved = saved_exposure(["a", "b"], np.array([1.0, 1.4]), dose=np.ones(2))
    assert reliability(saved, "auc24_ss") == pytest.approx(0.08 / (0.08 + 0.04))


def test_contrasts_of_doses() -> None:
    _, dose, survival, _ = trial()
    arm = np.where(dose > 0, "high", "low").astype(object)
    arm[:3] = None
    (contrast,) = dose_contrasts(survival, arm, dose, "low")
    assert (contrast.arm, contrast.doublings) == ("high", 1.0)
    assert contrast.slope == slope_of(survival.take(np.arange(3, 200)), dose[3:])
    half = dose_contrasts(survival, arm, dose / 2, "low")[0]
    assert half.per_doubling.log_ratio == pytest.approx(2 * contrast.slope.log_ratio)
    assert dose_contrasts(survival, arm, np.ones(200), "low") == []
