"""Whether there are groups: brute-force agreement, references, and false and true findings in simulations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from claims import at_least, at_most
from claims import repetitions as sizes

from stratomics.strata.groups import existence, references
from stratomics.strata.groups.existence import groups_exist

N, AXES = 100, 5


def normal(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((N, AXES))


def heavy(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((N, AXES)) / np.sqrt(rng.chisquare(5, (N, 1)) / 5)


def skewed(rng: np.random.Generator) -> np.ndarray:
    return rng.gamma(4.0, size=(N, AXES))


def two_groups(rng: np.random.Generator) -> np.ndarray:
    """Two groups, four standard deviations apart on one axis."""
    x = rng.standard_normal((N, AXES))
    x[: N // 2, 0] += 4.0
    return x


def test_agreement_is_the_smallest_share_of_pairs_that_stay_together() -> None:
    rng = np.random.default_rng(1)
    own, assigned = rng.integers(3, size=(4, 20)), rng.integers(3, size=(4, 20))
    for row, value in enumerate(existence._agreement(assigned, own, 3)):
        shares = []
        for group in range(3):
            members = np.flatnonzero(own[row] == group)
            pairs = [(a, b) for a in members for b in members if a < b]
            shares.append(np.mean([assigned[row, a] == assigned[row, b] for a, b in pairs]))
        assert value == pytest.approx(min(shares))


def test_more_draws_are_made_until_the_count_is_decided() -> None:
    x = np.random.default_rng(11).standard_normal((20, 2))
    # Every draw is as strong as nothing, and none is stronger than everything.
    near = existence._near_the_edge(x, 2, 0.0, references.heavy_cloud, np.random.default_rng(2))
    assert len(near) == existence.BATCH
    near = existence._near_the_edge(x, 2, 2.0, references.heavy_cloud, np.random.default_rng(2))
    assert len(near) == 60


def test_the_same_seed_gives_the_same_test() -> None:
    x = two_groups(np.random.default_rng(4))[35:65, :1]
    once, again = (groups_exist(x, [2], np.random.default_rng(5)) for _ in range(2))
    assert once == again
    assert once.tests[0].k == 2


@pytest.mark.timeout(4 * 3600)
@sizes(8, 200)
@pytest.mark.parametrize(
    ("made", "most"), [(normal, 0.05), (heavy, 0.05), (skewed, 0.15)], ids=["normal", "heavy", "skewed"]
)
def test_one_cloud_is_rarely_called_groups(
    made: Callable[[np.random.Generator], np.ndarray], most: float, repetitions: int
) -> None:
    found = sum(
        groups_exist(made(np.random.default_rng([seed, 1])), (2, 3, 4), np.random.default_rng(seed)).k
        is not None
        for seed in range(repetitions)
    )
    print(f"{made.__name__}: {found / repetitions:.3f} called groups")  # noqa: T201  # with -s
    assert found <= at_most(most, repetitions)


@pytest.mark.timeout(4 * 3600)
@sizes(8, 200)
def test_two_groups_four_standard_deviations_apart_are_found(repetitions: int) -> None:
    found = sum(
        groups_exist(two_groups(np.random.default_rng([seed, 2])), (2,), np.random.default_rng(seed)).k == 2
        for seed in range(repetitions)
    )
    print(f"two groups: {found / repetitions:.3f} found")  # noqa: T201  # with -s
    assert found >= at_least(0.8, repetitions)
