"""Log-rank test of several groups: lifelines and scikit-survival as oracles, brute force, and limits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.statistics import multivariate_logrank_test
from sksurv.compare import compare_survival

from models.survival.log_rank import log_rank_groups
from omics.cohort.endpoints import Survival
from stratomics.evaluation.missingness import log_rank


def data(seed: int, groups: int, n: int = 70) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(seed)
    group = rng.permutation(n) % groups
    return group, rng.random(n) < 0.6, np.ceil(4 * rng.exponential(1 + group))


@pytest.mark.filterwarnings("ignore")  # lifelines uses interfaces that pandas deprecates
@pytest.mark.parametrize("groups", [2, 3, 5])
def test_it_is_that_of_lifelines_and_scikit_survival(groups: int) -> None:
    group, event, time = data(groups, groups)
    statistic, degrees, p = log_rank_groups(group, event, time)
    oracle = multivariate_logrank_test(time, group, event)
    assert degrees == groups - 1
    np.testing.assert_allclose([statistic, p], [oracle.test_statistic, oracle.p_value], rtol=1e-8)
    outcome = np.array(list(zip(event, time, strict=True)), dtype=[("e", bool), ("t", float)])
    np.testing.assert_allclose([statistic, p], compare_survival(outcome, group), rtol=1e-8)


def test_two_groups_with_delayed_entry_as_in_the_test_of_two_groups() -> None:
    group, event, time = data(1, 2)
    entry = time * np.random.default_rng(2).random(len(time)) * 0.9
    survival = Survival(time, event, np.ones(len(time), dtype=bool), entry=entry)
    p = log_rank_groups(group, event, time, entry)[2]
    assert p == pytest.approx(log_rank(group == 1, survival)[1], rel=1e-9)
    assert p != log_rank_groups(group, event, time)[2]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.integers(1, 6), st.integers(0, 3), st.integers(0, 1)),
        min_size=1,
        max_size=25,
    )
)
def test_it_is_the_sum_over_risk_sets(patients: list[tuple[int, bool, int, int, int]]) -> None:
    group, event, time, early, stratum = (np.array(column) for column in zip(*patients, strict=True))
    time = time.astype(np.float64)
    entry = np.minimum(early, time - 1).astype(np.float64)
    names = np.unique(group)
    difference, covariance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    for number, t in itertools.product([0, 1], np.unique(time[event])):
        inside = (entry < t) & (t <= time) & (stratum == number)
        died_now = inside & event & (time == t)
        n, d = inside.sum(), died_now.sum()
        share = np.array([(inside & (group == name)).sum() for name in names]) / max(n, 1)
        died = np.array([(died_now & (group == name)).sum() for name in names])
        difference += died - d * share
        if n > 1:
            covariance += d * (n - d) / (n - 1) * (np.diag(share) - np.outer(share, share))
    statistic, degrees, p = log_rank_groups(group, event, time, entry, stratum)
    assert degrees == np.linalg.matrix_rank(covariance, hermitian=True)
    if degrees:
        expected = difference @ np.linalg.pinv(covariance, hermitian=True) @ difference
        assert statistic == pytest.approx(expected, rel=1e-6, abs=1e-9)
        assert 0.0 <= p <= 1.0
    else:
        assert np.isnan(p)


def test_names_and_order_of_groups_do_not_matter() -> None:
    group, event, time = data(7, 3)
    order = np.random.default_rng(0).permutation(len(time))
    renamed = np.array([9, -4, 2])[group][order]
    expected = log_rank_groups(group, event, time)
    np.testing.assert_allclose(log_rank_groups(renamed, event[order], time[order]), expected, rtol=1e-9)


def test_a_group_that_is_never_at_risk_has_no_degree_of_freedom() -> None:
    time = np.array([1.0, 2.0, 3.0, 4.0, 0.5])
    event = np.array([True, True, True, True, False])
    statistic, degrees, p = log_rank_groups(np.array([0, 1, 0, 1, 2]), event, time)
    assert degrees == 1
    assert (statistic, p) == log_rank_groups(np.array([0, 1, 0, 1]), event[:4], time[:4])[::2]


@pytest.mark.parametrize("group", [np.zeros(4, dtype=int), np.arange(4) % 2])
def test_without_events_or_other_groups_there_is_no_p(group: Any) -> None:
    event = np.zeros(4, dtype=bool) if group.any() else np.ones(4, dtype=bool)
    statistic, degrees, p = log_rank_groups(group, event, np.arange(1.0, 5.0))
    assert (statistic, degrees) == (0.0, 0)
    assert np.isnan(p)
