"""The LightningModule: composes the network of the members and a head, does no maths of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.patient_batches import PatientBatches, batch_loader
from models.config import HeadConfig, TrainerConfig
from models.ensemble import EnsembleNetwork
from models.heads.head import Head, Target
from models.trainer import quiet_trainer
from omics.errors import FitError
from omics.randomness import named_seed

__all__ = ["MemberInputs", "Stratifier", "train"]


class MemberInputs(NamedTuple):
    """n patients as each member sees them: a batch on its way to the Stratifier.

    ``x`` (n, members, inputs), ``target`` the head's own, its tensors with the patients last.
    """

    x: Tensor
    target: Target

    def take(self, rows: NDArray[np.int64]) -> MemberInputs:
        """Keep `rows`, in their order."""
        index = torch.from_numpy(rows)
        return MemberInputs(self.x[index], self.target._make(part[..., index] for part in self.target))


class Stratifier(pl.LightningModule):
    """Members train side by side; the loss is their sum, so that none feels the others."""

    def __init__(
        self, network: EnsembleNetwork, head: Head, head_config: HeadConfig, trainer: TrainerConfig
    ) -> None:
        super().__init__()
        self.network, self.head = network, head
        self.head_config, self.trainer_config = head_config, trainer

    def training_step(self, batch: MemberInputs, _index: int) -> Tensor:
        """Sum over members of likelihood loss and penalty."""
        estimate = self.network(batch.x.transpose(0, 1))
        loss = self.head.loss(estimate, batch.target)
        loss = loss + self.network.penalty(self.head_config.ridge_wide, self.head_config.ridge_deep)
        if not bool(torch.isfinite(loss).all()):
            member = int((~torch.isfinite(loss)).nonzero()[0])
            raise FitError(f"the loss of member {member} is not finite; lower trainer.learning_rate")
        return loss.sum()

    def configure_optimizers(self) -> Any:
        """Adam, its learning rate falling along half a cosine."""
        adam = torch.optim.Adam(self.parameters(), lr=self.trainer_config.learning_rate)
        steps = torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.trainer_config.epochs)
        return {"optimizer": adam, "lr_scheduler": steps}

    @torch.no_grad()
    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        """(members, n, p) predictions of the head for inputs (members, n, inputs)."""
        estimate = self.network(torch.from_numpy(x))
        prediction: NDArray[np.float64] = self.head.predict(estimate).double().numpy()
        return prediction


def train(stratifier: Stratifier, inputs: MemberInputs, seed: int) -> Stratifier:
    """Train all members in one pass of Lightning's Trainer, on whichever accelerator is configured."""
    config = stratifier.trainer_config
    batches = PatientBatches(inputs, len(inputs.x), config.batch_size, named_seed(seed, "batches"))
    quiet_trainer(config).fit(stratifier, batch_loader(batches))
    return stratifier.cpu().eval()
