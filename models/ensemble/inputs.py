"""What the members look at: blocks of inputs laid side by side, and what an arm adds to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARM", "COVARIATES", "FACTORS", "Blocks", "Layout", "view_block"]

Array = NDArray[np.float64]
Blocks = Mapping[str, Array]
"""Name of a block -> its inputs (n, width)."""

COVARIATES, FACTORS, ARM = "covariates", "factors", "arm"
MODIFIERS = (FACTORS, COVARIATES)
"""Blocks that may change what a treatment does."""


def view_block(view: str) -> str:
    """Name of the block of a view's own components."""
    return f"view.{view}"


@dataclass(frozen=True)
class Layout:
    """Where the blocks stand among a member's inputs.

    Attributes
    ----------
    widths
        Name of a block -> number of inputs, in order. A member with fewer factors or categories than others has zeros.
    arms
        Whether patients have arms. The arm, and its products with the factors and covariates, then follow.
    """

    widths: Mapping[str, int]
    arms: bool = False

    @classmethod
    def of(cls, members: Sequence[Blocks], arms: bool) -> Self:
        """Make room for the blocks of every member."""
        names = dict.fromkeys(name for own in members for name in own)
        widths = {name: max(own[name].shape[1] for own in members if name in own) for name in names}
        return cls({name: width for name, width in widths.items() if width}, arms)

    @property
    def common(self) -> int:
        """Number of inputs without the arm's; they come first."""
        return sum(self.widths.values())

    @property
    def all_widths(self) -> dict[str, int]:
        """Name of a block -> number of inputs, those of the arm included."""
        products = {f"{ARM}:{name}": self.widths[name] for name in MODIFIERS if name in self.widths}
        return {**self.widths, **({ARM: 1, **products} if self.arms else {})}

    @property
    def total(self) -> int:
        """Number of inputs."""
        return sum(self.all_widths.values())

    @property
    def block(self) -> NDArray[np.int64]:
        """(inputs,) number of the block that each belongs to."""
        widths = list(self.all_widths.values())
        return np.repeat(np.arange(len(widths)), widths)

    def stacked(self, members: Sequence[Blocks], arm: Array | None = None) -> NDArray[np.float32]:
        """(members, n, inputs) of patients whose `arm` (n,) is as :func:`omics.cohort.arms.arm_codes` gives it."""
        return np.stack([self._joined(own, arm) for own in members]).astype(np.float32)

    def _joined(self, blocks: Blocks, arm: Array | None) -> Array:
        n = len(next(iter(blocks.values())))
        # A view of which a member kept no feature has no block there.
        own = {name: blocks.get(name, np.zeros((n, 0))) for name in self.widths}
        padded = {
            name: np.pad(own[name], ((0, 0), (0, width - own[name].shape[1])))
            for name, width in self.widths.items()
        }
        columns = list(padded.values())
        if self.arms and arm is not None:
            columns += [arm[:, None], *(arm[:, None] * padded[name] for name in MODIFIERS if name in padded)]
        return np.hstack(columns)
