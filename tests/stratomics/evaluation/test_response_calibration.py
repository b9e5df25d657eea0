"""Recalibration of a response against logistic regression and maximum likelihood."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.response_calibration import calibration_in_the_large, recalibration


def responses(n: int = 60, repeats: int = 2, seed: int = 0) -> ResponseCases:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(size=(repeats, n)).round(1).clip(0.05, 0.95)
    return ResponseCases(rng.random(n) < probability[0], probability, np.zeros((repeats, n), dtype=np.int64))


@pytest.mark.parametrize("seed", range(3))
def test_recalibration_equals_logistic_regression_without_penalty(seed: int) -> None:
    data = responses(200, seed=seed)
    weight = resamples(np.arange(200), 3, seed)
    expected = []
    for row in weight:
        fits = []
        for probability in data.probability:
            x = np.log(probability / (1 - probability))[:, None]
            model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
            model.fit(x, data.positive, sample_weight=row)
            fits.append([model.intercept_[0], model.coef_[0, 0]])
        expected.append(np.mean(fits, axis=0))
    np.testing.assert_allclose(recalibration(data, weight), expected, atol=1e-5)


def test_recalibration_maximises_the_likelihood() -> None:
    data = responses(100, repeats=1)
    x = np.log(data.probability[0] / (1 - data.probability[0]))

    def loss(b: np.ndarray) -> float:
        linear = b[0] + b[1] * x
        return float(np.logaddexp(0.0, np.where(data.positive, -linear, linear)).sum())

    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    np.testing.assert_allclose(recalibration(data, np.ones((1, 100)))[0], best.x, atol=1e-5)


def test_recalibration_is_nan_without_a_maximum() -> None:
    data, once = responses(), np.ones((1, 60))
    flat = dataclasses.replace(data, probability=np.full((1, 60), 0.3))
    sure = dataclasses.replace(data, probability=np.where(data.positive, 0.9, 0.1)[None])
    alone = dataclasses.replace(data, positive=np.ones(60, dtype=bool))
    for odd in (flat, sure, alone):
        assert np.isnan(recalibration(odd, once)).all()
    assert calibration_in_the_large(flat, once)[0] == pytest.approx(data.positive.mean() - 0.3)
