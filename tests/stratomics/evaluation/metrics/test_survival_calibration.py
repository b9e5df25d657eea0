"""Metrics of survival curves against golden numbers, scikit-survival, lifelines, brute force and simulated truths."""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import places
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from scipy.stats import chisquare
from sksurv.metrics import cumulative_dynamic_auc
from sksurv.util import Surv
from survival_cases import exponential, made_up, with_survival

from models.prediction import Prediction
from models.survival.kaplan_meier import StepFunction, censoring_survival, kaplan_meier
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases, cases_of
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics import CURVES
from stratomics.evaluation.metrics.curves import curves_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.survival_calibration import (
    calibration_slope,
    d_calibration_counts,
    observed_at_horizon,
)
from stratomics.evaluation.metrics.survival_scores import brier_curve
from stratomics.evaluation.metrics.time_auc import auc_curve, auc_times
from stratomics.evaluation.metrics.weighted_cox import weighted_cox
from stratomics.experiment.check_config import complete_config

GOLDEN = json.loads((places.GOLDEN / "metrics.json").read_text())
FIGURES = GOLDEN["figures"]


def score(name: str, data: SurvivalCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


@pytest.fixture(scope="module")
def golden() -> SurvivalCases:
    """The patients of the golden file; their smooth curves in steps at every time at which they are looked at."""
    event, time, scale, shape = (np.array(GOLDEN["data"][k]) for k in ("event", "time", "scale", "shape"))
    fine = np.linspace(0, time.max(), 4001)
    steps = np.unique(np.concatenate([time, fine, FIGURES["torchsurv"]["times"], [np.median(time[event])]]))
    curves = np.exp(-((steps / scale[:, None]) ** shape[:, None]))
    fold = np.zeros((1, len(time)), dtype=np.int64)
    return with_survival(event, time, -np.log(scale)[None], fold, steps, curves[None])


def test_equals_survivaleval(golden: SurvivalCases) -> None:
    theirs = FIGURES["SurvivalEVAL"]
    one = np.ones((1, len(golden)))
    np.testing.assert_allclose(
        d_calibration_counts(golden, one)[0], theirs["d_calibration"]["counts"], rtol=1e-9
    )
    assert score("d_calibration", golden) == pytest.approx(theirs["d_calibration"]["p"], rel=1e-9)
    assert score("ici", golden) == pytest.approx(theirs["ici"], rel=1e-6)
    assert score("antolini_c", golden) == pytest.approx(theirs["antolini_c"], abs=1e-12)
    # Theirs is taken at 0 and at the times of events alone; our own grid is finer where these are rare.
    rough = dataclasses.replace(golden, grid=np.append(0.0, np.unique(golden.time[golden.event])))
    assert score("km_calibration", rough) ** 2 == pytest.approx(theirs["km_calibration_squared"], rel=1e-6)


def test_equals_torchsurv(golden: SurvivalCases) -> None:
    theirs = FIGURES["torchsurv"]
    at = np.array(theirs["times"])
    one = np.ones((1, len(golden)))
    there = dataclasses.replace(golden, grid=at)
    np.testing.assert_allclose(brier_curve(there, one)[0], theirs["brier"], rtol=1e-5)
    # Every fifth of the grid.
    there = dataclasses.replace(golden, grid=np.repeat(at, 5))
    np.testing.assert_allclose(auc_curve(there, one)[0], theirs["auc"], rtol=1e-5)
    assert score("harrell_c", golden) == pytest.approx(theirs["harrell_c"], rel=1e-5)
    assert score("uno_c", golden) == pytest.approx(theirs["uno_c"], rel=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_auc_equals_scikit_survival_and_so_does_its_mean(seed: int) -> None:
    data = made_up(n=150, repeats=2, folds=1, seed=seed)
    times, outcome = auc_times(data), Surv.from_arrays(data.event, data.time)
    # The last times have no event in between, which scikit-survival gives a weight too.
    theirs = [cumulative_dynamic_auc(outcome, outcome, 1 - c(times), times) for c in data.curves]
    np.testing.assert_allclose(
        auc_curve(data, np.ones((1, 150)))[0], np.mean([curve for curve, _ in theirs], axis=0), atol=1e-12
    )
    assert score("time_auc", data) == pytest.approx(np.mean([mean for _, mean in theirs]), abs=1e-12)


@given(st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_auc_within_folds_equals_brute_force(seed: int) -> None:
    data = made_up(n=24, repeats=1, folds=2, seed=seed)
    times = auc_times(data)
    censoring = censoring_survival(data.event, data.time)(data.time)
    ours = auc_curve(data, np.ones((1, 24)))[0]
    for t, value in zip(times, ours, strict=True):
        marker, folds = 1 - data.curves[0](np.array([t]))[:, 0], []
        for k in range(2):
            right = pairs = 0.0
            for i in np.flatnonzero(data.fold[0] == k):
                for j in np.flatnonzero(data.fold[0] == k):
                    if data.event[i] and data.time[i] <= t < data.time[j]:
                        pairs += 1 / censoring[i]
                        right += ((marker[i] > marker[j]) + 0.5 * (marker[i] == marker[j])) / censoring[i]
            if pairs:
                folds.append(right / pairs)
        assert (value == pytest.approx(np.mean(folds))) if folds else np.isnan(value)


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


def test_antolini_of_proportional_hazards_is_harrell() -> None:
    data = made_up(ties=False)
    early = dataclasses.replace(data, curves=tuple(_from_the_first_time(data, risk) for risk in data.risk))
    assert score("antolini_c", early) == pytest.approx(score("harrell_c", data), abs=1e-12)


def test_antolini_in_pieces_is_antolini(monkeypatch: pytest.MonkeyPatch) -> None:
    data = made_up(n=90)
    whole = score("antolini_c", data)
    monkeypatch.setattr("stratomics.evaluation.metrics.concordance.CELLS", 100)
    assert score("antolini_c", data) == pytest.approx(whole, abs=1e-14)


def _from_the_first_time(data: SurvivalCases, risk: np.ndarray) -> StepFunction:
    steps = np.linspace(data.time.min(), data.time.max(), 500)
    return StepFunction(steps, exponential(steps, risk, 10.0))


def test_log_likelihood_equals_brute_force() -> None:
    data = made_up(n=30, repeats=1)
    censoring = censoring_survival(data.event, data.time)
    at = []
    for k, t in enumerate(data.grid):
        total = 0.0
        for i in range(30):
            if data.event[i] and data.time[i] <= t:
                total += np.log(1 - data.survival[0, i, k]) / censoring(data.time[i : i + 1])[0]
            elif data.time[i] > t:
                total += np.log(data.survival[0, i, k]) / censoring(np.array([t]))[0]
        at.append(total / 30)
    expected = np.trapezoid(at, data.grid) / np.ptp(data.grid)
    assert score("integrated_log_likelihood", data) == pytest.approx(expected)


def test_a_wrong_certainty_costs_much_but_not_everything() -> None:
    data = made_up(n=30, repeats=1)
    sure = dataclasses.replace(data, curves=(StepFunction(data.grid[:1], np.zeros((30, 1))),))
    assert -20 < score("integrated_log_likelihood", sure) < score("integrated_log_likelihood", data)


def test_d_calibration_equals_brute_force() -> None:
    """Each patient's bins counted one by one, as Haider et al. 2020 write them down."""
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
    """Exponential times; curves of the true hazard, its log stretched by `sharper` and moved by `shift`."""
    rng = np.random.default_rng([seed, 17])
    risk = rng.normal(size=(1, n))
    time, censored = rng.exponential(np.exp(-risk[0])), rng.exponential(2.0, n)
    event, time = time < censored, np.minimum(time, censored)
    steps = np.concatenate([np.linspace(0, time.max(), 400), np.sort(time)])
    steps = np.unique(steps)
    survival = np.exp(-steps * np.exp(sharper * risk + shift)[..., None])
    return with_survival(event, time, risk, np.zeros((1, n), dtype=np.int64), steps, survival)


def test_the_truth_is_calibrated_and_what_is_not_is_told() -> None:
    """n 2,000: the slope has a standard error of about 0.04, ICI of the truth lies near 0.01."""
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


def test_d_calibration_rejects_the_truth_as_rarely_as_it_says() -> None:
    """500 repetitions of n 200 without censoring: 5%, Monte Carlo SE 1%; with censoring, fewer."""
    rejected = {"whole": 0, "censored": 0}
    for seed in range(500):
        data = truth(200, seed)
        rejected["censored"] += score("d_calibration", data) < 0.05
        rng = np.random.default_rng([seed, 3])
        time = rng.exponential(np.exp(-data.risk[0]))
        steps = np.sort(time)
        survival = np.exp(-steps * np.exp(data.risk)[..., None])
        whole = with_survival(np.ones(200, dtype=bool), time, data.risk, data.fold, steps, survival)
        rejected["whole"] += score("d_calibration", whole) < 0.05
    assert abs(rejected["whole"] / 500 - 0.05) < 2 * np.sqrt(0.05 * 0.95 / 500), rejected
    assert rejected["censored"] / 500 < 0.05 + 2 * np.sqrt(0.05 * 0.95 / 500), rejected


@pytest.mark.parametrize("folds", [1, 4])
def test_slope_equals_lifelines(folds: int) -> None:
    """A stratified Cox model of lifelines on log(-log S) at the horizon; no ties, so that Efron is Breslow."""
    data = made_up(n=120, repeats=1, folds=folds, seed=4, ties=False)
    alive = data.curves[0](np.array([data.horizon]))[:, 0]
    table = pd.DataFrame(
        {"x": np.log(-np.log(alive)), "time": data.time, "event": data.event, "fold": data.fold[0]}
    )
    model = CoxPHFitter().fit(table, "time", "event", strata=["fold"])
    assert score("calibration_slope", data) == pytest.approx(model.params_["x"], rel=1e-5)


def test_weighted_cox_equals_lifelines() -> None:
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(200, 2)) * [1.0, 30.0], rng.integers(0, 4, 200).astype(float)
    time, event = rng.exponential(np.exp(-x @ [0.5, 0.02])), rng.random(200) < 0.7
    kept = np.repeat(np.arange(200), weight.astype(int))
    # Copies are parted by less than anything else, so that no tie is left: Breslow counts ties as if there were none.
    table = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "time": time, "event": event, "weight": weight})
    model = CoxPHFitter().fit(table[table["weight"] > 0], "time", "event", weights_col="weight", robust=True)
    ours = weighted_cox(x, event, time, weight[None], np.zeros(200, dtype=np.int64))
    np.testing.assert_allclose(ours[0], model.params_[["a", "b"]], rtol=1e-4)
    copied = weighted_cox(
        x[kept], event[kept], time[kept], np.ones((1, len(kept))), np.zeros(len(kept), dtype=int)
    )
    np.testing.assert_allclose(ours, copied, rtol=1e-8)


def test_one_curve_for_all_has_no_slope_and_its_ici_is_the_distance_of_all() -> None:
    data = made_up(n=90, repeats=1, ties=False)
    flat = dataclasses.replace(data, curves=(StepFunction(data.grid[:1], np.full((90, 1), 0.4)),))
    metrics = compare({"stratomics": flat}, "survival", "survival", "ibs", 100, seed=1)
    assert "all patients have one curve" in metrics["absent"]["stratomics"]["calibration_slope"]
    assert "calibration_slope" not in metrics["survival"]
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


def test_coverage_of_bounds_is_true_under_censoring() -> None:
    """Bounds at the true 10% quantile: 90% of 20,000 true times are at least those, about half of them censored."""
    rng = np.random.default_rng(3)
    n = 20_000
    risk = rng.normal(size=(1, n))
    true, censored = rng.exponential(np.exp(-risk[0])), rng.exponential(1.0, n)
    event, time = true < censored, np.minimum(true, censored)
    bound = -np.log(0.9) * np.exp(-risk)
    steps = np.array([1.0])
    data = with_survival(
        event, time, risk, np.zeros((1, n), dtype=int), steps, np.full((1, n, 1), 0.5), bound
    )
    assert score("bound_coverage", data) == pytest.approx((true >= bound[0]).mean(), abs=0.005)
    late = dataclasses.replace(data, bound=np.full((1, n), 2.0))
    # Bounds far out, where three in four have left: plain counting would be far off.
    assert score("bound_coverage", late) == pytest.approx((true >= 2.0).mean(), abs=0.02)


def test_bounds_come_from_the_predictions() -> None:
    data = made_up(repeats=1, ties=False)
    ids = np.array([f"p{i}" for i in range(len(data))])
    plain = Prediction.of_survival(ids, data.risk[0], data.grid, data.survival[0])
    outcome = Survival(data.time, data.event, np.ones(len(data), dtype=bool), "days")
    without = cases_of(plain, ids, outcome)
    metrics = compare({"stratomics": without}, "survival", "survival", "ibs", 100, seed=1)
    assert "no lower bounds" in metrics["absent"]["stratomics"]["bound_coverage"]
    bounded = Prediction(plain.patients.assign(survival_bound=0.0), plain.long)
    assert score("bound_coverage", cases_of(bounded, ids, outcome)) == 1.0


def test_cases_of_several_folds_are_what_each_fold_said() -> None:
    data = made_up(n=30, repeats=1, ties=False)
    ids = np.array([f"p{i}" for i in range(30)])
    steps = (data.grid[::2], data.grid[1::3])
    halves = [
        Prediction.of_survival(
            ids[half], data.risk[0, half], steps[k], exponential(steps[k], data.risk[0, half], 5.0)
        ).at(0, k)
        for k, half in enumerate((slice(0, 17), slice(17, 30)))
    ]
    order = np.random.default_rng(0).permutation(30)
    outcome = Survival(data.time[order], data.event[order], np.ones(30, dtype=bool), "days")
    cases = cases_of(Prediction.concatenate(halves), ids[order], outcome)
    for place, patient in enumerate(order):
        own = steps[0] if patient < 17 else steps[1]
        curve = StepFunction(own, exponential(own, data.risk[0, patient : patient + 1], 5.0))
        np.testing.assert_allclose(cases.survival[0, place], curve(cases.grid)[0])
        assert cases.at_own_time[0, place] == pytest.approx(curve(data.time[patient : patient + 1])[0, 0])
        assert cases.end[0, place] == own[-1]


def test_times_beyond_the_training_follow_up_are_said(caplog: pytest.LogCaptureFixture) -> None:
    data = made_up(n=50, repeats=1, ties=False)
    end = float(np.quantile(data.time, 0.8))
    steps = np.linspace(0.01, end, 50)
    ids = np.array([f"p{i}" for i in range(50)])
    prediction = Prediction.of_survival(ids, data.risk[0], steps, exponential(steps, data.risk[0], 5.0))
    outcome = Survival(data.time, data.event, np.ones(50, dtype=bool), "days")
    cases = cases_of(prediction, ids, outcome)
    with caplog.at_level(logging.INFO):
        metrics = compare({"stratomics": cases}, "survival", "survival", "ibs", 100, seed=1)
    assert metrics["beyond_training"] == {"patients": 10, "n": 50, "first_end": end, "last_end": end}
    assert "10 of 50 patients were followed beyond" in caplog.text
    assert all(np.isfinite(f["estimate"]) for f in metrics["survival"].values())
    # The curve keeps its last value, and who had the event later counts as censored at its end.
    last = exponential(steps, data.risk[0], 5.0)[:, -1]
    np.testing.assert_allclose(
        cases.survival[0][:, cases.grid > end].T, last[None] * np.ones((sum(cases.grid > end), 1))
    )
    late = data.time > end
    censored = dataclasses.replace(cases, event=data.event & ~late, time=np.minimum(data.time, end))
    one = np.ones((1, 50))
    np.testing.assert_allclose(d_calibration_counts(cases, one), d_calibration_counts(censored, one))


def test_a_run_inside_the_training_follow_up_says_nobody() -> None:
    metrics = compare({"stratomics": made_up()}, "survival", "survival", "ibs", 100, seed=1)
    assert metrics["beyond_training"]["patients"] == 0


def test_every_curve_is_finite_and_tells_no_patient() -> None:
    for n in (60, 300):
        curves = curves_of(made_up(n=n), "survival")
        assert set(curves) == set(CURVES["survival"])
        for name, curve in curves.items():
            assert len(curve["x"]) == len(curve["y"]) > 0, name
            assert len(curve["x"]) <= 100, name
            assert np.isfinite(curve["y"]).all(), name


def test_nobody_with_the_event_is_an_error_that_says_so() -> None:
    from omics.common.errors import DataError

    data = made_up(n=40)
    nobody = dataclasses.replace(data, event=np.zeros(40, dtype=bool))
    with pytest.raises(DataError, match="no fold has two patients that can be compared"):
        compare({"stratomics": nobody}, "survival", "survival", "ibs", 100, seed=1)


@pytest.mark.parametrize("name", ["d_calibration", "calibration_slope", "ici", "bound_coverage"])
def test_what_cannot_decide_is_refused(name: str) -> None:
    from omics.common.errors import ConfigError
    from stratomics.config import EvaluationConfig, ExperimentConfig

    config: Any = ExperimentConfig(evaluation=EvaluationConfig(metric=name))
    with pytest.raises(ConfigError, match="cannot decide: it lacks"):
        complete_config(config, "survival")


@pytest.mark.parametrize(
    ("name", "concordance", "ibs", "log_likelihood"),
    [("metabric", 0.6324, 0.1556, -0.4668), ("gbsg", 0.6563, 0.1727, -0.5127)],
)
def test_cox_on_public_splits_has_the_figures_measured_elsewhere(
    shared: Callable[[str], Path], name: str, concordance: float, ibs: float, log_likelihood: float
) -> None:
    """Figures of ``../shared/reference/survival-numbers.md``, whose grid takes in both ends of the follow-up."""
    table = pd.read_parquet(shared(f"benchmarks/{name}.parquet"))
    train, test = (table[table["split"] == part].drop(columns="split") for part in ("train", "test"))
    model = CoxPHFitter().fit(train, "time", "event")
    ids, n = test.index.to_numpy().astype(str), len(test)
    survival = model.predict_survival_function(test).T.to_numpy()
    prediction = Prediction.of_survival(
        ids,
        model.predict_log_partial_hazard(test).to_numpy(),
        model.baseline_survival_.index.to_numpy(),
        survival,
    )
    outcome = Survival(
        test["time"].to_numpy(float), test["event"].to_numpy(bool), np.ones(n, dtype=bool), "months"
    )
    data = cases_of(prediction, ids, outcome)
    both_ends = dataclasses.replace(data, grid=np.linspace(data.time.min(), data.time.max(), 100))
    assert score("harrell_c", data) == pytest.approx(concordance, abs=1e-4)
    assert score("antolini_c", data) == pytest.approx(concordance, abs=1e-4)
    assert score("ibs", both_ends) == pytest.approx(ibs, abs=4e-4)
    assert score("integrated_log_likelihood", both_ends) == pytest.approx(log_likelihood, abs=2e-3)
