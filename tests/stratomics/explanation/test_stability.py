"""Stability over members: golden values of the jackknife, signs, ranks."""

from __future__ import annotations

import numpy as np
import pytest

from stratomics.explanation.stability import FoldSummary, rank_stability, stability, standard_ranks


def test_jackknife_by_hand() -> None:
    # Five members: sd .1 gives a standard error of 4 / sqrt(5) * .1 = .1789, and t with 4 degrees of freedom 2.776.
    around = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
    around *= 0.1 / around.std(ddof=1)
    limit = 2.7764 * 4 / np.sqrt(5) * 0.1
    means = np.array([limit - 1e-4, limit + 1e-3, -limit - 1e-3, 0.0])
    found = stability(means + around[:, None, None], informative=True)
    assert found.stable.tolist() == [[False, True, True, False]]
    np.testing.assert_allclose(found.sd, 0.1)
    assert found.agreement[0, 1] == 1.0


def test_nothing_is_stable_without_information() -> None:
    values = np.ones((3, 2, 2)) + np.arange(3)[:, None, None] * 1e-6
    assert stability(values, informative=True).stable.all()
    assert not stability(values, informative=False).stable.any()
    assert not stability(np.zeros((3, 2, 2)), informative=True).stable.any()


def folds_of(values: np.ndarray, ratio: float) -> FoldSummary:
    """Summary of (folds, n, items) attributions, from the definitions."""
    mean = values.mean(axis=0)
    error = np.sqrt(((values - mean) ** 2).mean(axis=0) / ratio)
    signs = (values > 0).sum(axis=0), (values < 0).sum(axis=0)
    rank = standard_ranks(values).mean(axis=0)
    return FoldSummary(len(values), mean, values.std(axis=0, ddof=1), error, *map(np.float64, signs), rank)


def test_outer_folds_are_pooled_with_members() -> None:
    rng = np.random.default_rng(1)
    members, folds = rng.normal(1.0, 0.1, (5, 2, 3)), rng.normal(1.0, 0.1, (10, 2, 3))
    found = stability(members, informative=True, folds=folds_of(folds, 0.25))
    both = np.concatenate([members, folds])
    np.testing.assert_allclose(found.sd, both.std(axis=0, ddof=1))
    assert (found.agreement == 1).all()
    # Both are jackknives that leave out a fifth: the variance is 4 times the mean square, pooled by 4 and 9 degrees.
    of_members, of_folds = 4 * members.var(axis=0), 4 * folds.var(axis=0)
    error = np.sqrt((4 * of_members + 9 * of_folds) / 13)
    assert (found.stable == (members.mean(axis=0) > 2.1604 * error)).all()
    pairs = np.corrcoef(np.abs(both[:, 0]).argsort(axis=1).argsort(axis=1))
    expected = pairs[np.triu_indices(15, 1)].mean()
    assert rank_stability(members, folds_of(folds, 0.25))[0] == pytest.approx(expected)


def test_one_fold_of_another_direction_is_enough() -> None:
    members = np.ones((5, 3, 2)) + np.arange(5)[:, None, None] * 1e-3
    folds = members.copy()
    folds[0, 0, 0] = -1e-3
    summary = folds_of(folds, 1e6)
    summary.mean[1, 1] = np.nan
    summary.mean[2] = np.nan
    found = stability(members, informative=True, folds=summary)
    # The second item of the second patient is not known to the folds; the third patient is not known at all.
    assert found.stable.tolist() == [[False, True], [True, False], [True, True]]
    assert found.agreement[0].tolist() == [0.9, 1.0]
    assert np.isnan(found.agreement[1, 1])
    assert found.agreement[2].tolist() == [1.0, 1.0]


def test_ranks() -> None:
    same = np.tile(np.array([3.0, -2.0, 1.0]), (4, 1, 1))
    assert rank_stability(same) == pytest.approx([1.0])
    opposite = np.array([[[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]]])
    assert rank_stability(opposite) == pytest.approx([-1.0])
    assert np.isnan(rank_stability(np.ones((3, 1, 1)))).all()
