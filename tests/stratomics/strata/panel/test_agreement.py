"""Stability of a selection against its definition, and exchangeable analytes."""

from __future__ import annotations

import numpy as np
import pytest

from stratomics.strata.panel.agreement import exchangeable, selection_stability


def test_stability_is_that_of_the_definition() -> None:
    rng = np.random.default_rng(0)
    selected = [np.sort(rng.choice(12, size=rng.integers(2, 5), replace=False)) for _ in range(8)]
    table = np.array([[float(f in set(one.tolist())) for f in range(12)] for one in selected])
    size = table.sum(axis=1).mean()
    slow = 1 - table.var(axis=0, ddof=1).mean() / (size / 12 * (1 - size / 12))
    found = selection_stability(selected, 12)
    assert found["estimate"] == pytest.approx(slow)
    assert found["low"] < slow < found["high"]


def test_random_selections_have_stability_zero() -> None:
    rng = np.random.default_rng(1)
    found = selection_stability([rng.choice(50, 5, replace=False) for _ in range(400)], 50)
    assert found["estimate"] == pytest.approx(0, abs=0.02)
    assert found["low"] < 0.01 < found["high"] + 0.02


def test_equal_and_full_selections() -> None:
    assert selection_stability([np.array([1, 2])] * 4, 9)["estimate"] == pytest.approx(1)
    assert selection_stability([np.arange(3)] * 4, 3) == {"estimate": 1.0}


def test_a_block_has_the_analytes_that_correlate_most_first() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(200, 5))
    x[:, 3] = -x[:, 0] + 0.1 * rng.normal(size=200)
    x[:, 4] = x[:, 0] + 0.3 * rng.normal(size=200)
    blocks = exchangeable(x, np.array([0, 1]))
    assert [block.tolist() for block in blocks] == [[3, 4], []]
