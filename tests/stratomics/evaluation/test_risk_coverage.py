"""Selective prediction and abstention against brute force, and edge cases."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_cases import made_up

from stratomics.evaluation.cases import Cases, ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.metrics.response_scores import brier
from stratomics.evaluation.metrics.survival_scores import brier_curve
from stratomics.evaluation.risk_coverage import (
    abstention_table,
    brier_by_coverage,
    brier_of_subset,
    mean_over_coverage,
    outcome_variance,
)

SHARES = np.arange(10, 101, 10) / 100


def responses(n: int = 60, repeats: int = 2, seed: int = 0) -> ResponseCases:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(size=(repeats, n)).round(1).clip(0.05, 0.95)
    return ResponseCases(rng.random(n) < probability[0], probability, np.zeros((repeats, n), dtype=np.int64))


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_response_is_averaged_over_all_orders_of_ties(seed: int) -> None:
    """Of patients with equal uncertainty, only a share may be covered."""
    data, rng = responses(20, seed=seed), np.random.default_rng(seed)
    uncertainty = rng.integers(0, 4, (2, 20)).astype(float)
    weight = resamples(np.arange(20), 2, seed)
    found = brier_by_coverage(data, uncertainty, SHARES, weight)
    for row, values in zip(weight.astype(int), found, strict=True):
        rows = np.repeat(np.arange(20), row)
        for share, value in zip(SHARES, values, strict=True):
            scores = []
            for probability, values_of in zip(data.probability, uncertainty, strict=True):
                error, remaining, total = (probability - data.positive)[rows] ** 2, share * 20, 0.0
                for level in np.unique(values_of):
                    group = error[values_of[rows] == level]
                    covered = min(remaining, len(group))
                    total += covered * group.mean() if len(group) else 0.0
                    remaining -= covered
                scores.append(total / (share * 20))
            assert value == pytest.approx(np.mean(scores), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_at_full_coverage_it_is_the_brier_score(seed: int) -> None:
    weight = resamples(np.arange(60), 10, seed)
    of_response, of_survival = responses(seed=seed), made_up(seed=seed)
    all_patients = np.ones((2, 60), dtype=bool)
    for data, expected in (
        (of_response, brier(of_response, weight)),
        (of_survival, _brier_at_horizon(of_survival, weight)),
    ):
        found = brier_by_coverage(data, outcome_variance(data), SHARES, weight)
        np.testing.assert_allclose(found[:, -1], expected, atol=1e-12)
        np.testing.assert_allclose(brier_of_subset(data, all_patients, weight), expected, atol=1e-12)


def _brier_at_horizon(data: Cases, weight: np.ndarray) -> np.ndarray:
    at = dataclasses.replace(data, grid=np.array([data.horizon, data.horizon]))
    return brier_curve(at, weight)[:, 0]


def test_a_constant_uncertainty_has_a_flat_curve() -> None:
    for data in (responses(), made_up()):
        weight = resamples(np.arange(60), 10, 1)
        curve = brier_by_coverage(data, np.ones((2, 60)), SHARES, weight)
        np.testing.assert_allclose(curve, np.broadcast_to(curve[:, -1:], curve.shape), atol=1e-12)
        np.testing.assert_allclose(mean_over_coverage(curve, SHARES), curve[:, -1])


def test_the_order_by_error_is_optimal() -> None:
    data = responses()
    error = (data.probability - data.positive) ** 2
    once = np.ones((1, 60))
    best = brier_by_coverage(data, error, SHARES, once)
    assert (np.diff(best) >= -1e-12).all()
    assert (best <= brier_by_coverage(data, outcome_variance(data), SHARES, once) + 1e-12).all()
    assert (brier_by_coverage(data, -error, SHARES, once) >= best - 1e-12).all()


def test_identical_repeats_equal_one_repeat() -> None:
    for data in (responses(repeats=1), made_up(repeats=1)):
        more: Cases = (
            dataclasses.replace(data, probability=np.tile(data.probability, (5, 1)))
            if isinstance(data, ResponseCases)
            else dataclasses.replace(data, curves=data.curves * 5)
        )
        weight = resamples(np.arange(60), 5, 1)
        np.testing.assert_allclose(
            brier_by_coverage(more, outcome_variance(more), SHARES, weight),
            brier_by_coverage(data, outcome_variance(data), SHARES, weight),
        )


def test_an_empty_subset_has_no_score() -> None:
    data, once = responses(), np.ones((1, 60))
    assert np.isnan(brier_of_subset(data, np.zeros((2, 60), dtype=bool), once)).all()
    chosen = np.zeros((2, 60), dtype=bool)
    chosen[0, 3] = True
    expected = (data.probability[0, 3] - data.positive[3]) ** 2
    assert brier_of_subset(data, chosen, once)[0] == pytest.approx(expected)


def test_patients_with_abstention_are_counted_once() -> None:
    abstained = np.array([[1, 1, 0, 1, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0]], dtype=bool)
    unlike = np.array([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [1, 0, 0, 0, 0]], dtype=bool)
    site = np.array(["<x>", "<x>", "<x>", "y", "y"])
    rows = abstention_table(abstained, unlike, {"site": site}).to_numpy().tolist()
    assert rows == [
        ["all", "all", 5, 2, 1, 1],
        ["site", "<x>", 3, 2, 1, 1],
        ["site", "y", 2, 0, 0, 0],
    ]
