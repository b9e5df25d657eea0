"""Penalized regressions on blocks of the inputs of the ensemble members, one regression per member."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import InputBlocks, InputLayout
from models.linear.elastic_net import Likelihood
from models.linear.group_ridge import group_ridge, likelihood_of
from omics.common.files import read_state, write_state

if TYPE_CHECKING:
    from stratomics.encoding.training_part import EncodedPatients, TrainingPart

__all__ = ["LinearMembers", "Solve", "evidence_ridge"]

Array = NDArray[np.float64]
Solve = Callable[[Array, NDArray[np.int64], Likelihood], Array]
"""``(inputs (n, p), block of each input (p,), likelihood) -> coefficients (p,)``."""


def evidence_ridge(x: Array, block: NDArray[np.int64], likelihood: Likelihood) -> Array:
    """Fit a ridge regression; each block has its own penalty, which maximizes the evidence.

    Parameters
    ----------
    x
        (n, p) inputs.
    block
        (p,) number of the block of each input.
    likelihood
        Likelihood of the n patients.

    Returns
    -------
    numpy.ndarray
        (p,) coefficients.
    """
    return group_ridge(x, block, likelihood).coefficients


@dataclass(frozen=True)
class LinearMembers:
    """One regression per member on some blocks of its inputs.

    Attributes
    ----------
    layout
        Names, order and width of the blocks.
    coefficients
        (members, inputs).
    """

    layout: InputLayout
    coefficients: Array

    @classmethod
    def fit(
        cls, part: TrainingPart, blocks: Collection[str], *, arms: bool, solve: Solve = evidence_ridge
    ) -> Self:
        """Fit each member to its inner training patients with the primary endpoint.

        Parameters
        ----------
        part
            The training part.
        blocks
            Names of the blocks to use.
        arms
            Whether the regressions use the arm, if the cohort has arms.
        solve
            The regression.
        """
        selected = [_select(member, blocks) for member in part.patients.blocks]
        layout = InputLayout.from_members(selected, arms and part.arms is not None)
        x = _inputs(layout, part.patients)
        coefficients = [np.zeros(layout.total) for _ in x]
        for number, inputs in enumerate(x if layout.total else ()):
            rows = part.training_rows(number)
            coefficients[number] = solve(inputs[rows], layout.block, likelihood_of(part.endpoint.take(rows)))
        return cls(layout, np.array(coefficients))

    def estimates(self, patients: EncodedPatients) -> Array:
        """(members, n, 1) estimates."""
        estimates: Array = np.einsum("mnp,mp->mn", _inputs(self.layout, patients), self.coefficients)
        return estimates[..., None]

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        layout = {"widths": dict(self.layout.widths), "arms": self.layout.arms}
        write_state(folder, name, {"layout": layout}, {"coefficients": self.coefficients})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        return cls(InputLayout(**settings["layout"]), arrays["coefficients"])


def _select(blocks: InputBlocks, names: Collection[str]) -> InputBlocks:
    return {name: values for name, values in blocks.items() if name in names}


def _inputs(layout: InputLayout, patients: EncodedPatients) -> Array:
    """(members, n, inputs); there are no inputs if no member has a feature of the view."""
    if not layout.total:
        return np.zeros((len(patients.members), len(patients.sample_ids), 0))
    return layout.stack(patients.blocks, patients.arms).astype(np.float64)
