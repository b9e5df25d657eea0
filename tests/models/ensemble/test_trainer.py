"""Ctrl-C while a network is trained stops the command as anywhere else."""

from __future__ import annotations

import signal
from typing import Any

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from models.config import TrainerConfig
from models.ensemble.trainer import fit_network


class Interrupted(pl.LightningModule):
    """A network that is interrupted in its first step."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)

    def training_step(self, batch: Any) -> Any:  # Lightning's
        raise KeyboardInterrupt

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_ctrl_c_is_not_turned_into_the_end_of_the_process() -> None:
    batches = DataLoader(torch.utils.data.TensorDataset(torch.zeros(2, 1)))
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(KeyboardInterrupt):
            fit_network(Interrupted(), batches, TrainerConfig(epochs=1))
        # A second Ctrl-C is not ignored either.
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
