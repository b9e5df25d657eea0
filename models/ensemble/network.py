"""Many members as one batched module: the member is a leading dimension of every parameter."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from omics.common.seeds import named_seed

__all__ = ["EnsembleNetwork", "LinearPath"]


class LinearPath(nn.Module):
    """What leads straight from inputs to the outputs of one head, for each member alone.

    Parameters
    ----------
    members, inputs, outputs
        Sizes.
    start
        (members, outputs) intercepts to begin with, never penalised; without them there are none, as for an
        estimate that has no zero of its own.
    """

    intercept: nn.Parameter | None

    def __init__(self, members: int, inputs: int, outputs: int, start: Tensor | None = None) -> None:
        super().__init__()
        self.outputs = outputs
        self.weight = nn.Parameter(torch.zeros(members, inputs, outputs))
        self.register_parameter("intercept", None if start is None else nn.Parameter(start.clone()))

    def forward(self, x: Tensor, deep: Tensor | None = None) -> Tensor:
        """Estimates (members, n, outputs) from inputs (members, n, inputs), and what comes from elsewhere."""
        estimate = x @ self.weight
        if deep is not None:
            estimate = estimate + deep
        return estimate if self.intercept is None else estimate + self.intercept[:, None, :]

    def penalty(self, ridge: Tensor) -> Tensor:
        """(members,) half the sum of squares, each weighed by `ridge` (members, inputs)."""
        return (ridge[..., None] * self.weight.square()).sum((1, 2)) / 2


class EnsembleNetwork(nn.Module):
    """Wide and deep: a linear path for each head, beside one hidden layer that a member's heads share.

    Parameters
    ----------
    members, inputs
        Sizes.
    deep
        The hidden layer sees so many of the inputs, the first.
    hidden
        Its width; with 0 only the linear paths are there.
    paths
        One for each head.
    seed
        Member i starts from the generator ``(seed, "member", i)``, however many others there are.
    """

    def __init__(
        self, members: int, inputs: int, deep: int, hidden: int, paths: Sequence[LinearPath], seed: int
    ) -> None:
        super().__init__()
        self.members, self.inputs, self.deep, self.hidden = members, inputs, deep, hidden
        self.paths: Iterable[LinearPath] = nn.ModuleList(paths)  # type: ignore[assignment]  # of linear paths only
        self.bias = nn.Parameter(torch.zeros(members, hidden))
        self.first = nn.Parameter(_started(members, (deep, hidden), seed, "first"))
        # The deep path starts silent: a member begins as its linear model.
        self.second = nn.ParameterList(torch.zeros(members, hidden, path.outputs) for path in paths)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Estimates (members, n, outputs) of each head, from inputs (members, n, inputs)."""
        hidden = torch.relu(x[..., : self.deep] @ self.first + self.bias[:, None, :])
        return [path(x, hidden @ second) for path, second in zip(self.paths, self.second, strict=True)]

    def penalty(self, ridges: Sequence[Tensor], deep: Sequence[Tensor]) -> Tensor:
        """(members,) ridge on the linear paths, for each head (members, inputs), and on the deep one (members,).

        What the heads share is penalised as the first, which decides, has it.
        """
        total = deep[0] / 2 * self.first.square().sum((1, 2))
        for path, second, ridge, own in zip(self.paths, self.second, ridges, deep, strict=True):
            total = total + path.penalty(ridge) + own / 2 * second.square().sum((1, 2))
        return total


def _started(members: int, shape: tuple[int, int], seed: int, name: str) -> Tensor:
    draws = []
    for member in range(members):
        generator = torch.Generator().manual_seed(named_seed(seed, "member", member, name))
        draws.append(torch.randn(shape, generator=generator) / math.sqrt(max(shape[0], 1)))
    return torch.stack(draws)
