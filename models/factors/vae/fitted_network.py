"""A network together with the features that it knows: patients in, posteriors out."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from datamodules.batch import Batch
from models.factors.vae.initialization import Columns
from models.factors.vae.network import MultiViewNetwork, Posterior, ViewDecoder
from models.factors.vae.train import PatientInputs

__all__ = ["FittedNetwork"]


@dataclass(frozen=True)
class FittedNetwork:
    """`network`, and the `columns` of its views, in its order."""

    network: MultiViewNetwork
    columns: dict[str, Columns]

    def inputs(self, batch: Batch) -> PatientInputs:
        """Patients as the network sees them, in its own precision."""
        dtype = next(self.network.parameters()).dtype
        values, seen = [], []
        for name, columns in self.columns.items():
            x, mask = columns.standardised(batch.views[name], batch.observed[name])
            values.append(torch.tensor(x, dtype=dtype))
            seen.append(torch.tensor(mask, dtype=dtype))
        return PatientInputs(values, seen, torch.arange(len(batch)))

    @torch.no_grad()
    def posterior(self, batch: Batch) -> Posterior:
        """Factors of patients, from whatever was measured on them."""
        return self.network.posterior(self.inputs(batch))

    def decoder(self, view: str) -> ViewDecoder:
        """Give the decoder of one view."""
        return self.network.decoders[list(self.columns).index(view)]

    @torch.no_grad()
    def keep_moments(self, batch: Batch) -> None:
        """Keep the mean square of each factor among training patients, and the mean slopes of deep decoders."""
        posterior = self.posterior(batch)
        mean = posterior.mean
        self.network.moment.copy_((mean.square() + posterior.variance).mean(dim=0))
        for view in self.columns:
            decoder = self.decoder(view)
            if decoder.units is not None:
                decoder.slope.copy_((1 - torch.tanh(decoder.units(mean)).square()).mean(dim=0))
