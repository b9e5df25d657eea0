"""The LightningModule: composes the network of the members and their heads, does no maths of its own."""

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

__all__ = ["MemberInputs", "Stratifier", "train"]


class MemberInputs(NamedTuple):
    """n patients as each member sees them: a batch on its way to the Stratifier.

    ``x`` (n, encoders, inputs), ``targets`` one a head, its tensors with the patients last.
    """

    x: Tensor
    targets: tuple[Target, ...]

    def take(self, rows: NDArray[np.int64]) -> MemberInputs:
        """Keep `rows`, in their order."""
        index = torch.from_numpy(rows)
        return MemberInputs(
            self.x[index], tuple(target._make(part[..., index] for part in target) for target in self.targets)
        )


class Stratifier(pl.LightningModule):
    """Members train side by side; the loss is their sum, so that none feels the others.

    Parameters
    ----------
    network
        Of the members.
    heads
        One for each endpoint. A patient without an endpoint has no weight in its loss, and teaches the others.
    ridges
        For each head the penalties (members, inputs) of its linear path, on the scale of its loss.
    deep
        For each head the penalties (members,) of the deep path.
    trainer
        How to train.
    encoder
        (members,) the encoder whose inputs each member looks at; each has its own if left out.
    """

    def __init__(
        self,
        network: EnsembleNetwork,
        heads: Sequence[Head],
        ridges: Sequence[Tensor] = (),
        deep: Sequence[Tensor] = (),
        trainer: TrainerConfig | None = None,
        encoder: NDArray[np.int64] | None = None,
    ) -> None:
        super().__init__()
        self.network, self.heads = network, tuple(heads)
        self.ridges, self.deep = (
            torch.nn.ParameterList(torch.nn.Parameter(own, requires_grad=False) for own in given)
            for given in (ridges, deep)
        )
        self.trainer_config = trainer or TrainerConfig()
        self.encoder = torch.arange(network.members) if encoder is None else torch.from_numpy(encoder)

    def losses(self, batch: MemberInputs) -> Tensor:
        """(members,) likelihood losses of all heads, without penalty."""
        return self.losses_of(self.estimates(batch.x), batch.targets)

    def estimates(self, x: Tensor) -> list[Tensor]:
        """For each head what every member says of patients (n, encoders, inputs)."""
        n = len(x)
        own = x[rank_slice(n)].transpose(0, 1)[self.encoder.to(x.device)]
        return [gather_ranks(part, n, dim=1) for part in self.network(own)]

    def losses_of(self, estimates: Sequence[Tensor], targets: Sequence[Target]) -> Tensor:
        """(members,) likelihood losses of all heads together."""
        parts = [
            head.loss(estimate, target)
            for head, estimate, target in zip(self.heads, estimates, targets, strict=True)
        ]
        return torch.stack(parts).sum(0)

    def training_step(self, batch: MemberInputs, _index: int) -> Tensor:
        """Sum over members of likelihood losses and penalty."""
        loss = self.losses(batch) + self.network.penalty(list(self.ridges), list(self.deep))
        if not bool(torch.isfinite(loss).all()):
            member = int((~torch.isfinite(loss)).nonzero()[0])
            raise FitError(f"the loss of member {member} is not finite; lower trainer.learning_rate")
        return loss.sum()

    def configure_optimizers(self) -> Any:
        """Adam, its learning rate falling along half a cosine."""
        # A linear path begins where it is best: its gradients are rounding, which a smaller eps would make steps of.
        learned = [parameter for parameter in self.network.parameters() if parameter.requires_grad]
        adam = torch.optim.Adam(learned, lr=self.trainer_config.learning_rate, eps=1e-5)
        steps = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.trainer_config.epochs)
        return {"optimizer": adam, "lr_scheduler": steps}

    @torch.no_grad()
    def predict(self, x: NDArray[np.float32]) -> list[NDArray[np.float64]]:
        """For each head (members, n, p) predictions, for inputs (members, n, inputs)."""
        estimates = self.network(torch.from_numpy(x))
        return [
            head.predict(estimate).double().numpy()
            for head, estimate in zip(self.heads, estimates, strict=True)
        ]


def train(
    stratifier: Stratifier,
    inputs: MemberInputs,
    seed: int,
    callbacks: Sequence[pl.Callback] = (),
    epochs: int | None = None,
) -> Stratifier:
    """Train all members in one pass of Lightning's Trainer, on whichever devices are configured.

    Of the epochs that the learning rate is planned for, the first `epochs`; all if left out.
    """
    config = stratifier.trainer_config
    batches = PatientBatches(inputs, len(inputs.x), config.batch_size, named_seed(seed, "batches"))
    fit_network(stratifier, batch_loader(batches), config, epochs, callbacks)
    return stratifier
