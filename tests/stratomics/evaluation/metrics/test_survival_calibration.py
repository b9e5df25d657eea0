"""Calibration of survival curves against lifelines, brute force and simulated truths."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from claims import at_least, at_most, repetitions
from lifelines import CoxPHFitter
from scipy.stats import chisquare
from survival_cases import exponential, made_up, with_survival

from models.survival.kaplan_meier import StepFunction, kaplan_meier
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.survival_calibration import (
    calibration_slope,
    d_calibration_counts,
    observed_at_horizon,
)


def score(name: str, data: SurvivalCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def test_d_calibration_equals_brute_force() -> None:
    """The bins of each patient are counted one by one, as defined by Haider et al. 2020."""
    data = made_up(n=80, repeats=1, seed=2)
    counts = np.zeros(10)
    for i in range(80):
        p = float(data.curves[0](data.time[i : i + 1])[i, 0])
        for k in range(10):
            high, low = 1 - k / 10, 0.9 - k / 10
            inside = low < p <= high or (k == 9 and p == 0)
            if data.event[i]:
                counts[k] += inside
            elif inside:
                counts[k] += (p - low) / p
            elif p > high:
                counts[k] += 0.1 / p
    np.testing.assert_allclose(d_calibration_counts(data, np.ones((1, 80)))[0], counts, atol=1e-9)
    assert score("d_calibration", data) == pytest.approx(chisquare(counts).pvalue)


def truth(n: int, seed: int, sharper: float = 1.0, shift: float = 0.0) -> SurvivalCases:
    """Exponential times; curves with the true log hazard multiplied by `sharper`, plus `shift`."""
    rng = np.random.default_rng([seed, 17])
    risk = rng.normal(size=(1, n))
    time, censored = rng.exponential(np.exp(-risk[0])), rng.exponential(2.0, n)
    event, time = time < censored, np.minimum(time, censored)
    steps = np.concatenate([np.linspace(0, time.max(), 400), np.sort(time)])
    steps = np.unique(steps)
    survival = np.exp(-steps * np.exp(sharper * risk + shift)[..., None])
    return with_survival(event, time, risk, np.zeros((1, n), dtype=np.int64), steps, survival)


def test_true_curves_are_calibrated_and_others_are_not() -> None:
    """n 2,000: the slope has a standard error of about 0.04; the ICI of the true curves is about 0.01."""
    true, sharp, low = truth(2000, 0), truth(2000, 0, sharper=2.0), truth(2000, 0, shift=-0.7)
    assert score("d_calibration", true) > 0.05
    assert max(score("d_calibration", sharp), score("d_calibration", low)) < 1e-6
    assert score("calibration_slope", true) == pytest.approx(1.0, abs=0.1)
    assert score("calibration_slope", sharp) == pytest.approx(0.5, abs=0.05)
    assert score("calibration_slope", low) == pytest.approx(score("calibration_slope", true), abs=1e-6)
    assert score("ici", true) < 0.02
    assert min(score("ici", sharp), score("ici", low)) > 0.05
    assert score("km_calibration", true) < 0.02
    assert score("km_calibration", low) > 0.08


@repetitions(100, 500, quick=True)
def test_d_calibration_has_its_nominal_level(repetitions: int) -> None:
    """500 repetitions of n 200 without censoring: 5%, Monte Carlo SE 1%; less with censoring."""
    rejected = {"whole": 0, "censored": 0}
    for seed in range(repetitions):
        data = truth(200, seed)
        rejected["censored"] += score("d_calibration", data) < 0.05
        rng = np.random.default_rng([seed, 3])
        time = rng.exponential(np.exp(-data.risk[0]))
        steps = np.sort(time)
        survival = np.exp(-steps * np.exp(data.risk)[..., None])
        whole = with_survival(np.ones(200, dtype=bool), time, data.risk, data.fold, steps, survival)
        rejected["whole"] += score("d_calibration", whole) < 0.05
    if repetitions < 500:
        assert rejected["whole"] >= at_least(0.05, repetitions, checks=3), rejected
        assert max(rejected.values()) <= at_most(0.05, repetitions, checks=3), rejected
        return
    assert abs(rejected["whole"] / 500 - 0.05) < 2 * np.sqrt(0.05 * 0.95 / 500), rejected
    assert rejected["censored"] / 500 < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 500), rejected


@pytest.mark.parametrize("folds", [1, 4])
def test_slope_equals_lifelines(folds: int) -> None:
    """A stratified Cox model of lifelines on log(-log S) at the horizon; without ties, Efron equals Breslow."""
    data = made_up(n=120, repeats=1, folds=folds, seed=4, ties=False)
    alive = data.curves[0](np.array([data.horizon]))[:, 0]
    table = pd.DataFrame(
        {"x": np.log(-np.log(alive)), "time": data.time, "event": data.event, "fold": data.fold[0]}
    )
    model = CoxPHFitter().fit(table, "time", "event", strata=["fold"])
    assert score("calibration_slope", data) == pytest.approx(model.params_["x"], rel=1e-5)


def test_one_curve_for_all_patients_has_no_slope_and_its_ici_is_the_overall_difference() -> None:
    data = made_up(n=90, repeats=1, ties=False)
    flat = dataclasses.replace(data, curves=(StepFunction(data.grid[:1], np.full((90, 1), 0.4)),))
    comparison = compare({"stratomics": flat}, "survival", "survival", "ibs", 100, seed=1)
    assert "all patients have one curve" in str(comparison.absent["stratomics"]["calibration_slope"])
    assert "calibration_slope" not in comparison.estimates["stratomics"]
    dead = 1 - kaplan_meier(data.event, data.time)(np.array([data.horizon]))[0]
    assert score("ici", flat) == pytest.approx(abs(dead - 0.6), abs=0.01)


def test_separated_events_give_a_large_slope_and_no_warning() -> None:
    n = 40
    time = np.arange(1.0, n + 1)
    event = time <= 20
    risk = np.where(event, 1.0, -1.0)[None]
    data = with_survival(event, time, risk, np.zeros((1, n), dtype=int), time, exponential(time, risk, 20.0))
    assert calibration_slope(data, np.ones((1, n)))[0] > 5
    assert 0 <= score("ici", data) <= 1


def test_observed_probabilities_follow_the_truth() -> None:
    data = truth(4000, 1, sharper=2.0)
    true = 1 - np.exp(-data.horizon * np.exp(data.risk[0]))
    observed = observed_at_horizon(data, 0, np.ones(4000))
    assert np.abs(observed - true).mean() < 0.02
