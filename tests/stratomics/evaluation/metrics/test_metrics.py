"""Metrics against scikit-survival and brute force, and their bootstrap weights against real resampling."""

from __future__ import annotations

import dataclasses
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw, integrated_brier_score
from sksurv.util import Surv
from survival_cases import exponential, with_survival
from survival_cases import made_up as cases

from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import compare, resamples, verdict
from stratomics.evaluation.metrics import METRICS
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
def test_ibs_equals_scikit_survival(seed: int) -> None:
    data = cases(seed=seed)
    outcome = Surv.from_arrays(data.event, data.time)
    expected = np.mean([integrated_brier_score(outcome, outcome, s, data.grid) for s in data.survival])
    assert score("ibs", data)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_harrell_c_equals_scikit_survival_within_folds(seed: int) -> None:
    data = cases(seed=seed)
    expected = by_fold(
        data, lambda r, rows: concordance_index_censored(data.event[rows], data.time[rows], r)[0]
    )
    assert score("harrell_c", data)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_uno_c_equals_scikit_survival_within_folds(seed: int) -> None:
    data = cases(seed=seed)
    outcome = Surv.from_arrays(data.event, data.time)
    expected = by_fold(data, lambda r, rows: concordance_index_ipcw(outcome, outcome[rows], r)[0])
    assert score("uno_c", data)[0] == pytest.approx(expected, abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_harrell_c_equals_brute_force(seed: int) -> None:
    data = cases(n=20, repeats=1, folds=1, seed=seed)
    risk, right, pairs = data.risk[0], 0.0, 0
    for i in range(20):
        for j in range(20):
            later = data.time[j] > data.time[i] or (data.time[j] == data.time[i] and not data.event[j])
            if data.event[i] and later and i != j:
                pairs += 1
                right += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    assert score("harrell_c", data)[0] == pytest.approx(right / pairs if pairs else 0.0)


@pytest.mark.parametrize("name", sorted(METRICS["survival"]))
def test_a_weight_is_a_patient_that_counts_so_often(name: str) -> None:
    data = dataclasses.replace(cases(n=40), bound=np.random.default_rng(5).uniform(0, 20, (2, 40)))
    counts = resamples(np.arange(40), 5, seed=1)[1:]
    together = score(name, data, counts)
    for value, count in zip(together, counts.astype(int), strict=True):
        rows = np.repeat(np.arange(40), count)
        assert value == pytest.approx(score(name, data.take(rows))[0], abs=1e-9)


@pytest.mark.parametrize("name", ["harrell_c", "uno_c"])
def test_direction_of_concordance(name: str) -> None:
    data = cases(ties=False)
    perfect = dataclasses.replace(data, risk=-np.tile(data.time, (2, 1)))
    assert score(name, perfect)[0] == pytest.approx(1.0)
    reverse = dataclasses.replace(data, risk=np.tile(data.time, (2, 1)))
    assert score(name, reverse)[0] == pytest.approx(0.0)


def test_concordance_of_many_patients_needs_no_memory_for_all_pairs() -> None:
    """One matrix of 6,000 x 6,000 numbers would be 288 MB."""
    data = cases(n=6000, repeats=1, folds=1)
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


def test_ibs_rewards_the_truth() -> None:
    data = cases(ties=False)
    oracle = (data.time[:, None] > data.grid).astype(float)
    better = with_survival(data.event, data.time, data.risk, data.fold, data.grid, np.stack([oracle, oracle]))
    assert score("ibs", better)[0] < score("ibs", data)[0]


def test_compare_sets_methods_side_by_side() -> None:
    ours, theirs = cases(), cases()
    worse = with_survival(
        theirs.event,
        theirs.time,
        -theirs.risk,
        theirs.fold,
        theirs.grid,
        exponential(theirs.grid, -3 * theirs.risk, 10.0),
    )
    metrics = compare(
        {"stratomics": ours, "same": theirs, "worse": worse}, "survival", "survival", "ibs", 200, seed=1
    )
    same = metrics["differences"]["same"]["survival"]["ibs"]
    assert (same["estimate"], same["low"], same["high"]) == (0.0, 0.0, 0.0)
    assert verdict(metrics["differences"]["worse"]["survival"]["ibs"], "ibs", "X") == "better than X"
    for key, figure in metrics["survival"].items():
        if not find_metric(key).interval:
            assert set(figure) == {"estimate"}
        else:
            assert figure["low"] <= figure["estimate"] <= figure["high"], key


@pytest.mark.parametrize(
    ("low", "high", "metric", "words"),
    [
        (-0.2, -0.1, "ibs", "better than X"),
        (0.1, 0.2, "ibs", "worse than X"),
        (0.1, 0.2, "harrell_c", "better than X"),
        (-0.2, -0.1, "harrell_c", "worse than X"),
        (-0.1, 0.2, "ibs", "no evidence of a difference from X"),
        (0.0, 0.2, "ibs", "no evidence of a difference from X"),
    ],
)
def test_verdict_knows_the_direction(low: float, high: float, metric: str, words: str) -> None:
    assert verdict({"estimate": (low + high) / 2, "low": low, "high": high}, metric, "X") == words
