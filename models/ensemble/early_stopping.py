"""Early stopping: a rehearsal finds each member's best epoch, and the member is kept as it was at that epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray

if TYPE_CHECKING:
    from models.ensemble.stratifier import MemberInputs, Stratifier
    from models.heads.head import Target

__all__ = ["BestEpoch", "ValidationProbe"]


STRIDE = 3
"""Epochs from one look to the next."""

PATIENCE = 8
"""Looks without a better one, after which a rehearsal ends."""


class ValidationProbe(pl.Callback):
    """Writes down losses before training and every few epochs: of patients that are watched, and of those learned from.

    The networks do not learn from whom they watch. Ends the training when no member has had a better loss for long.

    Parameters
    ----------
    watched
        Inputs as for training, with the weights of those who are watched.
    learned
        Targets of the same patients, with the weights of those who are learned from.
    members
        The networks rehearse for so many members, each with the same number of networks beside each other.
    epochs
        At most.

    Attributes
    ----------
    history
        (looks, members) mean losses without penalty of who is watched, the first from before training; infinite where
        nobody looked. A tensor, so that it is shared with the processes that train together, who all write the same.
    learning
        The same of who is learned from.
    """

    def __init__(self, watched: MemberInputs, learned: tuple[Target, ...], members: int, epochs: int) -> None:
        self.watched, self.learned, self.members = watched, learned, members
        shape = epochs // STRIDE + 1, members
        self.history, self.learning = (torch.full(shape, torch.inf, dtype=torch.float64) for _ in range(2))
        self._looks = 0

    @property
    def best(self) -> NDArray[np.int64]:
        """(members,) epoch of each one's least loss; 0 is before training."""
        return _least(self.history)

    @property
    def training_history(self) -> pd.DataFrame:
        """A row per member and look: member, epoch, training_loss, validation_loss."""
        # Read off the tensors: the process that looked may have been another.
        looks = int(torch.isfinite(self.history).any(dim=1).sum())
        return pd.DataFrame(
            {
                "member": np.repeat(np.arange(self.members), looks),
                "epoch": np.tile(np.arange(looks) * STRIDE, self.members),
                "training_loss": self.learning[:looks].numpy().T.ravel(),
                "validation_loss": self.history[:looks].numpy().T.ravel(),
            }
        )

    def on_train_start(self, _trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look before the first step."""
        self._look(pl_module)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Look, if it is time to."""
        if (trainer.current_epoch + 1) % STRIDE == 0:
            self._look(pl_module)
            # Of its own looks: another process may be one ahead.
            best = _least(self.history[: self._looks])
            trainer.should_stop = bool((self._looks - 1 - best // STRIDE >= PATIENCE).all())

    @torch.no_grad()
    def _look(self, pl_module: pl.LightningModule) -> None:
        stratifier: Stratifier = pl_module  # type: ignore[assignment]  # Lightning hands on what it was given
        # Everybody at once: in batches a Cox loss compares only who happens to stand together.
        watched = stratifier.transfer_batch_to_device(self.watched, stratifier.device, 0)
        learned = stratifier.transfer_batch_to_device(self.learned, stratifier.device, 0)
        estimates = stratifier.estimates(watched.x)
        for targets, history in ((watched.targets, self.history), (learned, self.learning)):
            losses = stratifier.losses_of(estimates, targets).double().cpu().numpy()
            means: NDArray[np.float64] = losses.reshape(self.members, -1).mean(axis=1)
            history[self._looks] = torch.from_numpy(means)
        self._looks += 1


def _least(history: torch.Tensor) -> NDArray[np.int64]:
    """(members,) epoch of the least loss in `history` (looks, members)."""
    least: NDArray[np.int64] = np.argmin(history.numpy(), axis=0) * STRIDE
    return least


class BestEpoch(pl.Callback):
    """Keeps each member as it was after the epoch `epochs` (members,) and puts it back at the end; 0 is the start."""

    def __init__(self, epochs: NDArray[np.int64]) -> None:
        self.epochs = epochs
        self.kept: list[torch.Tensor] = []

    def on_train_start(self, _trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep the start."""
        self.kept = [parameter.detach().clone() for parameter in _parameters(pl_module)]

    @torch.no_grad()
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Keep those whose epoch has just ended."""
        now = torch.from_numpy(np.flatnonzero(self.epochs == trainer.current_epoch + 1))
        for kept, parameter in zip(self.kept, _parameters(pl_module), strict=True):
            kept[now] = parameter[now]

    @torch.no_grad()
    def on_train_end(self, _trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Put every member back."""
        for kept, parameter in zip(self.kept, _parameters(pl_module), strict=True):
            parameter.copy_(kept)


def _parameters(pl_module: pl.LightningModule) -> list[torch.nn.Parameter]:
    stratifier: Stratifier = pl_module  # type: ignore[assignment]  # Lightning hands on what it was given
    return [parameter for parameter in stratifier.network.parameters() if parameter.requires_grad]
