"""A trained network together with the scaling of its features: computes posteriors of the factors of patients."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from datamodules.batch import Batch
from models.factors.vae.initialization import ViewScaling
from models.factors.vae.network import LatentPosterior, MultiViewNetwork, ViewDecoder
from models.factors.vae.train import PatientInputs

__all__ = ["FittedNetwork"]


@dataclass(frozen=True)
class FittedNetwork:
    """`network`, and the `scaling` of its views, in their order."""

    network: MultiViewNetwork
    scaling: dict[str, ViewScaling]

    def inputs(self, batch: Batch) -> PatientInputs:
        """Build the inputs of the network, in the precision of its parameters."""
        dtype = next(self.network.parameters()).dtype
        values, seen = [], []
        for name, scaling in self.scaling.items():
            x, mask = scaling.standardised(batch.views[name], batch.observed[name])
            values.append(torch.tensor(x, dtype=dtype))
            seen.append(torch.tensor(mask, dtype=dtype))
        return PatientInputs(values, seen, torch.arange(len(batch)))

    @torch.no_grad()
    def posterior(self, batch: Batch) -> LatentPosterior:
        """Factors of patients, from their observed values."""
        return self.network.posterior(self.inputs(batch))

    def decoder(self, view: str) -> ViewDecoder:
        """Return the decoder of one view."""
        return self.network.decoders[list(self.scaling).index(view)]

    @torch.no_grad()
    def store_moments(self, batch: Batch) -> None:
        """Store the mean square of each factor among training patients, and the mean slopes of deep decoders."""
        posterior = self.posterior(batch)
        mean = posterior.mean
        self.network.moment.copy_((mean.square() + posterior.variance).mean(dim=0))
        for view in self.scaling:
            decoder = self.decoder(view)
            if decoder.units is not None:
                decoder.slope.copy_((1 - torch.tanh(decoder.units(mean)).square()).mean(dim=0))
