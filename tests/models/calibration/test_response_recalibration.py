"""Recalibration of a response: the truth is recovered; the slope is shrunk and never negative."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from models.calibration.response_recalibration import ResponseRecalibration
from omics.common.errors import FitError


def draw(n: int, factor: float, seed: int = 0, level: float = -1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.normal(size=n)
    return truth * factor, rng.random(n) < expit(truth + level)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_slope_and_intercept_correct_overconfidence(factor: float) -> None:
    """n 20,000: the standard errors of slope and intercept are about 0.02."""
    recalibration = ResponseRecalibration.fit(*draw(20_000, factor))
    assert recalibration.slope * factor == pytest.approx(1.0, abs=0.06)
    assert recalibration.intercept == pytest.approx(-1.0, abs=0.06)


def test_equals_ridge_logistic_regression_on_the_standardised_logit() -> None:
    logit, positive = draw(80, 2.0)
    standard = (logit - logit.mean()) / logit.std()
    oracle = LogisticRegression(C=1.0, tol=1e-12).fit(standard[:, None], positive)
    recalibration = ResponseRecalibration.fit(logit, positive)
    np.testing.assert_allclose(
        recalibration.probability(logit), oracle.predict_proba(standard[:, None])[:, 1], atol=1e-5
    )


def test_probabilities_add_up_to_the_positive_patients() -> None:
    for factor in (1.0, -1.0):
        logit, positive = draw(70, factor)
        probability = ResponseRecalibration.fit(logit, positive).probability(logit)
        assert probability.sum() == pytest.approx(positive.sum(), abs=1e-8)


def test_a_reversed_prediction_gets_slope_zero() -> None:
    logit, positive = draw(200, -1.0)
    recalibration = ResponseRecalibration.fit(logit, positive)
    assert recalibration.slope == 0.0
    np.testing.assert_allclose(recalibration.probability(np.array([-9.0, 9.0])), positive.mean())


def test_few_patients_shrink_the_slope() -> None:
    logit, positive = draw(12, 1.0, seed=4)
    standard = ((logit - logit.mean()) / logit.std())[:, None]
    free = LogisticRegression(C=1e6, tol=1e-10).fit(standard, positive).coef_[0, 0]
    assert 0 < ResponseRecalibration.fit(logit, positive).slope * logit.std() < free


def test_perfect_separation_stays_finite() -> None:
    logit = np.linspace(-1, 1, 30)
    recalibration = ResponseRecalibration.fit(logit, logit > 0)
    assert np.isfinite([recalibration.slope, recalibration.intercept]).all()
    assert (np.diff(recalibration.probability(logit)) > 0).all()


def test_equal_logits_give_the_prevalence() -> None:
    positive = np.arange(40) < 10
    recalibration = ResponseRecalibration.fit(np.zeros(40), positive)
    assert recalibration.slope == 0.0
    assert recalibration.probability(np.array([3.0])) == pytest.approx(0.25)


def test_nan_raises_an_error() -> None:
    logit, positive = draw(50, 1.0)
    logit[3] = np.nan
    with pytest.raises(FitError, match="not finite"):
        ResponseRecalibration.fit(logit, positive)


def test_members_are_averaged_as_probabilities() -> None:
    recalibration = ResponseRecalibration(2.0, -1.0)
    logits = np.array([[0.0, 3.0], [1.0, -2.0], [0.5, 0.0]])
    table = recalibration.prediction(np.array(["a", "b"]), logits[..., None], "response")
    members = expit(2.0 * logits - 1.0)
    np.testing.assert_allclose(table.patients["response_probability"], members.mean(axis=0))
    np.testing.assert_allclose(table.patients["response_sd"], members.std(axis=0, ddof=1))
    assert set(table.long) == {"response"}


def test_saved_and_loaded(tmp_path: Path) -> None:
    recalibration = ResponseRecalibration.fit(*draw(80, 1.0))
    recalibration.save(tmp_path, "r")
    assert {p.suffix for p in tmp_path.iterdir()} == {".json", ".safetensors"}
    assert ResponseRecalibration.load(tmp_path, "r") == recalibration
