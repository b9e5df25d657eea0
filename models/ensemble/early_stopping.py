"""Early stopping: inner validation finds the best epoch of each member, and the member is restored to that epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.ensemble.ensemble_module import EnsembleModule, MemberInputs
    from models.heads.head import Target

__all__ = ["BestEpoch", "ValidationProbe"]


STRIDE = 3
"""Epochs between two evaluations."""

PATIENCE = 8
"""Evaluations without improvement after which inner validation ends."""


class ValidationProbe(pl.Callback):
    """Records the validation loss and the training loss before training and every few epochs.

    The networks do not train on the validation patients. Training ends when no member has improved for `PATIENCE`
    evaluations.

    Parameters
    ----------
    validation
        Inputs as for training, with the weights of the validation patients.
    training
        Targets of the same patients, with the weights of the training patients.
    members
        Number of members. Each member has the same number of networks, and they are adjacent.
    epochs
        Largest number of epochs.

    Attributes
    ----------
    validation_loss
        (evaluations, members) mean loss of the validation patients, without penalty. The first row is from before
        training; rows that were not reached are infinite. It is a tensor, so that processes that train together share
        its memory; all of them write the same values.
    training_loss
        The same for the training patients.
    """

    def __init__(
        self, validation: MemberInputs, training: tuple[Target, ...], members: int, epochs: int
    ) -> None:
        self.validation, self.training, self.members = validation, training, members
        shape = epochs // STRIDE + 1, members
        self.validation_loss, self.training_loss = (
            torch.full(shape, torch.inf, dtype=torch.float64) for _ in range(2)
        )
        self._evaluations = 0

    @property
    def best(self) -> NDArray[np.int64]:
        """(members,) epoch with the smallest validation loss; 0 is before training."""
        return _best_epoch(self.validation_loss)

    @property
    def training_history(self) -> pd.DataFrame:
        """One row per member and evaluation: member, epoch, training_loss, validation_loss."""
        # Counted from the tensor: another process may have done the evaluations.
        count = int(torch.isfinite(self.validation_loss).any(dim=1).sum())
        return pd.DataFrame(
            {
                "member": np.repeat(np.arange(self.members), count),
                "epoch": np.tile(np.arange(count) * STRIDE, self.members),
                "training_loss": self.training_loss[:count].numpy().T.ravel(),
                "validation_loss": self.validation_loss[:count].numpy().T.ravel(),
            }
        )

    def on_train_start(self, _trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Evaluate before the first step."""
        self._evaluate(pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Evaluate every `STRIDE` epochs, and stop the training when no member improves."""
        if (trainer.current_epoch + 1) % STRIDE == 0:
            self._evaluate(pl_module)
            # Only the evaluations of this process: another process may be one ahead.
            best = _best_epoch(self.validation_loss[: self._evaluations])
            trainer.should_stop = bool((self._evaluations - 1 - best // STRIDE >= PATIENCE).all())

    @torch.no_grad()
    def _evaluate(self, pl_module: pl.LightningModule) -> None:
        stratifier: EnsembleModule = pl_module  # type: ignore[assignment]  # Lightning passes the trained module
        # All patients at once: in batches, a Cox loss would only compare patients of the same batch.
        validation = stratifier.transfer_batch_to_device(self.validation, stratifier.device, 0)
        training = stratifier.transfer_batch_to_device(self.training, stratifier.device, 0)
        estimates = stratifier.estimates(validation.x)
        for targets, recorded in (
            (validation.targets, self.validation_loss),
            (training, self.training_loss),
        ):
            losses = stratifier.losses_of(estimates, targets).double().cpu().numpy()
            means: NDArray[np.float64] = losses.reshape(self.members, -1).mean(axis=1)
            recorded[self._evaluations] = torch.from_numpy(means)
        self._evaluations += 1


def _best_epoch(losses: torch.Tensor) -> NDArray[np.int64]:
    """(members,) epoch of the smallest of the `losses` (evaluations, members)."""
    epoch: NDArray[np.int64] = np.argmin(losses.numpy(), axis=0) * STRIDE
    return epoch


class BestEpoch(pl.Callback):
    """Saves each member after its epoch in `epochs` (members,) and restores it at the end; 0 is before training."""

    def __init__(self, epochs: NDArray[np.int64]) -> None:
        self.epochs = epochs
        self.saved: list[torch.Tensor] = []

    def on_train_start(self, _trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the initial parameters."""
        self.saved = [parameter.detach().clone() for parameter in _parameters(pl_module)]

    @torch.no_grad()
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Save the members whose best epoch has just ended."""
        now = torch.from_numpy(np.flatnonzero(self.epochs == trainer.current_epoch + 1))
        for saved, parameter in zip(self.saved, _parameters(pl_module), strict=True):
            saved[now] = parameter[now]

    @torch.no_grad()
    def on_train_end(self, _trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Restore every member."""
        for saved, parameter in zip(self.saved, _parameters(pl_module), strict=True):
            parameter.copy_(saved)


def _parameters(pl_module: pl.LightningModule) -> list[torch.nn.Parameter]:
    stratifier: EnsembleModule = pl_module  # type: ignore[assignment]  # Lightning passes the trained module
    return [parameter for parameter in stratifier.network.parameters() if parameter.requires_grad]
