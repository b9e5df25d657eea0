"""Ridge regressions on what each member of the ensemble sees of the patients, one a member."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import InputBlocks, InputLayout
from models.linear.group_ridge import group_ridge, likelihood_of

if TYPE_CHECKING:
    from stratomics.fitting.encoder import Encoded
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["LinearMembers", "Select"]

Array = NDArray[np.float64]
Select = Callable[["Encoded"], InputBlocks]
"""Which blocks of inputs a regression looks at."""


@dataclass(frozen=True)
class LinearMembers:
    """One ridge regression a member, with a penalty a block as strong as the evidence asks for.

    Attributes
    ----------
    select, layout
        What the regressions look at.
    coefficients
        (members, inputs).
    centers
        (members,) mean estimate of the patients that each member learned from.
    own
        (n,) estimate of each training patient by the member that left him out, around that member's mean.
    """

    select: Select
    layout: InputLayout
    coefficients: Array
    centers: Array
    own: Array

    @classmethod
    def fit(cls, part: TrainingPart, select: Select, arms: Array | None = None) -> Self:
        """Fit each member on its inner training patients with the endpoint; `arms` (n,) if it looks at them too."""
        blocks = [select(encoded) for _, encoded in part.members]
        layout = InputLayout.from_members(blocks, arms is not None)
        x = _inputs(layout, blocks, arms, len(part.left))
        coefficients, centers = [], []
        for number, own in enumerate(x):
            rows = np.flatnonzero(part.endpoint.observed & (part.left != number))
            likelihood = likelihood_of(part.endpoint.take(rows))
            found = (
                group_ridge(own[rows], layout.block, likelihood).coefficients if layout.total else np.empty(0)
            )
            coefficients.append(found)
            centers.append(float((own[rows] @ found).mean()))
        b, middle = np.array(coefficients), np.array(centers)
        own = _around(x, b, middle)[part.left, np.arange(len(part.left))]
        return cls(select, layout, b, middle, own)

    def estimates(self, new: NewPatients, arms: Array | None = None) -> Array:
        """(members, n) what each member says, around its mean."""
        blocks = [self.select(encoded) for encoded in new.members]
        x = _inputs(self.layout, blocks, arms, new.cohort.n_obs)
        return _around(x, self.coefficients, self.centers)


def _inputs(layout: InputLayout, blocks: Sequence[InputBlocks], arms: Array | None, n: int) -> Array:
    """(members, n, inputs); of a view that no member kept a feature of there are none."""
    if not layout.total:
        return np.zeros((len(blocks), n, 0))
    return layout.stack(blocks, arms).astype(np.float64)


def _around(x: Array, coefficients: Array, centers: Array) -> Array:
    said: Array = np.einsum("mnp,mp->mn", x, coefficients) - centers[:, None]
    return said
