"""The posterior of the loadings: the shared solution equals the solution for each feature."""

from __future__ import annotations

import numpy as np
import torch

from models.factors.gfa.loadings_posterior import solve_each, solve_shared


def test_one_decomposition_gives_the_same_as_one_per_feature() -> None:
    rng = np.random.default_rng(0)
    z, x = torch.tensor(rng.normal(size=(2, 20, 4))), torch.tensor(rng.normal(size=(20, 7)))
    tau, sd = (
        torch.tensor(rng.gamma(2, size=(2, 7))),
        torch.tensor([[1.0, 0.5, 0.0, 2.0], [1.0, 1.0, 1.0, 1.0]]),
    )
    moment, cross = z.mT @ z, torch.einsum("np,rnk->rpk", x, z)
    shared, _ = solve_shared(moment, cross, tau, sd.double())
    each = solve_each(moment[:, None] * tau[..., None, None], cross * tau[..., None], sd.double())
    for one, two in (
        (shared.mean, each.mean),
        (shared.second(), each.second()),
        (shared.entropy, each.entropy),
        (shared.variance(), each.variance()),
        (shared.total(tau), each.total(tau)),
        (shared.squares(), each.squares()),
        (shared.squares(), shared.second().diagonal(dim1=-2, dim2=-1).sum(dim=1)),
    ):
        torch.testing.assert_close(one, two)
    assert (shared.mean[0, :, 2] == 0).all()
