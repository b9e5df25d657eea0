"""Scores of a response against scikit-learn and brute force, also with weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from response_cases import made_up_response
from sklearn.metrics import average_precision_score, brier_score_loss, log_loss, roc_auc_score

from omics.common.errors import DataError
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import compare, resamples
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric

Oracle = Callable[..., float]
WITHIN: dict[str, Oracle] = {"auroc": roc_auc_score, "auprc": average_precision_score}
OVERALL: dict[str, Oracle] = {"brier": brier_score_loss, "log_loss": log_loss}


def score(name: str, data: ResponseCases, weight: np.ndarray | None = None) -> np.ndarray:
    return find_metric(name).function(data, np.ones((1, len(data))) if weight is None else weight)


def expected(name: str, data: ResponseCases, weight: np.ndarray) -> float:
    """Value by scikit-learn, averaged over folds or repeats."""
    scores = []
    for probability, fold in zip(data.probability, data.fold, strict=True):
        for rows in [fold == k for k in np.unique(fold)] if name in WITHIN else [fold >= 0]:
            drawn = rows & (weight > 0)
            if name in WITHIN and len(set(data.positive[drawn])) < 2:
                continue
            oracle = (WITHIN | OVERALL)[name]
            scores.append(oracle(data.positive[drawn], probability[drawn], sample_weight=weight[drawn]))
    return float(np.mean(scores))


@pytest.mark.parametrize("name", sorted(WITHIN | OVERALL))
@pytest.mark.parametrize("seed", range(4))
def test_equals_scikit_learn(name: str, seed: int) -> None:
    data = made_up_response(seed=seed)
    assert score(name, data)[0] == pytest.approx(expected(name, data, np.ones(60)), abs=1e-12)


@pytest.mark.parametrize("name", sorted(WITHIN | OVERALL))
def test_equals_scikit_learn_in_every_resample(name: str) -> None:
    data = made_up_response(n=40, seed=3)
    weight = resamples(np.arange(40), 30, seed=1)
    for value, row in zip(score(name, data, weight), weight, strict=True):
        assert value == pytest.approx(expected(name, data, row), abs=1e-12)


@pytest.mark.parametrize("name", sorted(METRICS["response"]))
def test_a_weight_equals_repeated_patients(name: str) -> None:
    data = made_up_response(n=240)
    counts = resamples(np.arange(240), 5, seed=1)[1:]
    for value, count in zip(score(name, data, counts), counts.astype(int), strict=True):
        rows = np.repeat(np.arange(240), count)
        assert value == pytest.approx(score(name, data.take(rows))[0], abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_auroc_equals_brute_force(seed: int) -> None:
    data = made_up_response(n=20, repeats=1, folds=1, seed=seed)
    p, right, pairs = data.probability[0], 0.0, 0
    for i in np.flatnonzero(data.positive):
        for j in np.flatnonzero(~data.positive):
            pairs += 1
            right += 1.0 if p[i] > p[j] else 0.5 if p[i] == p[j] else 0.0
    assert score("auroc", data)[0] == pytest.approx(right / pairs)


def test_directions() -> None:
    data = made_up_response(ties=False)
    sure = np.tile(np.where(data.positive, 0.99, 0.01), (2, 1))
    good, bad = (ResponseCases(data.positive, p, data.fold) for p in (sure, 1 - sure))
    for name in ("auroc", "auprc", "brier", "log_loss", "aurc"):
        better, worse = score(name, good)[0], score(name, bad)[0]
        assert (better > worse) == find_metric(name).higher_is_better, name
    assert (score("auroc", good)[0], score("auroc", bad)[0], score("auprc", good)[0]) == (1.0, 0.0, 1.0)


def test_one_probability_for_all_is_chance() -> None:
    data = made_up_response()
    flat = ResponseCases(data.positive, np.full_like(data.probability, 0.5), data.fold)
    assert score("auroc", flat)[0] == 0.5
    assert score("brier", flat)[0] == 0.25
    assert score("log_loss", flat)[0] == pytest.approx(np.log(2))


def test_a_fold_with_one_class_is_left_out() -> None:
    data = made_up_response(n=30, repeats=1, folds=3)
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


def test_the_log_loss_of_a_wrong_certain_prediction_is_finite() -> None:
    data = ResponseCases(np.array([True, False]), np.array([[0.0, 0.0]]), np.zeros((1, 2), dtype=np.int64))
    loss = log_loss([True, False], [0.0, 0.0])
    assert score("log_loss", data)[0] == pytest.approx(loss)
