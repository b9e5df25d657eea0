"""Net benefit against dcurves, Kaplan-Meier and brute force, with weights, and edge cases."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pandas as pd
import pytest
from dcurves import dca
from hypothesis import given, settings
from hypothesis import strategies as st
from survival_cases import made_up

from models.survival.kaplan_meier import StepFunction, kaplan_meier
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.decision_curve import decision_thresholds, net_benefit, treat_all

THRESHOLDS = np.arange(1, 100) / 100
FEW = THRESHOLDS[::6]


def responses(n: int = 80, repeats: int = 2, seed: int = 0) -> ResponseCases:
    rng = np.random.default_rng(seed)
    probability = rng.uniform(size=(repeats, n)).round(2)
    return ResponseCases(rng.random(n) < probability[0], probability, np.zeros((repeats, n), dtype=np.int64))


def survivals(n: int = 80, repeats: int = 2, seed: int = 0) -> SurvivalCases:
    return made_up(n=n, repeats=repeats, seed=seed)


def once(cases: Cases) -> np.ndarray:
    return np.ones((1, len(cases)))


def one_curve(cases: SurvivalCases, probability: np.ndarray) -> SurvivalCases:
    """The same patients, with predicted probabilities (repeats, n) of an event by the horizon."""
    at = np.array([cases.horizon])
    return dataclasses.replace(
        cases, curves=tuple(StepFunction(at, 1.0 - values[:, None]) for values in probability)
    )


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_a_response_equals_dcurves(seed: int) -> None:
    data = responses(seed=seed)
    of_repeats = []
    for probability in data.probability:
        table = dca(
            pd.DataFrame({"y": data.positive, "p": probability}), "y", ["p"], thresholds=THRESHOLDS
        ).set_index("model")
        of_repeats.append(table.loc["p", "net_benefit"].to_numpy())
        treat_all_patients = table.loc["all", "net_benefit"].to_numpy()
    np.testing.assert_allclose(
        net_benefit(data, THRESHOLDS, once(data))[0], np.mean(of_repeats, axis=0), atol=1e-8
    )
    np.testing.assert_allclose(treat_all(data, THRESHOLDS, once(data))[0], treat_all_patients, atol=1e-8)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_survival_equals_dcurves(seed: int) -> None:
    """Except where all treated patients had the event before the horizon: there dcurves has no value."""
    data = survivals(repeats=1, seed=seed)
    [probability] = data.probability
    frame = pd.DataFrame({"time": data.time, "event": data.event, "p": probability})
    table = dca(
        frame, "event", ["p"], thresholds=FEW, time=data.horizon, time_to_outcome_col="time"
    ).set_index("model")
    expected = table.loc["p", "net_benefit"].to_numpy(dtype=float)
    found = net_benefit(data, FEW, once(data))[0]
    known = np.isfinite(expected)
    assert known.sum() > 8
    np.testing.assert_allclose(found[known], expected[known], atol=1e-8)
    for threshold, value in zip(FEW[~known], found[~known], strict=True):
        above = probability >= threshold
        died = data.event[above] & (data.time[above] <= data.horizon)
        if died.all():
            assert value == pytest.approx(above.mean())
        else:
            assert np.isnan(value) or kaplan_meier(data.event[above], data.time[above]).values.min() == 0
    treat_all_patients = table.loc["all", "net_benefit"].to_numpy(dtype=float)
    np.testing.assert_allclose(treat_all(data, FEW, once(data))[0], treat_all_patients, atol=1e-8)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_net_benefit_equals_brute_force_in_each_resample(seed: int, survival: bool) -> None:
    data: Cases = survivals(25, seed=seed) if survival else responses(25, seed=seed)
    weight = resamples(np.arange(25), 3, seed)
    found = net_benefit(data, THRESHOLDS[::7], weight)
    for row, values in zip(weight.astype(int), found, strict=True):
        rows = np.repeat(np.arange(25), row)
        for threshold, value in zip(THRESHOLDS[::7], values, strict=True):
            expected = [_brute_force(data, p[rows] >= threshold, rows, threshold) for p in data.probability]
            assert value == pytest.approx(np.mean(expected), abs=1e-12, nan_ok=True)


def _brute_force(data: Cases, above: np.ndarray, rows: np.ndarray, threshold: float) -> float:
    if not above.any():
        return 0.0
    if isinstance(data, ResponseCases):
        share = data.positive[rows][above].mean()
    else:
        event, when = data.event[rows][above], data.time[rows][above]
        alive = float(kaplan_meier(event, when)(np.array([data.horizon]))[0])
        if alive > 0 and when.max() < data.horizon:
            return float("nan")
        share = 1.0 - alive
    treated = above.mean()
    return float(treated * share - treated * (1.0 - share) * threshold / (1.0 - threshold))


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_all_patients_are_treated_at_threshold_zero_and_none_above_all_predictions(
    seed: int, survival: bool
) -> None:
    data: Cases = survivals(30, seed=seed) if survival else responses(30, seed=seed)
    weight = resamples(np.arange(30), 4, seed)
    zero, beyond = np.zeros(1), np.array([np.nextafter(data.probability.max(), 2.0)])
    np.testing.assert_allclose(net_benefit(data, zero, weight), treat_all(data, zero, weight))
    if beyond < 1:
        np.testing.assert_array_equal(net_benefit(data, beyond, weight), 0.0)
    if not survival:
        # The maximum is to treat exactly the patients who respond. This does not hold for survival, where Kaplan-Meier
        # among treated patients can be lower than among all.
        assert (net_benefit(data, THRESHOLDS, weight) <= treat_all(data, zero, weight) + 1e-12).all()


def test_a_perfect_prediction_has_the_prevalence_at_each_threshold() -> None:
    data = responses()
    perfect = dataclasses.replace(data, probability=np.tile(data.positive.astype(float), (2, 1)))
    np.testing.assert_allclose(net_benefit(perfect, THRESHOLDS, once(data))[0], data.positive.mean())


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_a_constant_prediction_treats_all_or_no_patients(value: float) -> None:
    for data in (responses(), survivals()):
        same = np.full((2, len(data)), value)
        flat: Cases = (
            dataclasses.replace(data, probability=same)
            if isinstance(data, ResponseCases)
            else one_curve(data, same)
        )
        chosen = flat.probability[0, 0] >= THRESHOLDS
        expected = np.where(chosen, treat_all(flat, THRESHOLDS, once(flat))[0], 0.0)
        np.testing.assert_allclose(net_benefit(flat, THRESHOLDS, once(flat))[0], expected, atol=1e-12)
        drawn = decision_thresholds(flat)
        assert drawn.min() >= 0.01
        assert drawn.max() <= 0.99
        assert len(drawn) > 4


@pytest.mark.parametrize("seed", range(10))
def test_thresholds_are_whole_percentages_around_the_predictions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.random(2))
    data = dataclasses.replace(responses(), probability=rng.uniform(low, high, (2, 80)))
    drawn = decision_thresholds(data)
    np.testing.assert_array_equal(drawn, np.round(drawn, 2))
    np.testing.assert_allclose(np.diff(drawn), 0.01)
    assert drawn[0] <= max(np.quantile(data.probability, 0.01), 0.01)
    assert drawn[-1] >= min(np.quantile(data.probability, 0.99), 0.99)


def test_identical_repeats_equal_one_repeat() -> None:
    for data in (responses(repeats=1), survivals(repeats=1)):
        more: Cases = (
            dataclasses.replace(data, probability=np.tile(data.probability, (7, 1)))
            if isinstance(data, ResponseCases)
            else dataclasses.replace(data, curves=data.curves * 7)
        )
        weight = resamples(np.arange(len(data)), 20, 1)
        np.testing.assert_allclose(
            net_benefit(more, THRESHOLDS, weight), net_benefit(data, THRESHOLDS, weight), atol=1e-12
        )


def test_one_class_no_event_and_late_censoring() -> None:
    data = responses()
    negative = dataclasses.replace(data, positive=np.zeros(80, dtype=bool))
    assert (net_benefit(negative, THRESHOLDS, once(data)) <= 0).all()
    alive = survivals()
    free = dataclasses.replace(alive, event=np.zeros(80, dtype=bool), horizon=float(np.median(alive.time)))
    found = net_benefit(free, THRESHOLDS, once(free))[0]
    assert np.isfinite(found).sum() > 50  # at high thresholds all patients were censored before the horizon
    assert (found[np.isfinite(found)] <= 1e-12).all()
    np.testing.assert_allclose(
        treat_all(free, THRESHOLDS, once(free))[0], -THRESHOLDS / (1 - THRESHOLDS), rtol=1e-12
    )
    # With censoring after the horizon only, the outcome of all patients is known, as for a response.
    late = dataclasses.replace(alive, time=np.where(alive.event, alive.time, alive.time.max() + 1.0))
    known = ResponseCases(late.event & (late.time <= late.horizon), late.probability, late.fold)
    np.testing.assert_allclose(
        net_benefit(late, THRESHOLDS, once(late)), net_benefit(known, THRESHOLDS, once(late)), atol=1e-12
    )


def test_net_benefit_is_unknown_if_treated_patients_are_censored_before_the_horizon() -> None:
    data = survivals(n=6, repeats=1)
    lost = dataclasses.replace(
        data,
        event=np.array([True, False, True, False, False, False]),
        time=np.array([1.0, 2.0, 5.0, 6.0, 7.0, 8.0]),
        horizon=4.0,
    )
    predicted = one_curve(lost, np.array([[0.9, 0.9, 0.2, 0.2, 0.2, 0.2]]))
    values = net_benefit(predicted, np.array([0.1, 0.5]), once(lost))[0]
    assert np.isfinite(values[0])
    assert np.isnan(values[1])


def test_net_benefit_is_fast_for_many_patients() -> None:
    data, weight = survivals(n=500, repeats=5), resamples(np.arange(500), 1000, 1)
    start = time.process_time()
    assert net_benefit(data, THRESHOLDS, weight).shape == (1001, 99)
    assert time.process_time() - start < 8  # about 0.6 s on the slowest machine tried
