"""Training of the multi-view variational autoencoder: random subsets of views, warm-up, and optional heads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.patient_batches import PatientBatches, batch_loader
from models.config import TrainerConfig
from models.ensemble.distributed import gather_ranks, rank_slice
from models.ensemble.trainer import fit_network
from models.factors.vae.network import MultiViewNetwork, ViewInputs
from omics.common.errors import FitError
from omics.common.seeds import named_generator, named_seed

__all__ = ["AutoencoderTraining", "HeadsLoss", "PatientInputs", "drop_views", "train"]

HeadsLoss = Callable[[Tensor, Tensor], Tensor]
"""(posterior means (b, k), row numbers (b,)) -> scalar loss, added to minus the evidence bound per patient."""

WARM_UP = 0.25
"""Proportion of the epochs in which the weight of the divergence from the prior rises to 1 (Bowman 2016,
doi 10.18653/v1/K16-1002)."""

HALF = 0.5


class PatientInputs(ViewInputs):
    """Training patients, from which batches are selected."""

    __slots__ = ()

    def take(self, rows: NDArray[np.int64]) -> PatientInputs:
        """Select `rows`, in their order."""
        index = torch.from_numpy(rows)
        return PatientInputs(
            [values[index] for values in self.values], [seen[index] for seen in self.seen], self.rows[index]
        )


def _no_heads(mean: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG001  # the arguments of a HeadsLoss
    """Loss 0: training without heads."""
    return mean.new_zeros(())


class AutoencoderTraining(pl.LightningModule):
    """Maximises the evidence bound of `n` patients with Adam.

    At each step, half of the patients keep all their views, and the others keep each view with probability 1/2. The
    bound is that of the remaining values. The posterior is thus trained for every subset of views, with the
    uncertainty that belongs to the subset.

    Parameters
    ----------
    network
        The network to train.
    n
        Number of training patients.
    config
        Epochs and learning rate, which decreases to 0 along half a cosine.
    seed
        Of the subsets and of the samples from the posterior.
    heads
        Loss of heads that are trained together with the factors.
    """

    def __init__(
        self,
        network: MultiViewNetwork,
        n: int,
        config: TrainerConfig,
        seed: int,
        heads: HeadsLoss = _no_heads,
    ) -> None:
        super().__init__()
        self.network, self.n, self.config, self.seed, self.heads = network, n, config, seed, heads

    def training_step(self, inputs: ViewInputs, _index: int) -> Tensor:
        """Minus the evidence bound per patient, plus the loss of the heads."""
        generator = named_generator(self.seed, "step", self.global_step)
        inputs = drop_views(inputs, generator)
        n, rank = len(inputs.rows), rank_slice(len(inputs.rows))
        of_rank = ViewInputs(
            [v[rank] for v in inputs.values], [s[rank] for s in inputs.seen], inputs.rows[rank]
        )
        posterior = self.network.posterior(of_rank)
        draw = torch.tensor(generator.standard_normal((n, posterior.mean.shape[1]))[rank]).to(posterior.mean)
        bound = self.network.bound(of_rank, posterior, draw)
        likelihood, divergence, mean = (gather_ranks(part, n) for part in (*bound, posterior.mean))
        warm = min(1.0, (self.current_epoch + 1) / (WARM_UP * self.config.epochs))
        divergence = divergence.mean() + self.network.divergence() / self.n
        loss = warm * divergence - likelihood.mean() + self.heads(mean, inputs.rows)
        if not bool(torch.isfinite(loss)):
            raise FitError(
                f"the loss is not finite in epoch {self.current_epoch}; lower trainer.learning_rate"
            )
        return loss

    def configure_optimizers(self) -> Any:
        """Adam with a learning rate that decreases to 0 along half a cosine."""
        adam = torch.optim.Adam(self.parameters(), lr=self.config.learning_rate)
        return {
            "optimizer": adam,
            "lr_scheduler": torch.optim.lr_scheduler.CosineAnnealingLR(adam, self.config.epochs),
        }


def train(training: AutoencoderTraining, inputs: PatientInputs) -> None:
    """Train the network in place and return it to the CPU.

    Parameters
    ----------
    training
        The network and its loss.
    inputs
        Training patients.
    """
    config = training.config
    batches = PatientBatches(inputs, training.n, config.batch_size, named_seed(training.seed, "batches"))
    fit_network(training, batch_loader(batches), config)


def drop_views(inputs: ViewInputs, generator: np.random.Generator) -> ViewInputs:
    """Hide views at random: half of the patients keep all views, the others each view with probability 1/2.

    Every patient keeps at least one view.

    Parameters
    ----------
    inputs
        n patients.
    generator
        Random generator.

    Returns
    -------
    ViewInputs
        The same patients; hidden views are not observed.
    """
    present = torch.stack([seen.any(dim=1) for seen in inputs.seen], dim=1)
    n, views = present.shape
    kept = torch.from_numpy((generator.random((n, views)) < HALF) | (generator.random((n, 1)) < HALF))
    kept = kept.to(present.device)
    kept |= ~(kept & present).any(dim=1, keepdim=True)
    seen = [mask * kept[:, [view]] for view, mask in enumerate(inputs.seen)]
    return ViewInputs(inputs.values, seen, inputs.rows)
