"""Coverage of lower bounds by group: the metric itself for all, the truth under censoring, intervals that hold."""

from __future__ import annotations

import numpy as np
import pytest

from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.bound_coverage import bound_table
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.response_set_coverage import exact_interval
from stratomics.evaluation.metrics.survival_calibration import bound_coverage


def cases(event: np.ndarray, time: np.ndarray, bound: np.ndarray | None) -> SurvivalCases:
    n, repeats = len(time), 1 if bound is None else len(bound)
    curves = (StepFunction(np.array([1.0]), np.full((n, 1), 0.5)),) * repeats
    fold = np.zeros((repeats, n), dtype=np.int64)
    return SurvivalCases(
        event, time, np.zeros((repeats, n)), fold, np.array([0.5]), 0.5, curves, np.ones((repeats, n)), bound
    )


def censored(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """True time, whether it was seen (half are), and time followed."""
    rng = np.random.default_rng(seed)
    true, until = rng.exponential(1.0, n), rng.exponential(1.0, n)
    return true, true <= until, np.minimum(true, until)


def test_groups_have_their_true_coverage_and_all_the_metric() -> None:
    """One group's bounds are reached by 0.9, the other's by 0.6; n 8,000, SE about 0.01."""
    true, event, time = censored(8000, 0)
    site = np.where(np.arange(8000) % 2, "far", "near")
    bound = np.where(site == "far", -np.log(0.6), -np.log(0.9))[None]
    data = cases(event, time, np.concatenate([bound, bound]))
    table = bound_table(data, {"site": site}).set_index(["by", "level"])
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


def test_without_censoring_it_is_a_plain_share_with_its_exact_interval() -> None:
    time = np.arange(1.0, 21.0)
    table = bound_table(cases(np.ones(20, dtype=bool), time, np.full((1, 20), 3.0)), {})
    row = table.iloc[0]
    assert (row["coverage"], row["counted"]) == (pytest.approx(0.9), 20)
    assert (row["low"], row["high"]) == pytest.approx(exact_interval(18, 20))


@pytest.mark.slow
def test_intervals_hold_the_truth_under_censoring() -> None:
    """300 repetitions of n 150, half censored: at least 95%, less two Monte Carlo SE (0.0126)."""
    held = 0
    for seed in range(300):
        _, event, time = censored(150, seed)
        row = bound_table(cases(event, time, np.full((1, 150), -np.log(0.8))), {}).iloc[0]
        held += row["low"] <= 0.8 <= row["high"]
    assert held / 300 >= 0.95 - 2 * 0.0126


def test_nobody_followed_to_his_bound_has_no_figure_and_no_bounds_no_rows() -> None:
    event, time = np.array([False, False, True]), np.array([1.0, 2.0, 3.0])
    table = bound_table(cases(event, time, np.array([[5.0, 5.0, 1.0]])), {"g": np.array(["a", "a", "b"])})
    first, second = (table.set_index(["by", "level"]).loc[("g", g)] for g in "ab")
    assert first["counted"] == 0
    assert first[["coverage", "low", "high"]].isna().all()
    assert second["coverage"] == 1.0
    assert bound_table(cases(event, time, None), {}).empty
