"""From a Batch to the blocks that group factor analysis works on, and first guesses of the factors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.batch import Batch
from models.factors.gfa.blocks import Block, Bounded, Complete, Holed
from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS, check_likelihood
from omics.common.errors import FitError
from omics.common.seeds import named_generator

__all__ = ["Data", "first_guesses", "prepare"]

ITERATIONS = 4


@dataclass(frozen=True)
class Data:
    """Blocks of each view, and the group of each patient: patients of a group share their posterior covariance.

    Attributes
    ----------
    views
        Blocks of each view, all of the same patients.
    group
        (n,) group of each patient.
    groups
        For each view the groups that its pull goes to: those of its patients, or those that have it.
    """

    views: Sequence[Sequence[Block]]
    group: Tensor
    groups: Sequence[Tensor]

    @classmethod
    def of(cls, views: Sequence[Sequence[Block]], n: int) -> Data:
        """Patients with the same views are a group where every block of theirs is complete."""
        rows = [blocks[0].rows for blocks in views]
        device = rows[0].device
        if not all(isinstance(block, Complete) for blocks in views for block in blocks):
            return cls(views, torch.arange(n, device=device), rows)
        present = torch.zeros(n, len(views), dtype=torch.int64, device=device)
        for view, own in enumerate(rows):
            present[own, view] = 1
        patterns, group = torch.unique(present, dim=0, return_inverse=True)
        return cls(views, group, [patterns[:, view].nonzero()[:, 0] for view in range(len(views))])

    @property
    def sizes(self) -> list[int]:
        """Features of each view."""
        return [sum(len(block.columns) for block in blocks) for blocks in self.views]

    def keep(self, kept: Tensor) -> Data:
        """Take every value from the patients that are not `kept` (n,); they stay as patients without a view."""
        return Data.of(
            [[block.keep(kept[block.rows]) for block in blocks] for blocks in self.views], len(kept)
        )


def prepare(
    batch: Batch, likelihoods: Mapping[str, str], dtype: torch.dtype, device: torch.device
) -> tuple[Data, dict[str, NDArray[np.float64]]]:
    """Blocks of every view that has features, and the (p,) offsets that were taken from each.

    Patients stand in the order of their ids, so that neither a draw nor a sum depends on how they came. A feature that
    nobody has is in no block. Gaussian features are centred.

    Raises
    ------
    FitError
        If a view has no value, infinite ones, no variance, or values that its likelihood cannot give.
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
    return Data.of(views, len(batch)), offsets


def first_guesses(data: Data, counts: Sequence[int], restarts: int, seed: int) -> tuple[Tensor, Tensor]:
    """Factors to begin with, for every count and restart.

    The first restart begins at the principal axes of all patients, found by subspace iteration (Halko, Martinsson and
    Tropp 2011, doi 10.1137/090771806); others stop after one round of it, turned at random.

    Returns
    -------
    (R, n, 1 + largest count) guesses with the constant first, and (R, 1 + largest count) bool: what a run may use.
    """
    n, largest = len(data.group), max(counts)
    parts = [(block.rows, *block.start()) for blocks in data.views for block in blocks]
    guesses = []
    for restart in range(restarts):
        generator = named_generator(seed, "gfa", restart)
        drawn = torch.tensor(generator.normal(size=(n, largest))).to(parts[0][1])
        axes = _principal(parts, drawn, 1 if restart else ITERATIONS) * math.sqrt(n)
        if restart:
            turn = np.linalg.qr(generator.normal(size=(largest, largest)))[0]
            axes = axes @ torch.tensor(turn).to(axes)
        guesses.append(torch.cat([axes.new_ones(n, 1), axes], dim=1))
    allowed = torch.tensor([[k < 1 + count for k in range(1 + largest)] for count in counts])
    start = torch.stack(guesses).repeat(len(counts), 1, 1)
    allowed = allowed.repeat_interleave(restarts, dim=0).to(start.device)
    return torch.where(allowed[:, None, :], start, 0.0), allowed


def _principal(parts: Sequence[tuple[Tensor, Tensor, Tensor]], axes: Tensor, iterations: int) -> Tensor:
    for _ in range(iterations):
        axes, before = torch.zeros_like(axes), torch.linalg.qr(axes)[0]
        for rows, values, weight in parts:
            axes[rows] += values @ ((values.mT @ before[rows]) * weight[:, None])
    left: Tensor = torch.linalg.svd(axes, full_matrices=False)[0]
    return left


def _blocks(
    name: str, rows: Tensor, x: Tensor, observed: NDArray[np.bool_], likelihood: str
) -> tuple[list[Block], NDArray[np.float64]]:
    if likelihood != GAUSSIAN:
        columns = _indices(np.any(observed, axis=0), x.device)
        seen = torch.from_numpy(observed).to(x.device)[:, columns]
        values = torch.where(seen, x[:, columns], 0.0)
        check_likelihood(name, likelihood, values)
        _centre(name, values.clone(), seen)
        return [Bounded(rows, columns, values, seen.to(x), LIKELIHOODS[likelihood])], np.zeros(x.shape[1])
    whole = np.all(observed, axis=0)
    seen = torch.from_numpy(observed).to(x.device)
    offset = _centre(name, x, seen)
    squares = x.square().sum(dim=0)
    blocks: list[Block] = []
    if whole.any():
        columns = _indices(whole, x.device)
        blocks.append(Complete(rows, columns, x if whole.all() else x[:, columns], squares[columns]))
    if (holed := np.any(observed, axis=0) & ~whole).any():
        columns = _indices(holed, x.device)
        blocks.append(Holed(rows, columns, x[:, columns], seen[:, columns].to(x), squares[columns]))
    return blocks, offset.double().cpu().numpy()


def _centre(name: str, x: Tensor, seen: Tensor) -> Tensor:
    """Take the mean of what is seen from `x` in place, with 0 where nothing is; give the means."""
    x.masked_fill_(~seen, 0.0)
    offset = x.sum(dim=0) / seen.sum(dim=0).clamp_min(1)
    x.sub_(offset).masked_fill_(~seen, 0.0)
    if not bool((x.abs().amax(dim=0) > 0).any()):
        raise FitError(f"view {name} has no feature that varies among the training patients; leave it out")
    return offset


def _indices(chosen: NDArray[np.bool_], device: torch.device) -> Tensor:
    return torch.from_numpy(np.flatnonzero(chosen)).to(device)
