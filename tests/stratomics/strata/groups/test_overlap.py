"""Overlap of groups with labels and sites: known partitions, brute force, and limits."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest

from omics.common.errors import DataError
from stratomics.strata.groups.overlap import label_overlap, site_overlap


def test_the_adjusted_rand_index_counts_pairs() -> None:
    rng = np.random.default_rng(1)
    group, label = rng.integers(3, size=40), rng.integers(4, size=40)
    pairs = list(combinations(range(40), 2))
    same = np.array([(group[i] == group[j], label[i] == label[j]) for i, j in pairs])
    both, one, other = same.all(axis=1).sum(), *same.sum(axis=0)
    expected = one * other / comb(40, 2)
    result = label_overlap(group, label)
    assert result.adjusted_rand == pytest.approx((both - expected) / ((one + other) / 2 - expected))
    assert result.table.to_numpy().sum() == result.patients == 40


def test_names_do_not_matter_and_patients_without_both_are_left_out() -> None:
    group = np.array([0.0, 0.0, 1.0, 1.0, np.nan, 1.0])
    label = np.array(["x", "x", "y", "y", "y", None], dtype=object)
    result = label_overlap(group, label)
    assert (result.adjusted_rand, result.patients) == (1.0, 4)
    assert result.table.to_dict() == {"x": {"0": 2, "1": 0}, "y": {"0": 0, "1": 2}}


def test_groups_that_are_sites_are_found() -> None:
    site = np.repeat(["north", "south"], 20)
    result = site_overlap(np.repeat([1, 2], 20), site, draws=199)
    assert result.mutual_information == pytest.approx(1.0)
    assert (result.p, result.one_site_each) == (1 / 200, True)
    mixed = site_overlap(np.tile([1, 2], 20), site, draws=199)
    assert mixed.mutual_information == pytest.approx(0.0, abs=1e-9)
    assert (mixed.p, mixed.one_site_each) == (1.0, False)


def test_many_sites_match_any_groups_to_some_extent() -> None:
    rng = np.random.default_rng(3)
    result = site_overlap(rng.integers(3, size=60), rng.integers(20, size=60), draws=299)
    assert result.permuted > 0.15
    assert result.p > 0.05


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="no patient has a group and a label"):
        label_overlap(np.array(["a", None], dtype=object), np.array([None, "b"], dtype=object))
    with pytest.raises(DataError, match="from one site"):
        site_overlap(np.array([1, 2]), np.array(["x", "x"]))
