"""Covariate shift: weighting predicts the loss in patients who differ by covariates alone; no overlap is refused."""

from __future__ import annotations

import numpy as np
import pytest
from response_cases import one_fold

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.transportability.shift import covariate_shift

N = 1500
WEIGHT = resamples(np.arange(N), 20, 1)


def cohort(center: float, seed: int) -> tuple[np.ndarray, ResponseCases]:
    """Predictions miss a quadratic term, so that the loss depends on the case mix."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, 2)) + np.array([center, 0.0])
    true = 1 / (1 + np.exp(-(x[:, 0] + 0.7 * x[:, 0] ** 2 - 0.5)))
    return x, one_fold(rng.random(N) < true, 1 / (1 + np.exp(-x[:, :1].T)))


def test_the_weighted_loss_is_that_of_the_other_cohort() -> None:
    (x, training), (z, other) = cohort(0.0, 1), cohort(0.8, 2)
    found = covariate_shift(training, x, WEIGHT, other, z, seed=1)
    there = covariate_shift(other, z, WEIGHT, training, x, seed=1).training
    assert found.overlap
    assert found.effective < N / 1.5
    before, after, truth = (m["log_loss"]["estimate"] for m in (found.training, found.weighted, there))
    assert abs(after - truth) < 0.5 * abs(before - truth)
    assert found.weighted["log_loss"]["low"] - 0.02 < truth < found.weighted["log_loss"]["high"] + 0.02
    assert "ici" not in found.training


def test_weighted_sets_cover_the_other_cohort() -> None:
    (x, training), (z, other) = cohort(0.0, 1), cohort(-1.2, 2)
    found = covariate_shift(training, x, WEIGHT, other, z, seed=1)
    assert found.sets is not None
    assert found.weighted_sets is not None
    off = [abs(sets["estimate"] - 0.9) for sets in (found.sets, found.weighted_sets)]
    assert off[1] < off[0]
    assert found.weighted_sets["estimate"] == pytest.approx(0.9, abs=0.05)


def test_without_overlap_nothing_is_weighted() -> None:
    (x, training), (z, other) = cohort(0.0, 1), cohort(0.0, 2)
    found = covariate_shift(training, x, WEIGHT, other, z + 20.0, seed=1)
    assert not found.overlap
    assert found.weighted == {}
    assert found.weighted_sets is None
