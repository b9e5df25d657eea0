"""Train the members of the ensemble: linear paths by ridge regression, the deep path with early stopping."""

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
from models.ensemble.ensemble_module import EnsembleModule, MemberInputs, train
from models.ensemble.inputs import InputLayout
from models.ensemble.network import EnsembleNetwork, LinearPath
from models.ensemble.training_history import NO_HISTORY
from models.heads.head import Head
from models.linear.group_ridge import GroupRidge, group_ridge, likelihood_of, ridge
from omics.cohort.endpoints import Response, Survival
from omics.common.seeds import named_seed

__all__ = ["MIN_FOLDS", "EndpointTask", "train_members"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]

MIN_FOLDS = 3
"""With fewer folds the deep path is not trained."""

INNER_VALIDATIONS = 4
"""Number of networks per member in inner validation; each leaves out another inner fold."""


@dataclass(frozen=True)
class EndpointTask:
    """One endpoint of the n training patients, and the head that learns it."""

    endpoint: Survival | Response
    head: Head


@dataclass(frozen=True)
class ParallelNetworks:
    """Networks that train together: the encoder of each (networks,), and its training patients (networks, n)."""

    encoder: NDArray[np.int64]
    training: Rows


def train_members(
    x: NDArray[np.float32],
    layout: InputLayout,
    tasks: Sequence[EndpointTask],
    fold: NDArray[np.int64],
    config: HeadConfig,
    trainer: TrainerConfig,
    seed: int,
) -> tuple[EnsembleModule, pd.DataFrame]:
    """Train one member per inner fold, on the patients of the other folds.

    The linear path of a member is a ridge regression with penalties estimated from the member's training patients; for
    heads with another likelihood it is trained further. Inner validation finds the number of epochs of the deep path:
    networks with the same initial values leave out one more fold and are evaluated on it, and the member takes the
    epoch with the smallest mean validation loss. The patients that a member leaves out have no influence on it.

    Parameters
    ----------
    x
        (members, n, inputs), each through the encoder of the member.
    layout
        Layout of the inputs.
    tasks
        The endpoints of the n patients. Each must be trainable without any two of the folds, or without any one if
        there are two.
    fold
        (n,) the inner fold of each patient, which is the member that leaves them out.
    config, trainer
        Settings.
    seed
        Of the networks and batches.

    Returns
    -------
    EnsembleModule
        The members.
    pandas.DataFrame
        The training history of inner validation, as in
        :attr:`models.ensemble.early_stopping.ValidationProbe.training_history`.
    """
    count = x.shape[0]
    members = ParallelNetworks(np.arange(count), np.stack([fold != member for member in range(count)]))
    penalties = config.penalties_by_block(layout.all_widths)
    solutions = [
        [_fit_ridge(x[m], layout.block, task, members.training[m], penalties) for task in tasks]
        for m in range(count)
    ]
    ensemble = _Ensemble(
        torch.from_numpy(x).transpose(0, 1).contiguous(), layout, tasks, config, trainer, seed
    )
    stratifier = ensemble.stratifier(members, solutions)
    nothing_to_train = not config.hidden and all(task.head.exact_linear for task in tasks)
    # With two folds, a member trains on one of them and none is left for validation.
    if nothing_to_train or count < MIN_FOLDS:
        return stratifier.eval(), NO_HISTORY
    probe = _validate_inner(ensemble, members, solutions, fold)
    best = probe.best
    if not best.any():
        return stratifier.eval(), probe.training_history
    inputs = ensemble.inputs(members.training)
    return train(stratifier, inputs, seed, [BestEpoch(best)], int(best.max())), probe.training_history


@dataclass(frozen=True)
class _Ensemble:
    """What inner validation and the training of the members have in common."""

    x: Tensor
    layout: InputLayout
    tasks: Sequence[EndpointTask]
    config: HeadConfig
    trainer: TrainerConfig
    seed: int

    def targets(self, training: Rows) -> tuple[object, ...]:
        """Target of each head; patients without the endpoint have weight 0 in every network."""
        return tuple(
            task.head.target(
                *map(torch.from_numpy, task.endpoint.outcome),
                torch.from_numpy((training & task.endpoint.observed).astype(np.float32)),
            )
            for task in self.tasks
        )

    def inputs(self, training: Rows) -> MemberInputs:
        """Build the inputs of all patients, with weight for the outcomes of those in `training` (networks, n)."""
        return MemberInputs(self.x, self.targets(training))  # type: ignore[arg-type]  # each head defines its target

    def stratifier(
        self, networks: ParallelNetworks, solutions: Sequence[Sequence[GroupRidge]]
    ) -> EnsembleModule:
        """Networks that start at the ridge regressions `solutions`, one for each network and task."""
        targets, count, inputs = self.targets(networks.training), len(networks.encoder), self.x.shape[2]
        paths, ridges, deep_ridges = [], [], []
        for number, (task, target) in enumerate(zip(self.tasks, targets, strict=True)):
            head, of_task = task.head, [of_network[number] for of_network in solutions]
            path = LinearPath(count, inputs, head.outputs, head.null_estimate(target))
            coefficients = np.stack([ridge.coefficients for ridge in of_task])
            initial = coefficients[:, :, None] * np.asarray(head.linear_direction)
            path.weight.data = torch.from_numpy(initial).to(self.x.dtype)
            path.weight.requires_grad_(not head.exact_linear)
            penalties = torch.from_numpy(np.stack([ridge.penalties for ridge in of_task]))
            # The loss is a mean; the penalties are on the scale of the whole likelihood.
            size = head.count(target).clamp_min(1)
            ridges.append((penalties / size[:, None]).to(self.x.dtype))
            deep_ridges.append((self.config.ridge_deep / size).to(self.x.dtype))
            paths.append(path)
        seed, deep_inputs = named_seed(self.seed, "network"), self.layout.total_without_arm
        network = EnsembleNetwork(count, inputs, deep_inputs, self.config.hidden, paths, seed)
        heads = [task.head for task in self.tasks]
        return EnsembleModule(network, heads, ridges, deep_ridges, self.trainer, networks.encoder)


def _validate_inner(
    ensemble: _Ensemble,
    members: ParallelNetworks,
    solutions: Sequence[Sequence[GroupRidge]],
    fold: NDArray[np.int64],
) -> ValidationProbe:
    """Find the best epoch of each member with networks that leave out one more fold and are evaluated on it."""
    count = len(members.encoder)
    pairs = [(m, (m + 1 + k) % count) for m in range(count) for k in range(min(INNER_VALIDATIONS, count - 1))]
    encoder, validation_fold = (np.array(column) for column in zip(*pairs, strict=True))
    networks = ParallelNetworks(encoder, members.training[encoder] & (fold != validation_fold[:, None]))
    x = ensemble.x.numpy()
    refits = [
        [
            _refit_ridge(x[:, m], task, training, solution)
            for task, solution in zip(ensemble.tasks, solutions[m], strict=True)
        ]
        for m, training in zip(encoder, networks.training, strict=True)
    ]
    inputs = ensemble.inputs(networks.training)
    validation = ensemble.inputs(members.training[encoder] & ~networks.training)
    probe = ValidationProbe(validation, inputs.targets, count, ensemble.trainer.epochs)
    train(ensemble.stratifier(networks, refits), inputs, ensemble.seed, [probe])
    return probe


def _fit_ridge(
    x: NDArray[np.float32],
    block: NDArray[np.int64],
    task: EndpointTask,
    training: Rows,
    penalties: Mapping[int, float],
) -> GroupRidge:
    """Linear path of one member, from its training patients with the endpoint."""
    rows = np.flatnonzero(training & task.endpoint.observed)
    likelihood = likelihood_of(task.endpoint.take(rows))
    return group_ridge(x[rows].astype(np.float64), block, likelihood, penalties)


def _refit_ridge(
    x: NDArray[np.float32], task: EndpointTask, training: Rows, solution: GroupRidge
) -> GroupRidge:
    """Ridge regression of other patients with the penalties of `solution`."""
    rows = np.flatnonzero(training & task.endpoint.observed)
    likelihood = likelihood_of(task.endpoint.take(rows))
    coefficients = ridge(x[rows].astype(np.float64), solution.penalties, likelihood)[0]
    return GroupRidge(coefficients, solution.penalties)
