"""The hidden layer: worth of coalitions by brute force, and shares within a block."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stratomics.explanation.exact.network import deep_worth, shared_within
from stratomics.explanation.exact.shapley import coalitions, shapley_values


@pytest.mark.parametrize("cells", [4_000_000, 50])
def test_worth_of_coalitions_by_brute_force(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stratomics.explanation.exact.network.CELLS", cells)
    torch.manual_seed(0)
    rng, widths = np.random.default_rng(0), (2, 3, 1)
    x, z = rng.normal(size=(5, 6)), rng.normal(size=(7, 6))
    net = torch.nn.Sequential(
        torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1, bias=False)
    ).double()
    first, bias, second = (part.detach().numpy() for part in net.parameters())
    ends = np.cumsum(widths)[:-1]
    parts = [
        [
            block @ weights.T
            for block, weights in zip(np.split(rows, ends, 1), np.split(first, ends, 1), strict=True)
        ]
        for rows in (x, z)
    ]
    worth = deep_worth(parts[0], parts[1], bias, second[0])
    owner = np.repeat(np.arange(3), widths)
    for number, members in enumerate(coalitions(3)):
        mixed = np.where(members[owner], x[:, None], z[None])
        with torch.no_grad():
            expected = net(torch.from_numpy(mixed.reshape(-1, 6))).numpy().reshape(5, 7).mean(axis=1)
        np.testing.assert_allclose(worth[number], expected, atol=1e-12)
    np.testing.assert_allclose(shapley_values(worth).sum(axis=0), worth[-1] - worth[0], atol=1e-14)


@given(st.integers(1, 6), st.integers(0, 10**6))
def test_shares_add_up(width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    alone, total = rng.normal(size=(4, width)) * rng.integers(0, 2, (4, 1)), rng.normal(size=4)
    np.testing.assert_allclose(shared_within(alone, total).sum(axis=1), total, atol=1e-12)
