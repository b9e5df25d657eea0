"""Selective prediction, abstentions and calibration of a response: brute force, oracles, odd cohorts."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from survival_cases import made_up

from stratomics.evaluation.cases import Cases, ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.metrics.response_scores import brier
from stratomics.evaluation.metrics.response_set_coverage import few_together
from stratomics.evaluation.metrics.survival_scores import brier_curve
from stratomics.evaluation.response_calibration import observed_less_predicted, recalibration
from stratomics.evaluation.risk_coverage import (
    abstention_table,
    brier_among,
    brier_by_coverage,
    doubt,
    mean_over_coverage,
)

SHARES = np.arange(10, 101, 10) / 100


def responses(n: int = 60, repeats: int = 2, seed: int = 0) -> ResponseCases:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(size=(repeats, n)).round(1).clip(0.05, 0.95)
    return ResponseCases(rng.random(n) < probability[0], probability, np.zeros((repeats, n), dtype=np.int64))


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_response_is_the_mean_over_all_orders_of_equals(seed: int) -> None:
    """Patients who come last among equals count by the part of them that is kept."""
    data, rng = responses(20, seed=seed), np.random.default_rng(seed)
    uncertainty = rng.integers(0, 4, (2, 20)).astype(float)
    weight = resamples(np.arange(20), 2, seed)
    found = brier_by_coverage(data, uncertainty, SHARES, weight)
    for row, values in zip(weight.astype(int), found, strict=True):
        rows = np.repeat(np.arange(20), row)
        for share, value in zip(SHARES, values, strict=True):
            scores = []
            for own, unsure in zip(data.probability, uncertainty, strict=True):
                error, left, total = (own - data.positive)[rows] ** 2, share * 20, 0.0
                for level in np.unique(unsure):
                    group = error[unsure[rows] == level]
                    taken = min(left, len(group))
                    total += taken * group.mean() if len(group) else 0.0
                    left -= taken
                scores.append(total / (share * 20))
            assert value == pytest.approx(np.mean(scores), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_of_all_it_is_the_brier_score(seed: int) -> None:
    weight = resamples(np.arange(60), 10, seed)
    of_response, of_survival = responses(seed=seed), made_up(seed=seed)
    everybody = np.ones((2, 60), dtype=bool)
    for data, expected in (
        (of_response, brier(of_response, weight)),
        (of_survival, _brier_at_horizon(of_survival, weight)),
    ):
        found = brier_by_coverage(data, doubt(data), SHARES, weight)
        np.testing.assert_allclose(found[:, -1], expected, atol=1e-12)
        np.testing.assert_allclose(brier_among(data, everybody, weight), expected, atol=1e-12)


def _brier_at_horizon(data: Cases, weight: np.ndarray) -> np.ndarray:
    at = dataclasses.replace(data, grid=np.array([data.horizon, data.horizon]))
    return brier_curve(at, weight)[:, 0]


def test_who_says_nothing_by_his_order_gains_nothing() -> None:
    for data in (responses(), made_up()):
        weight = resamples(np.arange(60), 10, 1)
        curve = brier_by_coverage(data, np.ones((2, 60)), SHARES, weight)
        np.testing.assert_allclose(curve, np.broadcast_to(curve[:, -1:], curve.shape), atol=1e-12)
        np.testing.assert_allclose(mean_over_coverage(curve, SHARES), curve[:, -1])


def test_the_order_of_the_errors_themselves_is_the_best() -> None:
    data = responses()
    error = (data.probability - data.positive) ** 2
    once = np.ones((1, 60))
    best = brier_by_coverage(data, error, SHARES, once)
    assert (np.diff(best) >= -1e-12).all()
    assert (best <= brier_by_coverage(data, doubt(data), SHARES, once) + 1e-12).all()
    assert (brier_by_coverage(data, -error, SHARES, once) >= best - 1e-12).all()


def test_many_repeats_of_one_prediction_are_one() -> None:
    for data in (responses(repeats=1), made_up(repeats=1)):
        more: Cases = (
            dataclasses.replace(data, probability=np.tile(data.probability, (5, 1)))
            if isinstance(data, ResponseCases)
            else dataclasses.replace(data, curves=data.curves * 5)
        )
        weight = resamples(np.arange(60), 5, 1)
        np.testing.assert_allclose(
            brier_by_coverage(more, doubt(more), SHARES, weight),
            brier_by_coverage(data, doubt(data), SHARES, weight),
        )


def test_among_nobody_there_is_no_score() -> None:
    data, once = responses(), np.ones((1, 60))
    assert np.isnan(brier_among(data, np.zeros((2, 60), dtype=bool), once)).all()
    chosen = np.zeros((2, 60), dtype=bool)
    chosen[0, 3] = True
    expected = (data.probability[0, 3] - data.positive[3]) ** 2
    assert brier_among(data, chosen, once)[0] == pytest.approx(expected)


def test_patients_of_whom_models_abstain_are_counted_once() -> None:
    abstained = np.array([[1, 1, 0, 1, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0]], dtype=bool)
    unlike = np.array([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=bool)
    site = np.array(["<x>", "<x>", "<x>", "y", "y"])
    rows = abstention_table(abstained, unlike, {"site": site}).to_numpy().tolist()
    assert rows == [
        ["all", "all", 5, 2, 1, 1],
        ["site", "<x>", 3, 2, 1, 1],
        ["site", "y", 2, 0, 0, 0],
    ]


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=60), st.integers(1, 12))
def test_few_together_loses_nobody(labels: list[str], least: int) -> None:
    given_, found = np.array(labels), few_together(np.array(labels), least)
    assert len(found) == len(given_)
    kept = found == given_
    assert all((given_ == label).sum() >= least or (~kept).sum() == 0 for label in np.unique(given_[kept]))
    assert len(np.unique(found[~kept])) <= 1


@pytest.mark.parametrize("seed", range(3))
def test_recalibration_is_logistic_regression_without_a_penalty(seed: int) -> None:
    data = responses(200, seed=seed)
    weight = resamples(np.arange(200), 3, seed)
    expected = []
    for row in weight:
        fits = []
        for own in data.probability:
            x = np.log(own / (1 - own))[:, None]
            model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
            model.fit(x, data.positive, sample_weight=row)
            fits.append([model.intercept_[0], model.coef_[0, 0]])
        expected.append(np.mean(fits, axis=0))
    np.testing.assert_allclose(recalibration(data, weight), expected, atol=1e-5)


def test_recalibration_is_the_maximum_likelihood() -> None:
    data = responses(100, repeats=1)
    x = np.log(data.probability[0] / (1 - data.probability[0]))

    def loss(b: np.ndarray) -> float:
        linear = b[0] + b[1] * x
        return float(np.logaddexp(0.0, np.where(data.positive, -linear, linear)).sum())

    best = minimize(loss, [0.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    np.testing.assert_allclose(recalibration(data, np.ones((1, 100)))[0], best.x, atol=1e-5)


def test_recalibration_without_an_end_is_no_number() -> None:
    data, once = responses(), np.ones((1, 60))
    flat = dataclasses.replace(data, probability=np.full((1, 60), 0.3))
    sure = dataclasses.replace(data, probability=np.where(data.positive, 0.9, 0.1)[None])
    alone = dataclasses.replace(data, positive=np.ones(60, dtype=bool))
    for odd in (flat, sure, alone):
        assert np.isnan(recalibration(odd, once)).all()
    assert observed_less_predicted(flat, once)[0] == pytest.approx(data.positive.mean() - 0.3)
