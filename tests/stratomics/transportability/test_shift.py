"""Covariate shift: weighting predicts the loss in patients who differ by covariates alone; no overlap is refused."""

from __future__ import annotations

import numpy as np
import pytest
from claims import margin, repetitions
from response_cases import one_fold

from models.calibration.cox_recalibration import CoxRecalibration
from models.linear.cox_net import cox_net
from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import ResponseCases, SurvivalCases
from stratomics.evaluation.comparison import resamples
from stratomics.transportability.membership import membership
from stratomics.transportability.shift import covariate_shift, weighted_bounds

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


def survivors(
    n: int, center: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Three covariates, the first with its mean at `center`; true times, whether they are observed, observed times."""
    x = rng.normal(size=(n, 3)) + np.array([center, 0.0, 0.0])
    true = rng.exponential(np.exp(-(x @ [0.8, 0.6, -0.4])))
    censored = 1.5 * rng.exponential(np.exp(-0.5 * x[:, 0]))
    return x, true, true <= censored, np.minimum(true, censored)


def survival_cases(
    event: np.ndarray, time: np.ndarray, risk: np.ndarray, curves: StepFunction, fold: np.ndarray
) -> SurvivalCases:
    end = np.full((1, len(time)), curves.times[-1])
    return SurvivalCases(event, time, risk[None], fold[None], curves.times[:3], 1.0, (curves,), end)


def bounds_of_a_shifted_cohort(n: int, seed: int) -> tuple[float, float]:
    """Coverage of the true times of 2,000 new patients by bounds without and with weights.

    The curves lack the first covariate, by whose mean the cohorts differ.
    """
    rng = np.random.default_rng([seed, n])
    x, _, event, time = survivors(n, 0.0, rng)
    z, true, _, _ = survivors(2000, 0.7, rng)
    fold = rng.permutation(np.arange(n) % 5)
    held_out, new = np.zeros(n), np.zeros(2000)
    for number in range(5):
        out = fold == number
        slopes = cox_net(x[~out, 1:], event[~out], time[~out], 2 / n, 0.0)
        held_out[out], new = x[out, 1:] @ slopes, new + z[:, 1:] @ slopes / 5
    calibration = CoxRecalibration.fit(held_out, event, time)
    curves = StepFunction(calibration.baseline.times, calibration.survival(held_out))
    training = survival_cases(event, time, held_out, curves, fold)
    there = StepFunction(curves.times, calibration.survival(new))
    always = np.ones(2000, dtype=bool)
    other = survival_cases(always, true, new, there, np.zeros(2000, dtype=np.int64))
    weight = membership(x, z, seed).weight
    found = weighted_bounds(training, x, other, weight, seed)
    plain, weighted = ((one or {"estimate": np.nan})["estimate"] for one in found)
    return plain, weighted


@repetitions(8, 200)
@pytest.mark.parametrize("n", [400, 1000])
def test_weighted_bounds_cover_the_times_of_the_other_cohort(n: int, repetitions: int) -> None:
    drawn = np.array([bounds_of_a_shifted_cohort(n, seed) for seed in range(repetitions)])
    plain, weighted = drawn.mean(axis=0)
    wider = margin({400: 0.0023, 1000: 0.0014}[n], repetitions, 200, checks=3)
    assert 0.88 - wider < weighted < 0.92 + wider
    assert plain < 0.88 + wider


def test_the_result_has_the_bounds_of_a_survival_endpoint() -> None:
    rng = np.random.default_rng(1)
    x, _, event, time = survivors(300, 0.0, rng)
    z, _, other_event, other_time = survivors(200, 0.5, rng)
    grid = np.linspace(0.01, 5.0, 100)
    here, there = (StepFunction(grid, np.exp(-np.exp(part[:, 1:2]) * grid)) for part in (x, z))
    training = survival_cases(event, time, x[:, 1], here, np.arange(300) % 5)
    other = survival_cases(other_event, other_time, z[:, 1], there, np.zeros(200, dtype=np.int64))
    found = covariate_shift(training, x, resamples(np.arange(300), 20, 1), other, z, seed=1)
    assert found.sets is None
    assert found.bounds is not None
    assert found.weighted_bounds is not None
    assert found.weighted_bounds["estimate"] > found.bounds["estimate"]
