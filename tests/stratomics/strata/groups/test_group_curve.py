"""Curves and bands of a group: lifelines as oracle, and limits."""

from __future__ import annotations

import numpy as np
import pytest
from lifelines import KaplanMeierFitter

from omics.cohort.endpoints import Survival
from stratomics.strata.groups.group_curve import group_curve


def data(seed: int, *, ties: bool = False, entry: bool = False, n: int = 80) -> Survival:
    rng = np.random.default_rng(seed)
    group = rng.permutation(n) % 2 == 0
    time = rng.exponential(np.where(group, 2.0, 1.0))
    time = np.ceil(5 * time) / 5 if ties else time
    # Late entry of some; most are there from the start, so that no risk set is used up early.
    entered = np.where(np.arange(n) % 3 == 0, time * rng.random(n) * 0.5, 0.0)
    event = rng.random(n) < 0.7
    return Survival(time, event, np.ones(n, dtype=bool), entry=entered if entry else None)


@pytest.mark.filterwarnings("ignore")  # lifelines uses interfaces that pandas deprecates
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("entry", [False, True])
def test_curve_and_band_are_those_of_lifelines(ties: bool, entry: bool) -> None:
    survival = data(1, ties=ties, entry=entry)
    oracle = KaplanMeierFitter().fit(survival.time, survival.event, entry=survival.entry)
    result = group_curve(survival)
    times = result.curve.times[:-1]
    np.testing.assert_allclose(
        result.curve(times), oracle.survival_function_at_times(times), rtol=1e-10, atol=1e-12
    )
    band = oracle.confidence_interval_survival_function_.reindex(times).to_numpy()
    np.testing.assert_allclose(result.low[:-1], band[:, 0], rtol=1e-8)
    np.testing.assert_allclose(result.high[:-1], band[:, 1], rtol=1e-8)


def test_numbers_at_risk_count_who_enters_now() -> None:
    one = np.ones(3, dtype=bool)
    survival = Survival(np.array([2.0, 4.0, 6.0]), one, one, entry=np.array([0.0, 1.0, 3.0]))
    assert group_curve(survival).at_risk(np.array([0.0, 1.0, 2.0, 3.0, 5.0])).tolist() == [1, 2, 2, 2, 1]
    without = group_curve(Survival(survival.time, one, one))
    assert without.at_risk(np.array([0.0, 2.0, 3.0, 6.0, 7.0])).tolist() == [3, 3, 2, 1, 0]


@pytest.mark.parametrize("event", [False, True])
def test_one_patient(event: bool) -> None:
    survival = Survival(np.array([2.0]), np.array([event]), np.array([True]))
    result = group_curve(survival)
    assert result.curve(np.array([1.0, 3.0])).tolist() == [1.0, 0.0 if event else 1.0]
    assert np.isfinite(result.low).all()
