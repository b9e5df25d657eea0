"""Metrics of a response against scikit-learn and brute force, with weights too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from models.prediction import Prediction
from omics.cohort.endpoints import Response
from omics.common.errors import DataError
from stratomics.evaluation.cases import ResponseCases, cases_of
from stratomics.evaluation.comparison import compare, resamples, verdict
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.sections.response import calibration_points

Oracle = Callable[..., float]
WITHIN: dict[str, Oracle] = {"auroc": roc_auc_score, "auprc": average_precision_score}
OVERALL: dict[str, Oracle] = {"brier": brier_score_loss, "log_loss": log_loss}


def cases(n: int = 60, repeats: int = 2, folds: int = 3, seed: int = 0, ties: bool = True) -> ResponseCases:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(0.02, 0.98, size=(repeats, n))
    if ties:
        probability = probability.round(1).clip(0.1, 0.9)
    positive = rng.random(n) < probability[0] * 0.8
    positive[:6] = [True, False] * 3
    fold = np.array([rng.permutation(np.arange(n) % folds) for _ in range(repeats)])
    sets = np.stack([probability < 0.6, probability > 0.4], axis=-1)
    marginal = np.stack([probability < 0.7, probability > 0.5], axis=-1)
    return ResponseCases(positive, probability, fold, sets, marginal)


def score(name: str, data: ResponseCases, weight: np.ndarray | None = None) -> np.ndarray:
    return find_metric(name).function(data, np.ones((1, len(data))) if weight is None else weight)


def expected(name: str, data: ResponseCases, weight: np.ndarray) -> float:
    """As scikit-learn sees it, one fold or one repeat after the other."""
    scores = []
    for probability, fold in zip(data.probability, data.fold, strict=True):
        for rows in [fold == k for k in np.unique(fold)] if name in WITHIN else [fold >= 0]:
            kept = rows & (weight > 0)
            if name in WITHIN and len(set(data.positive[kept])) < 2:
                continue
            oracle = (WITHIN | OVERALL)[name]
            scores.append(oracle(data.positive[kept], probability[kept], sample_weight=weight[kept]))
    return float(np.mean(scores))


@pytest.mark.parametrize("name", sorted(WITHIN | OVERALL))
@pytest.mark.parametrize("seed", range(4))
def test_equals_scikit_learn(name: str, seed: int) -> None:
    data = cases(seed=seed)
    assert score(name, data)[0] == pytest.approx(expected(name, data, np.ones(60)), abs=1e-12)


@pytest.mark.parametrize("name", sorted(WITHIN | OVERALL))
def test_equals_scikit_learn_in_every_resample(name: str) -> None:
    data = cases(n=40, seed=3)
    weight = resamples(np.arange(40), 30, seed=1)
    for value, row in zip(score(name, data, weight), weight, strict=True):
        assert value == pytest.approx(expected(name, data, row), abs=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS["response"]))
def test_a_weight_is_a_patient_that_counts_so_often(name: str) -> None:
    data = cases(n=240)
    counts = resamples(np.arange(240), 5, seed=1)[1:]
    for value, count in zip(score(name, data, counts), counts.astype(int), strict=True):
        rows = np.repeat(np.arange(240), count)
        assert value == pytest.approx(score(name, data.take(rows))[0], abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_auroc_equals_brute_force(seed: int) -> None:
    data = cases(n=20, repeats=1, folds=1, seed=seed)
    p, right, pairs = data.probability[0], 0.0, 0
    for i in np.flatnonzero(data.positive):
        for j in np.flatnonzero(~data.positive):
            pairs += 1
            right += 1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0
    assert score("auroc", data)[0] == pytest.approx(right / pairs)


def test_directions() -> None:
    data = cases(ties=False)
    sure = np.tile(np.where(data.positive, 0.99, 0.01), (2, 1))
    good, bad = (ResponseCases(data.positive, p, data.fold) for p in (sure, 1 - sure))
    for name in ("auroc", "auprc", "brier", "log_loss", "aurc"):
        better, worse = score(name, good)[0], score(name, bad)[0]
        assert (better > worse) == find_metric(name).higher_is_better, name
    assert (score("auroc", good)[0], score("auroc", bad)[0], score("auprc", good)[0]) == (1.0, 0.0, 1.0)


def test_one_probability_for_all_is_chance() -> None:
    data = cases()
    flat = ResponseCases(data.positive, np.full_like(data.probability, 0.5), data.fold)
    assert score("auroc", flat)[0] == 0.5
    assert score("brier", flat)[0] == 0.25
    assert score("log_loss", flat)[0] == pytest.approx(np.log(2))


def test_a_fold_with_one_class_says_nothing() -> None:
    data = cases(n=30, repeats=1, folds=3)
    data.positive[data.fold[0] == 2] = True
    others = np.flatnonzero(data.fold[0] != 2)
    rest = ResponseCases(data.positive[others], data.probability[:, others], data.fold[:, others])
    for name in WITHIN:
        assert score(name, data)[0] == pytest.approx(score(name, rest)[0])
    alone = ResponseCases(np.ones(30, dtype=bool), data.probability, data.fold)
    assert np.isnan(score("auroc", alone)[0])
    assert np.isnan(score("auprc", alone)[0])
    with pytest.raises(DataError, match=r"lower split\.folds"):
        compare({"stratomics": alone}, "response", "response", "log_loss", 100, seed=1)


def test_a_wrong_certainty_is_dear_but_finite() -> None:
    data = ResponseCases(np.array([True, False]), np.array([[0.0, 0.0]]), np.zeros((1, 2), dtype=np.int64))
    loss = log_loss([True, False], [0.0, 0.0])
    assert score("log_loss", data)[0] == pytest.approx(loss)


def test_compare_knows_the_kind() -> None:
    data = cases()
    ours = ResponseCases(data.positive, np.tile(np.where(data.positive, 0.8, 0.2), (2, 1)), data.fold)
    worse = ResponseCases(ours.positive, 1 - ours.probability, ours.fold)
    metrics = compare({"stratomics": ours, "worse": worse}, "pcr", "response", "log_loss", 200, seed=1)
    assert set(metrics["pcr"]) == {"auroc", "auprc", "brier", "log_loss", "aurc"}
    assert set(metrics["absent"]["worse"]) == set(METRICS["response"]) - set(metrics["pcr"])
    assert verdict(metrics["differences"]["worse"]["pcr"]["log_loss"], "log_loss", "X") == "better than X"


def test_who_is_not_predicted_in_every_repeat_is_said() -> None:
    ids = np.array(["a", "b", "c"])
    parts = [Prediction.of_response(ids, "r", np.full(3, 0.5)).at(0, 0)]
    parts += [Prediction.of_response(ids[:2], "r", np.full(2, 0.5)).at(1, 0)]
    response = Response(np.array([True, False, True]), np.array([True, True, True]))
    with pytest.raises(DataError, match="not every patient is predicted"):
        cases_of(Prediction.concatenate(parts), ids, response)
    unseen = Response(response.positive, np.array([True, True, False]))
    assert len(cases_of(Prediction.concatenate(parts), ids, unseen)) == 2


def test_calibration_groups_hold_everybody_once() -> None:
    rng = np.random.default_rng(0)
    for n in (3, 14, 40, 500):
        probability = rng.random(n)
        positive = rng.random(n) < probability
        points = calibration_points(probability, positive)
        assert sum(point[4] for point in points) == n
        assert sum(point[2] * point[4] for point in points) == pytest.approx(positive.sum())
        assert len(points) == max(1, min(5, n // 15))
        for mean, low, observed, high, _ in points:
            assert 0 <= low <= observed <= high <= 1
            assert 0 <= mean <= 1


def test_calibration_interval_of_nobody_and_of_everybody() -> None:
    """Clopper and Pearson at 0 of 15: the upper bound solves (1 - p)^15 = 0.025."""
    [none] = calibration_points(np.full(15, 0.5), np.zeros(15, dtype=bool))
    [everyone] = calibration_points(np.full(15, 0.5), np.ones(15, dtype=bool))
    assert none[1:4] == pytest.approx((0.0, 0.0, 1 - 0.025 ** (1 / 15)))
    assert everyone[1:4] == pytest.approx((0.025 ** (1 / 15), 1.0, 1.0))
