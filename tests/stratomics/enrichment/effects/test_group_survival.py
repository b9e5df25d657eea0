"""Curves, bands, hazard ratios and tests of groups: lifelines as oracle, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test

from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.group_survival import group_hazard_ratio, log_rank_p


def data(seed: int, *, ties: bool = False, entry: bool = False, n: int = 80) -> tuple[Any, Survival]:
    rng = np.random.default_rng(seed)
    group = rng.permutation(n) % 2 == 0
    time = rng.exponential(np.where(group, 2.0, 1.0))
    time = np.ceil(5 * time) / 5 if ties else time
    # Late entry of some; most are there from the start, so that no risk set is used up early.
    entered = np.where(np.arange(n) % 3 == 0, time * rng.random(n) * 0.5, 0.0)
    event = rng.random(n) < 0.7
    return group, Survival(time, event, np.ones(n, dtype=bool), entry=entered if entry else None)


@pytest.mark.filterwarnings("ignore")  # lifelines uses interfaces that pandas deprecates
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("entry", [False, True])
def test_hazard_ratio_is_that_of_lifelines(ties: bool, entry: bool) -> None:
    group, survival = data(2, ties=ties, entry=entry)
    frame = pd.DataFrame({"g": group * 1.0, "t": survival.time, "e": survival.event})
    late = {} if survival.entry is None else {"entry_col": "entry"}
    if survival.entry is not None:
        frame["entry"] = survival.entry
    oracle = CoxPHFitter().fit(frame, "t", "e", fit_options={"precision": 1e-11}, **late)
    effect = group_hazard_ratio(group, survival)
    assert effect is not None
    low, high = np.exp(oracle.confidence_intervals_).to_numpy()[0]
    np.testing.assert_allclose(
        [effect.estimate, effect.low, effect.high], [oracle.hazard_ratios_["g"], low, high], rtol=1e-4
    )


def test_log_rank_is_that_of_lifelines() -> None:
    group, survival = data(3, ties=True)
    oracle = logrank_test(
        survival.time[group], survival.time[~group], survival.event[group], survival.event[~group]
    )
    assert log_rank_p(group.astype(np.int64), survival) == pytest.approx(oracle.p_value, rel=1e-10)


def test_groups_exchanged_give_the_inverse_ratio_and_the_same_p() -> None:
    group, survival = data(4)
    one, other = group_hazard_ratio(group, survival), group_hazard_ratio(~group, survival)
    assert one is not None
    assert other is not None
    assert one.estimate * other.estimate == pytest.approx(1.0)
    assert one.low * other.high == pytest.approx(1.0)
    assert log_rank_p(group.astype(np.int64), survival) == pytest.approx(
        log_rank_p((~group).astype(np.int64), survival)
    )


def test_no_ratio_without_events_in_a_group() -> None:
    group, survival = data(5)
    none = Survival(survival.time, survival.event & group, survival.observed)
    assert group_hazard_ratio(group, none) is None
    assert np.isnan(
        log_rank_p(group.astype(np.int64), Survival(none.time, np.zeros(80, dtype=bool), none.observed))
    )


def test_no_ratio_where_one_group_comes_first() -> None:
    one = np.ones(8, dtype=bool)
    assert group_hazard_ratio(np.arange(8) < 4, Survival(np.arange(1.0, 9.0), one, one)) is None
