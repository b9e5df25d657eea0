"""Contributions of the inputs of one member to its prediction, by block of inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import FACTORS, view_block

__all__ = ["MemberParts", "feature_block", "slopes_needed", "sum_parts"]

Array = NDArray[np.float64]


def feature_block(view: str) -> str:
    """Name of the block with the features of a view, which some candidates read without factors or components."""
    return f"features.{view}"


def slopes_needed(block: str) -> bool:
    """Whether a block is computed from features, so that its contribution is passed on to them."""
    return block == FACTORS or block.startswith(view_block(""))


@dataclass(frozen=True)
class MemberParts:
    """Contributions of inputs to the score of one member, a log hazard or log odds.

    Attributes
    ----------
    base
        Score of the reference.
    values
        Block -> (n, width) contribution of each input; their sum is the score of a patient minus `base`.
    slopes
        Block of factors or components -> (n, width) change of the score per unit of the input.
    """

    base: float
    values: Mapping[str, Array]
    slopes: Mapping[str, Array]

    def scaled(self, factor: float, shift: float = 0.0) -> MemberParts:
        """Contributions to `factor` times the score plus `shift`."""
        return MemberParts(
            factor * self.base + shift,
            {name: factor * values for name, values in self.values.items()},
            {name: factor * values for name, values in self.slopes.items()},
        )

    @property
    def score(self) -> Array:
        """(n,) score of each patient."""
        total: Array = self.base + np.sum([values.sum(axis=1) for values in self.values.values()], axis=0)
        return total

    def of(self, block: str, width: int) -> tuple[Array, Array]:
        """Contributions and slopes (n, width) of a block, 0 where no candidate with a weight reads it."""
        n = len(next(iter(self.values.values())))
        return _resized(self.values.get(block), n, width), _resized(self.slopes.get(block), n, width)


def _resized(values: Array | None, n: int, width: int) -> Array:
    """Cut or fill up columns: layouts give members with fewer inputs further columns of 0."""
    resized = np.zeros((n, width))
    if values is not None:
        columns = min(width, values.shape[1])
        resized[:, :columns] = values[:, :columns]
    return resized


def sum_parts(parts: Sequence[MemberParts]) -> MemberParts:
    """Add the contributions of several candidates of one member."""
    return MemberParts(
        sum(part.base for part in parts),
        _added([part.values for part in parts]),
        _added([part.slopes for part in parts]),
    )


def _added(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    """Sum by block; arrays of the same block may have different widths, since layouts pad them."""
    total: dict[str, Array] = {}
    for part in parts:
        for name, values in part.items():
            if name not in total:
                total[name] = values.copy()
                continue
            wide, narrow = sorted((total[name], values), key=lambda one: -one.shape[1])
            wide = wide.copy()
            wide[:, : narrow.shape[1]] += narrow
            total[name] = wide
    return total
