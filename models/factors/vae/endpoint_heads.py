"""Linear heads on factors and covariates, one an endpoint, which train together with a factor model."""

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

__all__ = ["EndpointHead", "EndpointHeads", "learnable"]

log = logging.getLogger(__name__)

RIDGE = 0.3
"""As of the heads that predict: on the scale of the loss per event or patient."""


def learnable(batch: Batch) -> list[str]:
    """Names of the endpoints that have a head and teach something; of the others it is logged why not."""
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
    """One endpoint: what happened, and a linear ridge on factors and covariates, with the head that its kind has."""

    covariates: Tensor
    ridge: Tensor

    def __init__(self, endpoint: Survival | Response, batch: Batch, count: int) -> None:
        super().__init__()
        kind = next(iter(HEADS[endpoint.kind]))
        self.head: Head = resolve(HEADS[endpoint.kind], kind, f"head.{endpoint.kind}")()
        weight = torch.tensor(endpoint.observed, dtype=torch.float32)[None]
        target = self.head.target(*map(torch.tensor, endpoint.outcome), weight)
        # Buffers, so that Lightning takes them to its accelerator.
        self.parts = len(target)
        for number, part in enumerate(target):
            self.register_buffer(f"part{number}", part)
        self.register_buffer("covariates", torch.tensor(batch.covariates))
        inputs = count + batch.covariates.shape[1]
        start = self.head.null_estimate(target)
        self.path = LinearPath(1, inputs, self.head.outputs, start)
        self.register_buffer("ridge", torch.full((1, inputs), RIDGE))

    def forward(self, mean: Tensor, rows: Tensor) -> Tensor:
        """Loss an event or patient and ridge penalty, given factors (b, k) of the patients `rows` (b,)."""
        x = torch.cat([mean, self.covariates[rows]], dim=1)[None]
        loss = self.head.loss(self.path(x), self._target(rows)) + self.path.penalty(self.ridge)
        return loss.sum()

    def residuals(self) -> Tensor:
        """(n,) how each patient's outcome asks for a higher estimate, before anything is known of him."""
        rows = torch.arange(len(self.covariates))
        start = self.path.intercept
        level = torch.zeros(1, self.head.outputs) if start is None else start.detach()
        estimate = level[:, None].repeat(1, len(rows), 1).requires_grad_()
        (slope,) = torch.autograd.grad(self.head.loss(estimate, self._target(rows)).sum(), estimate)
        return -slope[0, :, 0]

    def _target(self, rows: Tensor) -> object:
        parts = (cast("Tensor", getattr(self, f"part{number}")) for number in range(self.parts))
        return self.head.target(*(part[..., rows] for part in parts))


class EndpointHeads(nn.Module):
    """Endpoints `names` of `batch`; the sum of their losses, times `weight`, is added to minus the bound a patient.

    An endpoint that teaches nothing in this batch has no loss here.
    """

    def __init__(self, batch: Batch, names: Sequence[str], count: int, weight: float) -> None:
        super().__init__()
        named, taught = batch.endpoints.named, learnable(batch)
        self.n, self.weight = len(batch), weight
        self.heads: list[EndpointHead | None] = [
            EndpointHead(named[name], batch, count) if name in taught else None for name in names
        ]
        # Known to torch by this list, which has no place for None.
        self.taught = nn.ModuleList(head for head in self.heads if head is not None)

    def forward(self, mean: Tensor, rows: Tensor) -> Tensor:
        """Weighted sum of losses."""
        losses = [head(mean, rows) for head in self.taught]
        return self.weight * torch.stack([mean.new_zeros(()), *losses]).sum()

    def residuals(self) -> Tensor:
        """(n, names) residuals of each endpoint; 0 where it teaches nothing."""
        nothing = torch.zeros(self.n)
        return torch.stack([nothing if head is None else head.residuals() for head in self.heads], dim=1)
