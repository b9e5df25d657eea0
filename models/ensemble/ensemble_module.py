"""The LightningModule: combines the network of the members with their heads, and leaves the mathematics to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.patient_batches import PatientBatches, batch_loader
from models.config import TrainerConfig
from models.ensemble.distributed import gather_ranks, rank_slice
from models.ensemble.network import EnsembleNetwork
from models.ensemble.trainer import fit_network
from models.heads.head import Head, Target
from omics.common.errors import FitError
from omics.common.seeds import named_seed

__all__ = ["EnsembleModule", "MemberInputs", "train"]


class MemberInputs(NamedTuple):
    """n patients as the members see them: one training batch of the EnsembleModule.

    ``x`` (n, encoders, inputs); ``targets`` one for each head, whose tensors have the patients in the last dimension.
    """

    x: Tensor
    targets: tuple[Target, ...]

    def take(self, rows: NDArray[np.int64]) -> MemberInputs:
        """Select `rows`, in their order."""
        index = torch.from_numpy(rows)
        return MemberInputs(
            self.x[index], tuple(target._make(part[..., index] for part in target) for target in self.targets)
        )


class EnsembleModule(pl.LightningModule):
    """The members of the ensemble, trained together. The loss is the sum over members, so each trains independently.

    Parameters
    ----------
    network
        The network of all members.
    heads
        One for each endpoint. A patient without an endpoint has weight 0 in its loss, and still trains the others.
    ridges
        For each head the penalties (members, inputs) of its linear path, on the scale of its loss.
    deep_ridges
        For each head the penalties (members,) of the deep path.
    trainer
        Settings of the training.
    encoder
        (members,) index of the encoder that makes the inputs of each member; by default member i uses encoder i.
    """

    def __init__(
        self,
        network: EnsembleNetwork,
        heads: Sequence[Head],
        ridges: Sequence[Tensor] = (),
        deep_ridges: Sequence[Tensor] = (),
        trainer: TrainerConfig | None = None,
        encoder: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.heads = network, tuple(heads)
        self.ridges, self.deep_ridges = (
            torch.nn.ParameterList(torch.nn.Parameter(ridge, requires_grad=False) for ridge in of_heads)
            for of_heads in (ridges, deep_ridges)
        )
        self.trainer_config = trainer or TrainerConfig()
        self.encoder = torch.arange(network.members) if encoder is None else torch.from_numpy(encoder)

    def losses(self, batch: MemberInputs) -> Tensor:
        """(members,) likelihood losses of all heads, without penalty."""
        return self.losses_of(self.estimates(batch.x), batch.targets)

    def estimates(self, x: Tensor) -> list[Tensor]:
        """For each head the estimates of all members, from inputs (n, encoders, inputs)."""
        n = len(x)
        inputs = x[rank_slice(n)].transpose(0, 1)[self.encoder.to(x.device)]
        return [gather_ranks(part, n, dim=1) for part in self.network(inputs)]

    def losses_of(self, estimates: Sequence[Tensor], targets: Sequence[Target]) -> Tensor:
        """(members,) sum of the likelihood losses of all heads.

        Parameters
        ----------
        estimates
            For each head (members, n, outputs).
        targets
            For each head the outcomes of the n patients.
        """
        parts = [
            head.loss(estimate, target)
            for head, estimate, target in zip(self.heads, estimates, targets, strict=True)
        ]
        return torch.stack(parts).sum(0)

    def training_step(self, batch: MemberInputs, _index: int) -> Tensor:
        """Sum over members of likelihood loss and penalty."""
        loss = self.losses(batch) + self.network.penalty(list(self.ridges), list(self.deep_ridges))
        if not bool(torch.isfinite(loss).all()):
            member = int((~torch.isfinite(loss)).nonzero()[0])
            raise FitError(f"the loss of member {member} is not finite; lower trainer.learning_rate")
        return loss.sum()

    def configure_optimizers(self) -> Any:
        """Adam with a learning rate that decreases to 0 along half a cosine."""
        # A linear path starts at its optimum, where its gradients are rounding errors. With a smaller eps, Adam would
        # turn these into full steps.
        trained = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        adam = torch.optim.Adam(trained, lr=self.trainer_config.learning_rate, eps=1e-5)
        steps = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.trainer_config.epochs)
        return {"optimizer": adam, "lr_scheduler": steps}

    @torch.no_grad()
    def predict(self, x: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """For each head (members, n, p) predictions, from inputs (members, n, inputs)."""
        estimates = self.network(torch.from_numpy(x))
        return [
            head.predict(estimate).double().numpy()
            for head, estimate in zip(self.heads, estimates, strict=True)
        ]


def train(
    stratifier: EnsembleModule,
    inputs: MemberInputs,
    seed: int,
    callbacks: Sequence[pl.Callback] = (),
    epochs: int | None = None,
) -> EnsembleModule:
    """Train all members together with Lightning's Trainer, on the configured devices.

    Parameters
    ----------
    stratifier
        The members; trained in place.
    inputs
        Inputs and outcomes of the training patients.
    seed
        Of the order of the patients in the batches.
    callbacks
        Callbacks of the Trainer.
    epochs
        Stop after this many of the epochs over which the learning rate decreases; None trains for all of them.

    Returns
    -------
    EnsembleModule
        `stratifier`.
    """
    config = stratifier.trainer_config
    batches = PatientBatches(inputs, len(inputs.x), config.batch_size, named_seed(seed, "batches"))
    fit_network(stratifier, batch_loader(batches), config, epochs, callbacks)
    return stratifier
