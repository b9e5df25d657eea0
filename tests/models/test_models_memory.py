"""The same input gives the same bytes at any memory address; `torch.linalg.lstsq` gave two or three results."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

OPERATIONS: dict[str, Callable[[Tensor], Tensor | tuple[Tensor, ...]]] = {
    "product": lambda x: x.T @ x[:, :3],
    "pinv": lambda x: torch.linalg.pinv(x[:, :5]),
    "eigh": lambda x: torch.linalg.eigh(x @ x.T),
    "svd": lambda x: torch.linalg.svd(x[:, :5], full_matrices=False),
    "qr": lambda x: torch.linalg.qr(x[:, :5]),
    "solve": lambda x: torch.linalg.solve(x @ x.T, x[:, :2]),
    "cholesky_inverse": lambda x: torch.cholesky_inverse(torch.linalg.cholesky(x @ x.T)),
    "solve_triangular": lambda x: torch.linalg.solve_triangular(
        torch.linalg.cholesky(x @ x.T), x, upper=False
    ),
    "numpy solve": lambda x: torch.from_numpy(np.linalg.solve((x @ x.T).numpy(), x[:, :2].numpy().copy())),
    "numpy eigh": lambda x: torch.from_numpy(np.linalg.eigh((x @ x.T).numpy())[1].copy()),
    "numpy lstsq": lambda x: torch.from_numpy(
        np.linalg.lstsq(x[:, :5].numpy().copy(), x.numpy().copy(), rcond=None)[0].copy()
    ),
    "numpy pinv": lambda x: torch.from_numpy(np.linalg.pinv(x.numpy().copy())),
}
"""Matrix operations that the models use."""


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_bytes_do_not_depend_on_the_memory_address(name: str, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    x = torch.from_numpy(rng.normal(size=(56, 200))).to(dtype)
    blocks: list[object] = []
    results = set()
    for _ in range(200):
        blocks += [bytearray(size) for size in rng.integers(1, 3000, 20).tolist()]
        del blocks[:: int(rng.integers(2, 5))]
        result = OPERATIONS[name](x)
        parts = result if isinstance(result, tuple) else (result,)
        results.add(b"".join(part.numpy().tobytes() for part in parts))
    assert len(results) == 1
