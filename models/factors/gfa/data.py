"""Convert a Batch into the blocks of group factor analysis, and find initial factors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.batch import Batch
from models.factors.gfa.blocks import BoundedBlock, CompleteBlock, FeatureBlock, IncompleteBlock
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS, check_likelihood
from omics.common.errors import FitError
from omics.common.seeds import named_generator

__all__ = ["GfaData", "initial_factors", "prepare_data"]

ITERATIONS = 4


@dataclass(frozen=True)
class GfaData:
    """Blocks of each view, and the group of each patient: patients of a group share their posterior covariance.

    Attributes
    ----------
    views
        Blocks of each view, all of the same patients.
    group
        (n,) group of each patient.
    groups
        For each view the groups whose precision it changes: those of its patients, or those that have it.
    """

    views: Sequence[Sequence[FeatureBlock]]
    group: Tensor
    groups: Sequence[Tensor]

    @classmethod
    def from_blocks(cls, views: Sequence[Sequence[FeatureBlock]], n: int) -> GfaData:
        """Group patients by the views that they have if every block is complete; else each patient is a group.

        Parameters
        ----------
        views
            Blocks of each view.
        n
            Number of patients.
        """
        rows = [blocks[0].rows for blocks in views]
        device = rows[0].device
        if not all(isinstance(block, CompleteBlock) for blocks in views for block in blocks):
            return cls(views, torch.arange(n, device=device), rows)
        present = torch.zeros(n, len(views), dtype=torch.int64, device=device)
        for view, of_view in enumerate(rows):
            present[of_view, view] = 1
        patterns, group = torch.unique(present, dim=0, return_inverse=True)
        return cls(views, group, [patterns[:, view].nonzero()[:, 0] for view in range(len(views))])

    @property
    def sizes(self) -> list[int]:
        """Number of features of each view."""
        return [sum(len(block.columns) for block in blocks) for blocks in self.views]

    def keep(self, kept: Tensor) -> GfaData:
        """Remove all values of the patients where `kept` (n,) is False; they remain as patients without a view."""
        return GfaData.from_blocks(
            [[block.keep(kept[block.rows]) for block in blocks] for blocks in self.views], len(kept)
        )


def prepare_data(
    batch: Batch, likelihoods: Mapping[str, str], dtype: torch.dtype, device: torch.device
) -> tuple[GfaData, dict[str, NDArray[np.float64]]]:
    """Blocks of every view that has features.

    Patients are sorted by id, so that results do not depend on their order in `batch`. Features without data are in no
    block. Gaussian features are centred.

    Parameters
    ----------
    batch
        n training patients.
    likelihoods
        View -> likelihood; gaussian for the others.
    dtype, device
        Of the tensors.

    Returns
    -------
    GfaData
        The blocks.
    dict
        View -> (p,) offsets that were subtracted from its features.

    Raises
    ------
    FitError
        If a view has no value, infinite ones, no variance, or values that its likelihood cannot produce.
    """
    views, offsets, order = [], {}, batch.by_id()
    for name, x in batch.views.items():
        if not x.shape[1]:
            continue
        here = np.flatnonzero(batch.present(name)[order])
        if not len(here):
            raise FitError(f"view {name} was measured on none of the training patients; leave it out")
        rows = order[here]
        observed = batch.observed[name][rows]
        if not np.isfinite(x[rows][observed]).all():
            raise FitError(
                f"view {name} has values that are no numbers and are called observed; mark them as missing"
            )
        blocks, offsets[name] = _blocks(
            name,
            torch.from_numpy(here).to(device),
            torch.tensor(x[rows], dtype=dtype, device=device),
            observed,
            likelihoods.get(name, GAUSSIAN),
        )
        views.append(blocks)
    return GfaData.from_blocks(views, len(batch)), offsets


def initial_factors(data: GfaData, counts: Sequence[int], restarts: int, seed: int) -> tuple[Tensor, Tensor]:
    """Find initial factors for every count and restart.

    The first restart starts at the principal axes of all patients, found by subspace iteration (Halko, Martinsson and
    Tropp 2011, doi 10.1137/090771806); the others stop after one iteration and are rotated at random.

    Parameters
    ----------
    data
        Of n patients.
    counts
        Numbers of factors.
    restarts
        Runs for each count.
    seed
        Of the random axes and rotations.

    Returns
    -------
    factors
        (R, n, 1 + largest count), the constant 1 first.
    allowed
        (R, 1 + largest count) bool: the factors that a run may use.
    """
    n, largest = len(data.group), max(counts)
    parts = [(block.rows, *block.initial_values()) for blocks in data.views for block in blocks]
    factors = []
    for restart in range(restarts):
        generator = named_generator(seed, "gfa", restart)
        random_axes = torch.tensor(generator.normal(size=(n, largest))).to(parts[0][1])
        axes = _principal_axes(parts, random_axes, 1 if restart else ITERATIONS) * math.sqrt(n)
        if restart:
            rotation = np.linalg.qr(generator.normal(size=(largest, largest)))[0]
            axes = axes @ torch.tensor(rotation).to(axes)
        factors.append(torch.cat([axes.new_ones(n, 1), axes], dim=1))
    allowed = torch.tensor([[k < 1 + count for k in range(1 + largest)] for count in counts])
    stacked = torch.stack(factors).repeat(len(counts), 1, 1)
    allowed = allowed.repeat_interleave(restarts, dim=0).to(stacked.device)
    return torch.where(allowed[:, None, :], stacked, 0.0), allowed


def _principal_axes(parts: Sequence[tuple[Tensor, Tensor, Tensor]], axes: Tensor, iterations: int) -> Tensor:
    for _ in range(iterations):
        axes, before = torch.zeros_like(axes), torch.linalg.qr(axes)[0]
        for rows, values, weight in parts:
            axes[rows] += values @ ((values.mT @ before[rows]) * weight[:, None])
    left: Tensor = torch.linalg.svd(axes, full_matrices=False)[0]
    return left


def _blocks(
    name: str, rows: Tensor, x: Tensor, observed: NDArray[np.bool_], likelihood: str
) -> tuple[list[FeatureBlock], NDArray[np.float64]]:
    if likelihood != GAUSSIAN:
        columns = _indices(np.any(observed, axis=0), x.device)
        seen = torch.from_numpy(observed).to(x.device)[:, columns]
        values = torch.where(seen, x[:, columns], 0.0)
        check_likelihood(name, likelihood, values)
        _centre(name, values.clone(), seen)
        return [BoundedBlock(rows, columns, values, seen.to(x), LIKELIHOODS[likelihood])], np.zeros(
            x.shape[1]
        )
    complete = np.all(observed, axis=0)
    seen = torch.from_numpy(observed).to(x.device)
    offset = _centre(name, x, seen)
    squares = x.square().sum(dim=0)
    blocks: list[FeatureBlock] = []
    if complete.any():
        columns = _indices(complete, x.device)
        values = x if complete.all() else x[:, columns]
        blocks.append(CompleteBlock(rows, columns, values, squares[columns]))
    if (incomplete := np.any(observed, axis=0) & ~complete).any():
        columns = _indices(incomplete, x.device)
        blocks.append(IncompleteBlock(rows, columns, x[:, columns], seen[:, columns].to(x), squares[columns]))
    return blocks, offset.double().cpu().numpy()


def _centre(name: str, x: Tensor, seen: Tensor) -> Tensor:
    """Subtract the feature means from `x` in place, set missing values to 0, and return the means."""
    x.masked_fill_(~seen, 0.0)
    offset = x.sum(dim=0) / seen.sum(dim=0).clamp_min(1)
    x.sub_(offset).masked_fill_(~seen, 0.0)
    if not bool((x.abs().amax(dim=0) > 0).any()):
        raise FitError(f"view {name} has no feature that varies among the training patients; leave it out")
    return offset


def _indices(chosen: NDArray[np.bool_], device: torch.device) -> Tensor:
    return torch.from_numpy(np.flatnonzero(chosen)).to(device)
