"""Ridge regressions on the inputs of the ensemble members, one regression per member."""

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
"""Selects the blocks of inputs of a regression."""


@dataclass(frozen=True)
class LinearMembers:
    """One ridge regression per member; each block has its own penalty, which maximizes the evidence.

    Attributes
    ----------
    select
        Selects the blocks.
    layout
        Order and width of the blocks.
    coefficients
        (members, inputs).
    centers
        (members,) mean estimate of each member over its training patients.
    held_out
        (n,) estimate of each training patient by the member that is fitted without the patient, centered.
    """

    select: Select
    layout: InputLayout
    coefficients: Array
    centers: Array
    held_out: Array

    @classmethod
    def fit(cls, part: TrainingPart, select: Select, arms: Array | None = None) -> Self:
        """Fit each member to its inner training patients with the primary endpoint.

        Parameters
        ----------
        part
            The training part.
        select
            Selects the blocks.
        arms
            (n,) arm of each patient, if the regressions use it.
        """
        blocks = [select(encoded) for _, encoded in part.members]
        layout = InputLayout.from_members(blocks, arms is not None)
        x = _inputs(layout, blocks, arms, len(part.held_out_by))
        coefficients, centers = [], []
        for number, inputs in enumerate(x):
            rows = np.flatnonzero(part.endpoint.observed & (part.held_out_by != number))
            likelihood = likelihood_of(part.endpoint.take(rows))
            b = np.empty(0)
            if layout.total:
                b = group_ridge(inputs[rows], layout.block, likelihood).coefficients
            coefficients.append(b)
            centers.append(float((inputs[rows] @ b).mean()))
        members, means = np.array(coefficients), np.array(centers)
        held_out = _centered(x, members, means)[part.held_out_by, np.arange(len(part.held_out_by))]
        return cls(select, layout, members, means, held_out)

    def estimates(self, new: NewPatients, arms: Array | None = None) -> Array:
        """(members, n) centered estimate of each member."""
        blocks = [self.select(encoded) for encoded in new.members]
        x = _inputs(self.layout, blocks, arms, new.cohort.n_obs)
        return _centered(x, self.coefficients, self.centers)


def _inputs(layout: InputLayout, blocks: Sequence[InputBlocks], arms: Array | None, n: int) -> Array:
    """(members, n, inputs); there are no inputs if no member has a feature of the view."""
    if not layout.total:
        return np.zeros((len(blocks), n, 0))
    return layout.stack(blocks, arms).astype(np.float64)


def _centered(x: Array, coefficients: Array, centers: Array) -> Array:
    estimates: Array = np.einsum("mnp,mp->mn", x, coefficients) - centers[:, None]
    return estimates
