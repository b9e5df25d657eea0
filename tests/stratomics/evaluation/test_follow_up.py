"""Follow-up against lifelines with the reversed event indicator, medians that are not reached, and horizons."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter
from lifelines.utils import median_survival_times
from survival_cases import made_up

from omics.cohort.endpoints import Survival
from stratomics.enrichment.selection.threshold_table import median_follow_up
from stratomics.evaluation.follow_up import follow_up, horizon_times, main_horizon

CASES = made_up(n=120, folds=2, ties=False, seed=3)


def drawn(seed: int, n: int = 60) -> Survival:
    rng = np.random.default_rng(seed)
    death, censored = rng.exponential(20.0, n), rng.exponential(15.0, n)
    return Survival(np.ceil(np.minimum(death, censored)), death <= censored, np.ones(n, dtype=bool), "months")


@pytest.mark.parametrize("seed", range(6))
def test_curve_median_and_interval_equal_lifelines(seed: int) -> None:
    """Events are moved slightly before censoring at the same time, as in the censoring distribution."""
    survival = drawn(seed)
    theirs = KaplanMeierFitter().fit(survival.time - 1e-6 * survival.event, ~survival.event)
    ours = follow_up(survival)
    at = np.arange(0.0, survival.time.max())
    np.testing.assert_allclose(ours.curve(at), theirs.predict(at), rtol=1e-9)
    assert ours.median == pytest.approx(theirs.median_survival_time_)
    low, high = median_survival_times(theirs.confidence_interval_).to_numpy()[0]
    assert ours.low == pytest.approx(low)
    assert np.isnan(ours.high) if np.isinf(high) else ours.high == pytest.approx(high)
    assert median_follow_up(survival) == ours.median


def test_without_censoring_there_is_no_median() -> None:
    survival = Survival(np.arange(1.0, 11.0), np.ones(10, dtype=bool), np.ones(10, dtype=bool))
    result = follow_up(survival)
    assert np.isnan([result.median, result.low, result.high]).all()
    assert (result.curve.values == 1.0).all()
    assert median_follow_up(survival) == 10.0


def test_patients_without_the_endpoint_do_not_count() -> None:
    survival = drawn(3)
    hidden = Survival(
        np.append(survival.time, np.nan),
        np.append(survival.event, False),
        np.append(survival.observed, False),
    )
    assert follow_up(hidden).median == follow_up(survival).median


def survival(scale: float, unit: str) -> Survival:
    """Ten patients are followed for 0.98 units of the scale."""
    time = CASES.time / np.sort(CASES.time)[-15] * 0.98 * scale
    return Survival(time, np.arange(120) % 7 == 0, np.ones(120, dtype=bool), unit)


@pytest.mark.parametrize(
    ("scale", "unit", "times"),
    [
        (5.0 * 365.25, "days", [365.25, 3 * 365.25]),
        (20.0, "years", [1.0, 3.0, 5.0]),
        (24.0, "months", [6.0, 12.0]),
        (1.0, "cycles", []),
        (1.0, "weeks", []),
    ],
)
def test_times_follow_unit_and_follow_up(scale: float, unit: str, times: list[float]) -> None:
    found = horizon_times(survival(scale, unit))
    assert found[: len(times)] == pytest.approx(times) if times else len(found) == 0


def test_chosen_times_are_kept_and_sorted() -> None:
    assert horizon_times(survival(1.0, "cycles"), [2.0, 0.5]).tolist() == [0.5, 2.0]


def test_half_of_the_patients_are_followed_to_the_horizon() -> None:
    one = survival(20.0, "years")
    median = follow_up(one).median
    known = horizon_times(one)
    assert main_horizon(one) == known[known <= median][-1]
    # A time that half are not followed to is taken if there is no earlier one.
    assert main_horizon(one, [1.5 * median]) == 1.5 * median
    assert main_horizon(one, [0.5 * median, 0.9 * median, 1.5 * median]) == 0.9 * median


def test_a_time_that_no_patient_reaches_or_without_an_event_is_not_taken() -> None:
    one = survival(20.0, "cycles")
    half = float(np.median(one.time[one.event]))
    assert main_horizon(one) == main_horizon(one, [10.0 * one.time.max()]) == half
    assert main_horizon(one, [0.5 * one.time[one.event].min()]) == half


def test_without_events_it_is_the_median_time() -> None:
    time = np.arange(1.0, 61.0)
    without_events = Survival(time, np.zeros(60, dtype=bool), np.ones(60, dtype=bool), "months")
    assert main_horizon(without_events) == np.median(time)
