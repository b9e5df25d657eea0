"""Coverage by group, of lower bounds under censoring and of response sets, with exact intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from claims import at_least
from claims import repetitions as sizes
from hypothesis import given
from hypothesis import strategies as st
from response_cases import one_fold, sets_of

from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.coverage_tables import (
    bound_coverage_table,
    coverage_groups,
    merge_small_groups,
    missing_views,
    set_coverage_table,
)
from stratomics.evaluation.intervals import exact_interval
from stratomics.evaluation.metrics.survival_bounds import bound_coverage


def cases(event: np.ndarray, time: np.ndarray, bound: np.ndarray | None) -> SurvivalCases:
    n, repeats = len(time), 1 if bound is None else len(bound)
    curves = (StepFunction(np.array([1.0]), np.full((n, 1), 0.5)),) * repeats
    fold = np.zeros((repeats, n), dtype=np.int64)
    return SurvivalCases(
        event, time, np.zeros((repeats, n)), fold, np.array([0.5]), 0.5, curves, np.ones((repeats, n)), bound
    )


def censored(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True time, whether it was observed (half of them are), and observed time."""
    rng = np.random.default_rng(seed)
    true, until = rng.exponential(1.0, n), rng.exponential(1.0, n)
    return true, true <= until, np.minimum(true, until)


def test_bounds_have_their_true_coverage_by_group_and_the_metric_overall() -> None:
    """True coverage is 0.9 in one group and 0.6 in the other; n 8,000, SE about 0.01."""
    true, event, time = censored(8000, 0)
    site = np.where(np.arange(8000) % 2, "far", "near")
    bound = np.where(site == "far", -np.log(0.6), -np.log(0.9))[None]
    data = cases(event, time, np.concatenate([bound, bound]))
    table = bound_coverage_table(data, {"site": site}).set_index(["by", "level"])
    assert table.loc[("all", "all"), "coverage"] == pytest.approx(
        bound_coverage(data, np.ones((1, 8000)))[0], abs=1e-12
    )
    for level, share in (("far", 0.6), ("near", 0.9)):
        row = table.loc[("site", level)]
        assert row["coverage"] == pytest.approx((true >= bound[0])[site == level].mean(), abs=0.02)
        assert row["low"] < share < row["high"]
        assert row["bound"] == pytest.approx(-np.log(share))
        assert row["n"] == 4000
        assert row["counted"] < 4000


def test_coverage_of_bounds_without_censoring_is_a_proportion_with_its_exact_interval() -> None:
    time = np.arange(1.0, 21.0)
    table = bound_coverage_table(cases(np.ones(20, dtype=bool), time, np.full((1, 20), 3.0)), {})
    row = table.iloc[0]
    assert (row["coverage"], row["counted"]) == (pytest.approx(0.9), 20)
    assert (row["low"], row["high"]) == pytest.approx(exact_interval(18, 20))


@sizes(60, 300, quick=True)
def test_intervals_of_bound_coverage_are_valid_under_censoring(repetitions: int) -> None:
    """300 repetitions of n 150, half censored: at least 95%, minus two Monte Carlo SE (0.0126)."""
    covered = 0
    for seed in range(repetitions):
        _, event, time = censored(150, seed)
        row = bound_coverage_table(cases(event, time, np.full((1, 150), -np.log(0.8))), {}).iloc[0]
        covered += row["low"] <= 0.8 <= row["high"]
    if repetitions == 300:
        assert covered / 300 >= 0.95 - 2 * 0.0126
    assert covered >= at_least(0.95, repetitions)


def test_a_group_not_followed_to_its_bounds_has_no_coverage() -> None:
    event, time = np.array([False, False, True]), np.array([1.0, 2.0, 3.0])
    table = bound_coverage_table(
        cases(event, time, np.array([[5.0, 5.0, 1.0]])), {"g": np.array(["a", "a", "b"])}
    )
    unknown, known = (table.set_index(["by", "level"]).loc[("g", g)] for g in "ab")
    assert unknown["counted"] == 0
    assert unknown[["coverage", "low", "high"]].isna().all()
    assert known["coverage"] == 1.0
    assert bound_coverage_table(cases(event, time, None), {}).empty


def test_set_coverage_by_group_and_by_missing_views() -> None:
    patients = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d"],
            "site": ["x", "x", "y", "y"],
            "view.rna": [True, True, False, False],
            "view.cnv": [True, False, True, False],
        }
    )
    assert missing_views(patients).tolist() == [
        "none missing",
        "without cnv",
        "without rna",
        "without rna, cnv",
    ]
    data = sets_of(["positive", "positive", "negative|positive", "negative"])
    by = coverage_groups(patients)
    assert set(by) == {"site", "views"}
    table = set_coverage_table(data, by).set_index(["by", "level"])
    assert table.loc[("site", "x"), ["n", "coverage", "width"]].tolist() == [2, 0.5, 1.0]
    assert table.loc[("site", "y"), ["n", "coverage", "width"]].tolist() == [2, 1.0, 1.5]
    assert table.loc[("views", "without cnv"), "coverage"] == 0.0
    for name in by:
        assert table.loc[name, "n"].sum() == 4
    assert (table["low"] <= table["coverage"]).all()
    assert (table["coverage"] <= table["high"]).all()


def test_without_sets_the_table_is_empty_and_the_metrics_have_a_reason() -> None:
    data = one_fold(np.array([True, False]), np.array([[0.2, 0.7]]))
    assert set_coverage_table(data, {}).empty
    reason = compare({"stratomics": data}, "r", "response", "log_loss", 100, seed=1).absent["stratomics"]
    assert reason["marginal_set_coverage"] == reason["marginal_set_width"] == reason["set_coverage"]
    assert reason["set_coverage"] == reason["set_width"] == "no sets of responses were predicted"


@given(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=60), st.integers(1, 12))
def test_only_small_groups_are_merged(labels: list[str], least: int) -> None:
    before, after = np.array(labels), merge_small_groups(np.array(labels), least)
    assert len(after) == len(before)
    same = after == before
    assert all((before == label).sum() >= least or (~same).sum() == 0 for label in np.unique(before[same]))
    assert len(np.unique(after[~same])) <= 1
