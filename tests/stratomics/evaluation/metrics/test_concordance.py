"""Harrell's, Uno's and Antolini's concordance against scikit-survival and brute force."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.metrics import (
    concordance_index_censored,
    concordance_index_ipcw,
)
from sksurv.util import Surv
from survival_cases import exponential, made_up

from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.concordance import concordance
from stratomics.evaluation.metrics.metric import find_metric


def score(name: str, data: SurvivalCases, weight: np.ndarray | None = None) -> np.ndarray:
    weight = np.ones((1, len(data.time))) if weight is None else weight
    return find_metric(name).function(data, weight)


def by_fold(data: SurvivalCases, function: Any) -> float:
    scores = [
        function(risk[fold == k], fold == k)
        for risk, fold in zip(data.risk, data.fold, strict=True)
        for k in np.unique(fold)
    ]
    return float(np.mean(scores))


@pytest.mark.parametrize("seed", range(5))
def test_harrell_c_equals_scikit_survival_within_folds(seed: int) -> None:
    data = made_up(seed=seed)
    expected = by_fold(
        data, lambda r, rows: concordance_index_censored(data.event[rows], data.time[rows], r)[0]
    )
    assert score("harrell_c", data)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_uno_c_equals_scikit_survival_within_folds(seed: int) -> None:
    data = made_up(seed=seed)
    outcome = Surv.from_arrays(data.event, data.time)
    expected = by_fold(data, lambda r, rows: concordance_index_ipcw(outcome, outcome[rows], r)[0])
    assert score("uno_c", data)[0] == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_harrell_c_equals_brute_force(seed: int) -> None:
    data = made_up(n=20, repeats=1, folds=1, seed=seed)
    risk, right, pairs = data.risk[0], 0.0, 0
    for i in range(20):
        for j in range(20):
            later = data.time[j] > data.time[i] or (data.time[j] == data.time[i] and not data.event[j])
            if data.event[i] and later and i != j:
                pairs += 1
                right += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    assert score("harrell_c", data)[0] == pytest.approx(right / pairs if pairs else 0.0)


@pytest.mark.parametrize("name", ["harrell_c", "uno_c"])
def test_direction_of_concordance(name: str) -> None:
    data = made_up(ties=False)
    perfect = dataclasses.replace(data, risk=-np.tile(data.time, (2, 1)))
    assert score(name, perfect)[0] == pytest.approx(1.0)
    reverse = dataclasses.replace(data, risk=np.tile(data.time, (2, 1)))
    assert score(name, reverse)[0] == pytest.approx(0.0)


def test_memory_of_concordance_is_linear() -> None:
    """A matrix of 6,000 x 6,000 numbers would need 288 MB."""
    data = made_up(n=6000, repeats=1, folds=1)
    for name in ("harrell_c", "uno_c", "antolini_c"):
        score(name, data.take(np.arange(50)))
        tracemalloc.start()
        value = score(name, data)[0]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 80e6, (name, peak)
        assert 0.5 < value < 1.0


@pytest.mark.parametrize("draws", [1, 3])
def test_concordance_with_weights_equals_all_pairs(draws: int) -> None:
    rng = np.random.default_rng(draws)
    risk, time = rng.integers(0, 9, 200).astype(float), rng.integers(1, 20, 200).astype(float)
    event, first, second = rng.random(200) < 0.6, rng.random((draws, 200)), rng.random((draws, 200))
    later = event[:, None] & ((time[:, None] < time) | ((time[:, None] == time) & ~event))
    order = later * ((risk[:, None] > risk) + 0.5 * (risk[:, None] == risk))
    right, pairs = concordance(risk, event, time, first, second)
    np.testing.assert_allclose(right, np.einsum("bi,ij,bj->b", first, order, second))
    np.testing.assert_allclose(pairs, np.einsum("bi,ij,bj->b", first, later, second))


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_antolini_equals_brute_force(seed: int) -> None:
    data = made_up(n=20, repeats=1, folds=2, seed=seed)
    folds = []
    for k in range(2):
        right = pairs = 0.0
        for i in np.flatnonzero(data.fold[0] == k):
            at = data.curves[0](data.time[i : i + 1])[:, 0]
            for j in np.flatnonzero(data.fold[0] == k):
                later = data.time[j] > data.time[i] or (data.time[j] == data.time[i] and not data.event[j])
                if data.event[i] and later:
                    pairs += 1
                    right += (at[i] < at[j]) + 0.5 * (at[i] == at[j])
        folds += [right / pairs] if pairs else []
    assert score("antolini_c", data) == pytest.approx(np.mean(folds), nan_ok=True)


def test_antolini_equals_harrell_under_proportional_hazards() -> None:
    data = made_up(ties=False)
    early = dataclasses.replace(
        data, curves=tuple(_curve_from_the_first_time(data, risk) for risk in data.risk)
    )
    assert score("antolini_c", early) == pytest.approx(score("harrell_c", data), abs=1e-12)


def test_antolini_does_not_depend_on_the_size_of_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made_up(n=90)
    whole = score("antolini_c", data)
    monkeypatch.setattr("stratomics.evaluation.metrics.concordance.CELLS", 100)
    assert score("antolini_c", data) == pytest.approx(whole, abs=1e-14)


def _curve_from_the_first_time(data: SurvivalCases, risk: np.ndarray) -> StepFunction:
    steps = np.linspace(data.time.min(), data.time.max(), 500)
    return StepFunction(steps, exponential(steps, risk, 10.0))
