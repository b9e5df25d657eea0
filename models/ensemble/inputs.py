"""Inputs of the ensemble members: blocks of columns side by side, and the columns that a treatment arm adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["ARM", "COVARIATES", "FACTORS", "InputBlocks", "InputLayout", "view_block"]

Array = NDArray[np.float64]
InputBlocks = Mapping[str, Array]
"""Name of a block -> its inputs (n, width)."""

COVARIATES, FACTORS, ARM = "covariates", "factors", "arm"
MODIFIERS = (FACTORS, COVARIATES)
"""Blocks that may modify the treatment effect."""


def view_block(view: str) -> str:
    """Name of the block with the components of one view."""
    return f"view.{view}"


@dataclass(frozen=True)
class InputLayout:
    """Order and width of the blocks among a member's inputs.

    Attributes
    ----------
    widths
        Name of a block -> number of inputs, in order. A member with fewer factors or categories than others has zeros.
    arms
        Whether the cohort has treatment arms. The arm, and its products with the factors and covariates, then follow.
    """

    widths: Mapping[str, int]
    arms: bool = False

    @classmethod
    def from_members(cls, members: Sequence[InputBlocks], arms: bool) -> Self:
        """Give each block the width that the widest member needs.

        Parameters
        ----------
        members
            Blocks of each member.
        arms
            Whether the cohort has treatment arms.
        """
        names = dict.fromkeys(name for blocks in members for name in blocks)
        widths = {name: max(blocks[name].shape[1] for blocks in members if name in blocks) for name in names}
        return cls({name: width for name, width in widths.items() if width}, arms)

    @property
    def total_without_arm(self) -> int:
        """Number of inputs without those of the arm; they come first."""
        return sum(self.widths.values())

    @property
    def all_widths(self) -> dict[str, int]:
        """Name of a block -> number of inputs, the blocks of the arm included."""
        products = {f"{ARM}:{name}": self.widths[name] for name in MODIFIERS if name in self.widths}
        return {**self.widths, **({ARM: 1, **products} if self.arms else {})}

    @property
    def total(self) -> int:
        """Number of inputs."""
        return sum(self.all_widths.values())

    @property
    def block(self) -> NDArray[np.int64]:
        """(inputs,) index of the block of each input."""
        widths = list(self.all_widths.values())
        return np.repeat(np.arange(len(widths)), widths)

    def stack(self, members: Sequence[InputBlocks], arm: Array | None = None) -> NDArray[np.float32]:
        """Combine the inputs of all members in one array.

        Parameters
        ----------
        members
            Blocks of each member, for the same n patients.
        arm
            (n,) codes of the treatment arms, from :func:`omics.cohort.arms.arm_codes`.

        Returns
        -------
        numpy.ndarray
            (members, n, inputs) float32.
        """
        return np.stack([self._concatenate(blocks, arm) for blocks in members]).astype(np.float32)

    def _concatenate(self, blocks: InputBlocks, arm: Array | None) -> Array:
        n = len(next(iter(blocks.values())))
        # A member that kept no feature of a view has no block for it.
        present = {name: blocks.get(name, np.zeros((n, 0))) for name in self.widths}
        padded = {
            name: np.pad(present[name], ((0, 0), (0, width - present[name].shape[1])))
            for name, width in self.widths.items()
        }
        together = np.hstack(list(padded.values()))
        return together if arm is None else self.with_arm(together, arm)

    def with_arm(self, inputs: Array, arm: Array) -> Array:
        """Add the columns of the arm to inputs.

        Parameters
        ----------
        inputs
            (n, inputs without those of the arm).
        arm
            (n,) codes of the treatment arms.

        Returns
        -------
        numpy.ndarray
            (n, inputs); `inputs` if there are no arms.
        """
        if not self.arms:
            return inputs
        products = [arm[:, None] * inputs[:, self.columns(name)] for name in MODIFIERS if name in self.widths]
        return np.hstack([inputs, arm[:, None], *products])

    def columns(self, name: str) -> slice:
        """Columns of a block among the inputs of a member."""
        widths = self.all_widths
        start = sum(widths[other] for other in list(widths)[: list(widths).index(name)])
        return slice(start, start + widths[name])
