"""The members of the ensemble: linear paths solved at once, the deep path for as long as it helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.config import HeadConfig, TrainerConfig
from models.ensemble.early_stopping import BestEpoch, ValidationProbe
from models.ensemble.inputs import Layout
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.ensemble.stratifier import MemberInputs, Stratifier, train
from models.ensemble.training_history import NO_HISTORY
from models.heads.head import Head
from models.linear.group_ridge import GroupRidge, group_ridge, likelihood_of, ridge
from omics.cohort.endpoints import Response, Survival
from omics.common.seeds import named_seed

__all__ = ["FEWEST_FOLDS", "EndpointTask", "train_members"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]

FEWEST_FOLDS = 3
"""With fewer the deep path stays silent."""

REHEARSALS = 4
"""Other inner folds of which each, in its turn, is watched rather than learned from."""


@dataclass(frozen=True)
class EndpointTask:
    """One endpoint of the n training patients, and the head that learns it."""

    endpoint: Survival | Response
    head: Head


@dataclass(frozen=True)
class Nets:
    """Networks side by side: for each the encoder it looks through (nets,), and who it learns from (nets, n)."""

    encoder: NDArray[np.int64]
    learns: Rows


def train_members(
    x: NDArray[np.float32],
    layout: Layout,
    tasks: Sequence[EndpointTask],
    fold: NDArray[np.int64],
    config: HeadConfig,
    trainer: TrainerConfig,
    seed: int,
) -> tuple[Stratifier, pd.DataFrame]:
    """Train a member for each inner fold on the patients of the others.

    A member's linear path is the ridge regression whose penalties its own patients ask for; that of a head
    of another likelihood is trained further. How long the deep path trains was found in a rehearsal: networks that
    begin alike learn from all but one more of the folds, watch that one, and the member takes the epoch at which their
    mean loss was least. No patient that a member leaves out had a say in any of it.

    Parameters
    ----------
    x
        (members, n, inputs), each through the member's own encoder.
    layout
        Of the inputs.
    tasks
        The endpoints of the n patients; each can be learned from all folds but any two, or but one of two.
    fold
        (n,) the inner fold, and member, that leaves each patient out.
    config, trainer
        Settings.
    seed
        Of the networks and batches.

    Returns
    -------
    Stratifier, pandas.DataFrame
        The members, and the course of the rehearsal, as :attr:`models.ensemble.early_stopping.ValidationProbe.training_history` has it.
    """
    count = x.shape[0]
    members = Nets(np.arange(count), np.stack([fold != member for member in range(count)]))
    given = config.penalties_of(layout.all_widths)
    solved = [
        [_solved(x[m], layout.block, task, members.learns[m], given) for task in tasks] for m in range(count)
    ]
    setting = _Setting(torch.from_numpy(x).transpose(0, 1).contiguous(), layout, tasks, config, trainer, seed)
    stratifier = setting.stratifier(members, solved)
    nothing_to_train = not config.hidden and all(task.head.solved for task in tasks)
    # Of two folds a member knows one, and nobody is left to be watched.
    if nothing_to_train or count < FEWEST_FOLDS:
        return stratifier.eval(), NO_HISTORY
    watch = _rehearsed(setting, members, solved, fold)
    best = watch.best
    if not best.any():
        return stratifier.eval(), watch.training_history
    inputs = setting.inputs(members.learns)
    return train(stratifier, inputs, seed, [BestEpoch(best)], int(best.max())), watch.training_history


@dataclass(frozen=True)
class _Setting:
    """What rehearsal and performance share."""

    x: Tensor
    layout: Layout
    tasks: Sequence[EndpointTask]
    config: HeadConfig
    trainer: TrainerConfig
    seed: int

    def targets(self, learns: Rows) -> tuple[object, ...]:
        """Give each head its target; who has no endpoint has weight 0 everywhere."""
        return tuple(
            task.head.target(
                *map(torch.from_numpy, task.endpoint.outcome),
                torch.from_numpy((learns & task.endpoint.observed).astype(np.float32)),
            )
            for task in self.tasks
        )

    def inputs(self, learns: Rows) -> MemberInputs:
        """Everybody's inputs, and the outcomes of those in `learns` (nets, n)."""
        return MemberInputs(self.x, self.targets(learns))  # type: ignore[arg-type]  # a head makes its own target

    def stratifier(self, nets: Nets, solved: Sequence[Sequence[GroupRidge]]) -> Stratifier:
        """Networks that begin as the ridge regressions `solved`, one for each net and task."""
        targets, count, inputs = self.targets(nets.learns), len(nets.encoder), self.x.shape[2]
        paths, ridges, deep = [], [], []
        for number, (task, target) in enumerate(zip(self.tasks, targets, strict=True)):
            head, own = task.head, [of_net[number] for of_net in solved]
            path = LinearPath(count, inputs, head.outputs, head.null_estimate(target))
            begin = np.stack([found.coefficients for found in own])[:, :, None] * np.asarray(head.lean)
            path.weight.data = torch.from_numpy(begin).to(self.x.dtype)
            path.weight.requires_grad_(not head.solved)
            penalties = torch.from_numpy(np.stack([found.penalties for found in own]))
            # Losses are means; penalties are of the whole likelihood.
            size = head.count(target).clamp_min(1)
            ridges.append((penalties / size[:, None]).to(self.x.dtype))
            deep.append((self.config.ridge_deep / size).to(self.x.dtype))
            paths.append(path)
        seed = named_seed(self.seed, "network")
        network = EnsembleNetwork(count, inputs, self.layout.common, self.config.hidden, paths, seed)
        heads = [task.head for task in self.tasks]
        return Stratifier(network, heads, ridges, deep, self.trainer, nets.encoder)


def _rehearsed(
    setting: _Setting, members: Nets, solved: Sequence[Sequence[GroupRidge]], fold: NDArray[np.int64]
) -> ValidationProbe:
    """Find the best epoch of each member in networks that leave one more fold out and watch it."""
    count = len(members.encoder)
    pairs = [(m, (m + 1 + k) % count) for m in range(count) for k in range(min(REHEARSALS, count - 1))]
    encoder, apart = (np.array(column) for column in zip(*pairs, strict=True))
    nets = Nets(encoder, members.learns[encoder] & (fold != apart[:, None]))
    x = setting.x.numpy()
    again = [
        [_again(x[:, m], task, rows, own) for task, own in zip(setting.tasks, solved[m], strict=True)]
        for m, rows in zip(encoder, nets.learns, strict=True)
    ]
    inputs = setting.inputs(nets.learns)
    watched = setting.inputs(members.learns[encoder] & ~nets.learns)
    watch = ValidationProbe(watched, inputs.targets, count, setting.trainer.epochs)
    train(setting.stratifier(nets, again), inputs, setting.seed, [watch])
    return watch


def _solved(
    x: NDArray[np.float32],
    block: NDArray[np.int64],
    task: EndpointTask,
    learns: Rows,
    given: Mapping[int, float],
) -> GroupRidge:
    """Linear path of one member, in the training patients with the endpoint."""
    rows = np.flatnonzero(learns & task.endpoint.observed)
    likelihood = likelihood_of(task.endpoint.take(rows))
    return group_ridge(x[rows].astype(np.float64), block, likelihood, given)


def _again(x: NDArray[np.float32], task: EndpointTask, learns: Rows, found: GroupRidge) -> GroupRidge:
    """Solve with the same penalties for other patients."""
    rows = np.flatnonzero(learns & task.endpoint.observed)
    likelihood = likelihood_of(task.endpoint.take(rows))
    return GroupRidge(ridge(x[rows].astype(np.float64), found.penalties, likelihood)[0], found.penalties)
