"""Stability over members: golden values of the jackknife, signs, ranks."""

from __future__ import annotations

import numpy as np
import pytest

from stratomics.explanation.stability import rank_stability, stability


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


def test_ranks() -> None:
    same = np.tile(np.array([3.0, -2.0, 1.0]), (4, 1, 1))
    assert rank_stability(same) == pytest.approx([1.0])
    opposite = np.array([[[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]]])
    assert rank_stability(opposite) == pytest.approx([-1.0])
    assert np.isnan(rank_stability(np.ones((3, 1, 1)))).all()
