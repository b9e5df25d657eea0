"""Many members as one batched module: the member is a leading dimension of every parameter."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from omics.randomness import named_seed

__all__ = ["EnsembleNetwork"]


class EnsembleNetwork(nn.Module):
    """Wide and deep: a linear path beside one hidden layer, for each member alone.

    Parameters
    ----------
    members, inputs, hidden, outputs
        Sizes. With ``hidden`` 0 only the linear path is there.
    seed
        Member i starts from the generator ``(seed, "member", i)``, however many others there are.
    start
        (members, outputs) intercepts to begin with, never penalised; without them there are none, as for an
        estimate that has no zero of its own.
    """

    intercept: nn.Parameter | None

    def __init__(
        self, members: int, inputs: int, hidden: int, outputs: int, seed: int, start: Tensor | None = None
    ) -> None:
        super().__init__()
        self.members, self.inputs, self.hidden, self.outputs = members, inputs, hidden, outputs
        self.wide = nn.Parameter(torch.zeros(members, inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(members, hidden))
        self.first = nn.Parameter(_started(members, (inputs, hidden), seed, "first"))
        # The deep path starts silent: a member begins as its linear model.
        self.second = nn.Parameter(torch.zeros(members, hidden, outputs))
        self.register_parameter("intercept", None if start is None else nn.Parameter(start.clone()))

    def forward(self, x: Tensor) -> Tensor:
        """Estimates (members, n, outputs) from inputs (members, n, inputs)."""
        deep = torch.relu(x @ self.first + self.bias[:, None, :]) @ self.second
        estimate = x @ self.wide + deep
        return estimate if self.intercept is None else estimate + self.intercept[:, None, :]

    def penalty(self, ridge_wide: float, ridge_deep: float) -> Tensor:
        """(members,) ridge on the linear path and on both layers of the deep one."""
        wide = self.wide.square().sum((1, 2))
        deep = self.first.square().sum((1, 2)) + self.second.square().sum((1, 2))
        return (ridge_wide * wide + ridge_deep * deep) / 2


def _started(members: int, shape: tuple[int, int], seed: int, name: str) -> Tensor:
    draws = []
    for member in range(members):
        generator = torch.Generator().manual_seed(named_seed(seed, "member", member, name))
        draws.append(torch.randn(shape, generator=generator) / math.sqrt(max(shape[0], 1)))
    return torch.stack(draws)
