"""Learning curve: it falls with signal and is flat without, folds keep the share of events, and it covers."""

from __future__ import annotations

import numpy as np
import pytest

from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.transportability import learning_curve as module
from stratomics.transportability.learning_curve import learning_curve, subset_losses

HORIZON = 4.0


def patients(kind: str, n: int, seed: int, signal: float = 1.0) -> tuple[np.ndarray, Response | Survival]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 10))
    linear = signal * (x[:, :3] @ [0.8, -0.6, 0.5])
    known = np.ones(n, dtype=bool)
    if kind == "response":
        return x, Response(rng.random(n) < 1 / (1 + np.exp(0.5 - linear)), known)
    time, end = rng.exponential(5 * np.exp(-linear)), rng.uniform(2, 12, n)
    return x, Survival(np.minimum(time, end), time < end, known, "years")


BLOCK = np.zeros(10, dtype=np.int64)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two repeats in place of eight."""
    monkeypatch.setattr(module, "REPEATS", 2)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["response", "survival"])
def test_the_loss_falls_with_more_patients(kind: str) -> None:
    x, endpoint = patients(kind, 100, 0)
    found = learning_curve(x, BLOCK, endpoint, HORIZON, (100, 1000), seed=1)
    losses = [point.loss["estimate"] for point in found.points]
    assert losses[0] > losses[-1] > found.limit["estimate"]
    assert found.projections[1].loss["estimate"] <= found.projections[0].loss["estimate"] < losses[-1]
    assert found.projections[0].gain["low"] >= 0.0
    assert (found.projections[0].patients, found.projections[0].more) == (200, 100)


@pytest.mark.usefixtures("quick")
def test_without_signal_more_patients_give_little() -> None:
    x, endpoint = patients("response", 80, 0, signal=0.0)
    found = learning_curve(x, BLOCK, endpoint, HORIZON, (100,), seed=1)
    assert found.projections[0].gain["estimate"] < 0.01
    assert learning_curve(x, BLOCK, endpoint, HORIZON, (100,), seed=1) == found


def test_folds_have_the_same_share_of_events_at_any_prevalence() -> None:
    # A regular order of events must not meet the number of folds: with 40% every fold would have one class.
    outcome = np.arange(100) % 5 < 2
    for seed in range(20):
        fold, order = module._folds_and_order(outcome, np.random.default_rng(seed))
        assert {int(outcome[fold == number].sum()) for number in range(5)} == {8}
        assert sorted(order) == list(range(100))
        assert all(abs(outcome[order[:size]].mean() - 0.4) < 0.1 for size in (20, 40, 80))


@pytest.mark.usefixtures("quick")
def test_the_loss_of_a_patient_is_by_models_without_them() -> None:
    x, endpoint = patients("response", 60, 3)
    x = np.hstack([x, endpoint.positive[:, None] + np.random.default_rng(0).normal(size=(60, 1))])
    block = np.append(BLOCK, 0)
    before = subset_losses(x, block, endpoint, HORIZON, [40], seed=1)
    assert before.shape == (2, 1, 60)
    assert 0.0 < before.mean() < 0.25


def test_too_few_events_are_refused() -> None:
    x, endpoint = patients("response", 60, 0)
    few = Response(np.arange(60) < 6, endpoint.observed)
    with pytest.raises(DataError, match="smallest subset"):
        learning_curve(x, BLOCK, few, HORIZON, (100,), seed=1)


def covered(kind: str, n: int, repetitions: int, seed: int) -> float:
    """Share of the cohorts whose half extrapolates to an interval that holds the loss of all n patients in new ones."""
    hits, new = 0, 4000
    for number in range(repetitions):
        x, endpoint = patients(kind, n + new, seed + number)
        test, half = np.arange(n, n + new), np.arange(n // 2)
        predicted = module._predict(x, BLOCK, endpoint, HORIZON, np.arange(n), test)
        weight = module._censoring_weight(endpoint.take(test), HORIZON, np.ones((1, new)))[0]
        full = float((weight * module._loss(predicted, endpoint, HORIZON, test)).mean())
        curve = learning_curve(x[half], BLOCK, endpoint.take(half), HORIZON, (n - n // 2,), seed + number)
        loss = curve.projections[0].loss
        hits += loss["low"] <= full <= loss["high"]
    return hits / repetitions


@pytest.mark.usefixtures("quick")
def test_half_of_the_patients_predict_the_loss_of_all() -> None:
    # Fewer than 2 of 4 have a probability of .001 where 93% are covered.
    assert covered("response", 120, 4, seed=1) >= 2 / 4


@pytest.mark.simulation
@pytest.mark.parametrize("kind", ["response", "survival"])
@pytest.mark.parametrize("n", [200, 400])
def test_half_of_the_patients_predict_the_loss_of_all_in_many(kind: str, n: int) -> None:
    found = covered(kind, n, 200, seed=50_000)
    # 3 standard errors beside .85 and .97.
    assert 0.79 < found < 0.99
