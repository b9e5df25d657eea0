"""Net benefit against dcurves, Kaplan-Meier and counting by hand, with weights and in odd cohorts."""

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
from stratomics.evaluation.decision_curve import net_benefit, thresholds_of, treat_all
from stratomics.evaluation.percentile_intervals import band

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
    """The same patients, predicted to have the event by the horizon with a probability (repeats, n)."""
    at = np.array([cases.horizon])
    return dataclasses.replace(
        cases, curves=tuple(StepFunction(at, 1.0 - own[:, None]) for own in probability)
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_response_is_as_in_dcurves(seed: int) -> None:
    data = responses(seed=seed)
    of_repeats = []
    for own in data.probability:
        table = dca(
            pd.DataFrame({"y": data.positive, "p": own}), "y", ["p"], thresholds=THRESHOLDS
        ).set_index("model")
        of_repeats.append(table.loc["p", "net_benefit"].to_numpy())
        everybody = table.loc["all", "net_benefit"].to_numpy()
    np.testing.assert_allclose(
        net_benefit(data, THRESHOLDS, once(data))[0], np.mean(of_repeats, axis=0), atol=1e-8
    )
    np.testing.assert_allclose(treat_all(data, THRESHOLDS, once(data))[0], everybody, atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_survival_is_as_in_dcurves(seed: int) -> None:
    """But where all who are treated had the event before the horizon: there dcurves says nothing, and all had it."""
    data = survivals(repeats=1, seed=seed)
    [own] = data.probability
    frame = pd.DataFrame({"time": data.time, "event": data.event, "p": own})
    table = dca(
        frame, "event", ["p"], thresholds=FEW, time=data.horizon, time_to_outcome_col="time"
    ).set_index("model")
    expected = table.loc["p", "net_benefit"].to_numpy(dtype=float)
    found = net_benefit(data, FEW, once(data))[0]
    known = np.isfinite(expected)
    assert known.sum() > 8
    np.testing.assert_allclose(found[known], expected[known], atol=1e-8)
    for threshold, value in zip(FEW[~known], found[~known], strict=True):
        above = own >= threshold
        died = data.event[above] & (data.time[above] <= data.horizon)
        if died.all():
            assert value == pytest.approx(above.mean())
        else:
            assert np.isnan(value) or kaplan_meier(data.event[above], data.time[above]).values.min() == 0
    everybody = table.loc["all", "net_benefit"].to_numpy(dtype=float)
    np.testing.assert_allclose(treat_all(data, FEW, once(data))[0], everybody, atol=1e-8)


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=25, deadline=None)
def test_it_equals_counting_by_hand_in_every_resample(seed: int, survival: bool) -> None:
    data: Cases = survivals(25, seed=seed) if survival else responses(25, seed=seed)
    weight = resamples(np.arange(25), 3, seed)
    found = net_benefit(data, THRESHOLDS[::7], weight)
    for row, values in zip(weight.astype(int), found, strict=True):
        rows = np.repeat(np.arange(25), row)
        for threshold, value in zip(THRESHOLDS[::7], values, strict=True):
            by_hand = [_by_hand(data, own[rows] >= threshold, rows, threshold) for own in data.probability]
            assert value == pytest.approx(np.mean(by_hand), abs=1e-12, nan_ok=True)


def _by_hand(data: Cases, above: np.ndarray, rows: np.ndarray, threshold: float) -> float:
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
def test_at_nothing_all_are_treated_and_beyond_all_predictions_nobody(seed: int, survival: bool) -> None:
    data: Cases = survivals(30, seed=seed) if survival else responses(30, seed=seed)
    weight = resamples(np.arange(30), 4, seed)
    zero, beyond = np.zeros(1), np.array([np.nextafter(data.probability.max(), 2.0)])
    np.testing.assert_allclose(net_benefit(data, zero, weight), treat_all(data, zero, weight))
    if beyond < 1:
        np.testing.assert_array_equal(net_benefit(data, beyond, weight), 0.0)
    if not survival:
        # Nobody gains more than by treating all who respond and nobody else; of survival, Kaplan-Meier of those who are
        # treated may say more than that of all.
        assert (net_benefit(data, THRESHOLDS, weight) <= treat_all(data, zero, weight) + 1e-12).all()


def test_the_perfect_prediction_gains_the_prevalence_everywhere() -> None:
    data = responses()
    perfect = dataclasses.replace(data, probability=np.tile(data.positive.astype(float), (2, 1)))
    np.testing.assert_allclose(net_benefit(perfect, THRESHOLDS, once(data))[0], data.positive.mean())


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_who_says_the_same_of_all_treats_all_or_none(value: float) -> None:
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
        drawn = thresholds_of(flat)
        assert drawn.min() >= 0.01
        assert drawn.max() <= 0.99
        assert len(drawn) > 4


@pytest.mark.parametrize("seed", range(10))
def test_thresholds_are_whole_per_cents_around_the_predictions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.random(2))
    data = dataclasses.replace(responses(), probability=rng.uniform(low, high, (2, 80)))
    drawn = thresholds_of(data)
    np.testing.assert_array_equal(drawn, np.round(drawn, 2))
    np.testing.assert_allclose(np.diff(drawn), 0.01)
    assert drawn[0] <= max(np.quantile(data.probability, 0.01), 0.01)
    assert drawn[-1] >= min(np.quantile(data.probability, 0.99), 0.99)


def test_many_repeats_of_one_prediction_are_one() -> None:
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


def test_one_class_no_event_and_everybody_censored_late() -> None:
    data = responses()
    nobody = dataclasses.replace(data, positive=np.zeros(80, dtype=bool))
    assert (net_benefit(nobody, THRESHOLDS, once(data)) <= 0).all()
    alive = survivals()
    free = dataclasses.replace(alive, event=np.zeros(80, dtype=bool), horizon=float(np.median(alive.time)))
    found = net_benefit(free, THRESHOLDS, once(free))[0]
    assert np.isfinite(found).sum() > 50  # at high thresholds all were lost before the horizon
    assert (found[np.isfinite(found)] <= 1e-12).all()
    np.testing.assert_allclose(
        treat_all(free, THRESHOLDS, once(free))[0], -THRESHOLDS / (1 - THRESHOLDS), rtol=1e-12
    )
    # Censored after the horizon: an outcome known of everybody, as of a response.
    late = dataclasses.replace(alive, time=np.where(alive.event, alive.time, alive.time.max() + 1.0))
    known = ResponseCases(late.event & (late.time <= late.horizon), late.probability, late.fold)
    np.testing.assert_allclose(
        net_benefit(late, THRESHOLDS, once(late)), net_benefit(known, THRESHOLDS, once(late)), atol=1e-12
    )


def test_who_is_lost_before_the_horizon_leaves_it_unknown() -> None:
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


def test_a_big_report_costs_little() -> None:
    data, weight = survivals(n=500, repeats=5), resamples(np.arange(500), 1000, 1)
    start = time.process_time()
    assert net_benefit(data, THRESHOLDS, weight).shape == (1001, 99)
    assert time.process_time() - start < 8  # about 0.6 s on the slowest machine tried


def test_a_band_is_silent_where_resamples_are() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(1001, 3))
    values[1:200, 1] = np.nan
    values[1:20, 2] = np.nan
    low, high = band(values)
    np.testing.assert_array_equal(np.isnan(low), [False, True, False])
    np.testing.assert_array_equal(np.isnan(high), [False, True, False])
    assert low[0] == pytest.approx(np.quantile(values[1:, 0], 0.025))
    assert high[2] == pytest.approx(np.nanquantile(values[1:, 2], 0.975))
