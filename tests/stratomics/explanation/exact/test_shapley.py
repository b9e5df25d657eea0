"""Shapley values: the golden example, and the definition with all orders of the players."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stratomics.explanation.exact.shapley import coalitions, shapley_values


def test_golden_product_and_sum() -> None:
    # f = ab + c at (2, 3, 1) with the reference (1, 1, 0), by hand: (2, 3, 1).
    x, z = np.array([2.0, 3.0, 1.0]), np.array([1.0, 1.0, 0.0])
    mixed = np.where(coalitions(3), x, z)
    worth = mixed[:, 0] * mixed[:, 1] + mixed[:, 2]
    np.testing.assert_allclose(shapley_values(worth), [2.0, 3.0, 1.0], atol=1e-15)


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_mean_over_all_orders(players: int, seed: int) -> None:
    worth = np.random.default_rng(seed).normal(size=2**players)
    orders = list(permutations(range(players)))
    brute = np.zeros(players)
    for order in orders:
        number = 0
        for player in order:
            brute[player] += (worth[number | 1 << player] - worth[number]) / len(orders)
            number |= 1 << player
    np.testing.assert_allclose(shapley_values(worth), brute, atol=1e-12)
    np.testing.assert_allclose(shapley_values(worth).sum(), worth[-1] - worth[0], atol=1e-12)
