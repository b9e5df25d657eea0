"""Characteristics by group: counts add up, and standardised differences are those of their formulas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratomics.evaluation.baseline_table import characteristic, standardised_difference


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 30))
def test_the_difference_of_two_levels_is_that_of_a_share(a: int, b: int, c: int, d: int) -> None:
    """Austin 2009, doi 10.1002/sim.3697, for a binary covariate."""
    groups = [np.repeat(np.eye(2), [yes, no], axis=0) for yes, no in ((a, b), (c, d))]
    p, q = a / (a + b), c / (c + d)
    expected = abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert standardised_difference(*groups) == pytest.approx(expected)


def test_the_difference_of_levels_does_not_depend_on_their_order() -> None:
    rng = np.random.default_rng(0)
    one, two = (
        np.eye(4)[rng.choice(4, 60, p=shares)] for shares in ([0.1, 0.2, 0.3, 0.4], [0.4, 0.1, 0.25, 0.25])
    )
    found = standardised_difference(one, two)
    assert found > 0.2
    for order in ([3, 1, 0, 2], [1, 0, 3, 2]):
        assert standardised_difference(one[:, order], two[:, order]) == pytest.approx(found)


@pytest.mark.parametrize(
    ("one", "two"),
    [([], [1.0]), ([1.0], [2.0]), ([2.0, 2.0], [2.0, 2.0])],
    ids=["empty", "single", "constant"],
)
def test_no_difference_where_nothing_varies(one: list[float], two: list[float]) -> None:
    assert np.isnan(standardised_difference(np.array(one), np.array(two)))


def test_counts_add_up_and_gaps_are_counted() -> None:
    values = pd.Series(["II", "I", None, "II", "III", "I"])
    group = np.array([True, True, True, False, False, False])
    found = characteristic("stage", values, [np.ones(6, dtype=bool), group, ~group], 2)
    assert list(found.levels) == ["I", "II", "III"]
    for everyone, first, second in found.levels.values():
        assert everyone.n == first.n + second.n
    assert found.missing == (1, 1, 0)
    assert [counts[1].share for counts in found.levels.values()] == [0.5, 0.5, 0.0]
    # Of all patients against themselves there is no difference, so that they are left out.
    assert found.difference == characteristic("stage", values, [group, ~group], 2).difference


def test_the_largest_difference_of_three_groups() -> None:
    values = pd.Series([1.0, 2.0, 3.0, 2.0, 3.0, 4.0, 11.0, 12.0, 13.0])
    groups = [np.repeat([k == 0, k == 1, k == 2], 3) for k in range(3)]
    assert characteristic("x", values, groups, 3).difference == pytest.approx(10.0)
    assert characteristic("x", values, groups, 3).quartiles[0].median == 2.0
