"""All members as one batched module: the first dimension of every parameter is the member."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from omics.common.seeds import named_seed

__all__ = ["EnsembleNetwork", "LinearPath"]


class LinearPath(nn.Module):
    """Linear map from the inputs to the outputs of one head, separate for each member.

    Parameters
    ----------
    members, inputs, outputs
        Sizes.
    intercept
        (members, outputs) initial intercepts, which are not penalised. None for an estimate without a natural zero,
        such as a log hazard ratio: there is then no intercept.
    """

    intercept: nn.Parameter | None

    def __init__(self, members: int, inputs: int, outputs: int, intercept: Tensor | None = None) -> None:
        super().__init__()
        self.outputs = outputs
        self.weight = nn.Parameter(torch.zeros(members, inputs, outputs))
        self.register_parameter("intercept", None if intercept is None else nn.Parameter(intercept.clone()))

    def forward(self, x: Tensor, deep: Tensor | None = None) -> Tensor:
        """Estimates (members, n, outputs) from inputs `x` (members, n, inputs), plus the estimates of the deep path."""
        estimate = x @ self.weight
        if deep is not None:
            estimate = estimate + deep
        return estimate if self.intercept is None else estimate + self.intercept[:, None, :]

    def penalty(self, ridge: Tensor) -> Tensor:
        """(members,) half the sum of squared weights, each multiplied by its `ridge` (members, inputs)."""
        return (ridge[..., None] * self.weight.square()).sum((1, 2)) / 2


class EnsembleNetwork(nn.Module):
    """Wide and deep network: a linear path for each head, and one hidden layer that the heads of a member share.

    Parameters
    ----------
    members, inputs
        Sizes.
    deep_inputs
        Number of inputs of the hidden layer; it uses the first ones.
    hidden
        Width of the hidden layer; with 0 there are only the linear paths.
    paths
        One linear path for each head.
    seed
        Member i is initialized from the generator ``(seed, "member", i)``, so the number of members does not matter.
    """

    def __init__(
        self,
        members: int,
        inputs: int,
        deep_inputs: int,
        hidden: int,
        paths: Sequence[LinearPath],
        seed: int,
    ) -> None:
        super().__init__()
        self.members, self.inputs, self.deep_inputs, self.hidden = members, inputs, deep_inputs, hidden
        self.paths: Iterable[LinearPath] = nn.ModuleList(paths)  # type: ignore[assignment]  # holds linear paths only
        self.bias = nn.Parameter(torch.zeros(members, hidden))
        self.first = nn.Parameter(_random_weights(members, (deep_inputs, hidden), seed, "first"))
        # The deep path starts at 0, so that each member starts as its linear model.
        self.second = nn.ParameterList(torch.zeros(members, hidden, path.outputs) for path in paths)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Estimates (members, n, outputs) of each head, from inputs (members, n, inputs)."""
        hidden = torch.relu(x[..., : self.deep_inputs] @ self.first + self.bias[:, None, :])
        return [path(x, hidden @ second) for path, second in zip(self.paths, self.second, strict=True)]

    def penalty(self, ridges: Sequence[Tensor], deep_ridges: Sequence[Tensor]) -> Tensor:
        """(members,) ridge penalty of the linear paths and of the deep path.

        The weights that the heads share are penalised with the deep ridge of the first head, the primary endpoint.

        Parameters
        ----------
        ridges
            For each head (members, inputs).
        deep_ridges
            For each head (members,).
        """
        total = deep_ridges[0] / 2 * self.first.square().sum((1, 2))
        for path, second, ridge, deep_ridge in zip(self.paths, self.second, ridges, deep_ridges, strict=True):
            total = total + path.penalty(ridge) + deep_ridge / 2 * second.square().sum((1, 2))
        return total


def _random_weights(members: int, shape: tuple[int, int], seed: int, name: str) -> Tensor:
    draws = []
    for member in range(members):
        generator = torch.Generator().manual_seed(named_seed(seed, "member", member, name))
        draws.append(torch.randn(shape, generator=generator) / math.sqrt(max(shape[0], 1)))
    return torch.stack(draws)
