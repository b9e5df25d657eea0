"""Linear heads on factors and covariates, one per endpoint, which are trained together with a factor model."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from datamodules.batch import Batch
from models.ensemble.network import LinearPath
from models.heads import HEADS
from models.heads.head import Head
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from omics.common.registry import resolve

__all__ = ["EndpointHead", "EndpointHeads", "trainable_endpoints"]

log = logging.getLogger(__name__)

RIDGE = 0.3
"""Ridge penalty of the heads, on the scale of the loss per event or patient."""


def trainable_endpoints(batch: Batch) -> list[str]:
    """Names of the endpoints that have a head and enough data to train it; the log says why others are not used."""
    names = []
    for name, endpoint in batch.endpoints.named.items():
        if endpoint.kind not in HEADS:
            continue
        try:
            endpoint.check_learnable(name)
        except DataError as error:
            log.info("the factors are trained without one endpoint: %s", error)
        else:
            names.append(name)
    return names


class EndpointHead(nn.Module):
    """One endpoint: its outcomes, and a linear ridge model on factors and covariates with the default head."""

    covariates: Tensor
    ridge: Tensor

    def __init__(self, endpoint: Survival | Response, batch: Batch, count: int) -> None:
        super().__init__()
        kind = next(iter(HEADS[endpoint.kind]))
        self.head: Head = resolve(HEADS[endpoint.kind], kind, f"head.{endpoint.kind}")()
        weight = torch.tensor(endpoint.observed, dtype=torch.float32)[None]
        target = self.head.target(*map(torch.tensor, endpoint.outcome), weight)
        # Buffers, so that Lightning moves them to its accelerator.
        self.parts = len(target)
        for number, part in enumerate(target):
            self.register_buffer(f"part{number}", part)
        self.register_buffer("covariates", torch.tensor(batch.covariates))
        inputs = count + batch.covariates.shape[1]
        intercept = self.head.null_estimate(target)
        self.path = LinearPath(1, inputs, self.head.outputs, intercept)
        self.register_buffer("ridge", torch.full((1, inputs), RIDGE))

    def forward(self, mean: Tensor, rows: Tensor) -> Tensor:
        """Loss per event or patient plus ridge penalty, given factors (b, k) of the patients `rows` (b,)."""
        x = torch.cat([mean, self.covariates[rows]], dim=1)[None]
        loss = self.head.loss(self.path(x), self._target(rows)) + self.path.penalty(self.ridge)
        return loss.sum()

    def residuals(self) -> Tensor:
        """(n,) minus the gradient of the loss by the estimate, at the estimate without any inputs."""
        rows = torch.arange(len(self.covariates))
        intercept = self.path.intercept
        level = torch.zeros(1, self.head.outputs) if intercept is None else intercept.detach()
        estimate = level[:, None].repeat(1, len(rows), 1).requires_grad_()
        (slope,) = torch.autograd.grad(self.head.loss(estimate, self._target(rows)).sum(), estimate)
        return -slope[0, :, 0]

    def _target(self, rows: Tensor) -> object:
        parts = (cast("Tensor", getattr(self, f"part{number}")) for number in range(self.parts))
        return self.head.target(*(part[..., rows] for part in parts))


class EndpointHeads(nn.Module):
    """Heads of several endpoints; the sum of their losses is added to the loss of the autoencoder.

    Parameters
    ----------
    batch
        Training patients.
    names
        Endpoints. An endpoint without enough data in this batch adds no loss.
    count
        Number of factors.
    weight
        Factor for the sum of the losses; the loss of the autoencoder is minus the evidence bound per patient.
    """

    def __init__(self, batch: Batch, names: Sequence[str], count: int, weight: float) -> None:
        super().__init__()
        named, trainable = batch.endpoints.named, trainable_endpoints(batch)
        self.n, self.weight = len(batch), weight
        self.heads: list[EndpointHead | None] = [
            EndpointHead(named[name], batch, count) if name in trainable else None for name in names
        ]
        # torch registers modules in a ModuleList, which cannot contain None.
        self.trained = nn.ModuleList(head for head in self.heads if head is not None)

    def forward(self, mean: Tensor, rows: Tensor) -> Tensor:
        """Weighted sum of losses."""
        losses = [head(mean, rows) for head in self.trained]
        return self.weight * torch.stack([mean.new_zeros(()), *losses]).sum()

    def residuals(self) -> Tensor:
        """(n, names) residuals of each endpoint; 0 for an endpoint that is not trained."""
        zero = torch.zeros(self.n)
        return torch.stack([zero if head is None else head.residuals() for head in self.heads], dim=1)
