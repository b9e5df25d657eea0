"""How heads teach a variational autoencoder: it goes on from one that knew no outcome, a factor for each endpoint."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from datamodules.batch import Batch
from models.config import TrainerConfig
from models.factors.vae.endpoint_heads import EndpointHeads
from models.factors.vae.fitted_network import FittedNetwork
from models.factors.vae.held_out_networks import left_out_rows
from models.factors.vae.network import MultiViewNetwork, Posterior, ViewInputs
from models.factors.vae.train import AutoencoderTraining, train
from omics.common.seeds import named_seed

__all__ = ["supervised", "supervised_left_out"]

SHARE = 0.3
"""Of the epochs, after those without outcomes."""

WEIGHT = 30.0
"""Of the heads' loss, per value that a patient has: the bound gains with every value that a factor explains, the loss
of a head does not. 150 patients x 2 views x 100 features, a weak prognostic factor beside five strong ones, three
factors, 4 cohorts: correlation with the true log hazard in new patients .05 without heads, .06 at weight .1, .09 at 1,
.36 at 3, .76 at 10, .90 at 30, .92 at 100, while factors of networks without a fold drift from those of all patients
(least correlation .97 at 3, .93 at 30, .91 at 100)."""


def supervised(
    base: FittedNetwork, batch: Batch, names: list[str], config: TrainerConfig, seed: int
) -> FittedNetwork:
    """Go on from `base` with the endpoints `names` of the patients in `batch`; `base` stays as it was.

    The last factors, one an endpoint, begin anew at what the views say of the endpoint: higher means a higher estimate.
    So networks that saw other patients have the same factors, and none has to be turned to another.
    """
    fitted = FittedNetwork(copy.deepcopy(base.network).float().train(), base.columns)
    inputs, count = fitted.inputs(batch), fitted.network.count
    values = float(sum(seen.sum() for seen in inputs.seen)) / len(batch)
    heads = EndpointHeads(batch, names, count, WEIGHT * values)
    _begin_anew(fitted.network, inputs, heads.residuals()[:, :count])
    further = replace(config, epochs=math.ceil(SHARE * config.epochs))
    train(AutoencoderTraining(fitted.network, len(batch), further, seed, heads), inputs)
    fitted.network.double()
    return fitted


def supervised_left_out(
    base: FittedNetwork, batch: Batch, names: list[str], config: TrainerConfig, seed: int
) -> Posterior:
    """Posteriors of the patients in `batch`, each by a network that saw neither him nor his outcome go on from `base`.

    `base` may have seen him, but nobody's outcome.
    """
    mean, variance = (part.clone() for part in base.posterior(batch))
    for fold, rows in enumerate(left_out_rows(len(batch), seed)):
        others = np.setdiff1d(np.arange(len(batch)), rows)
        network = supervised(base, batch.take(others), names, config, named_seed(seed, "vae", "fold", fold))
        left, index = network.posterior(batch.take(rows)), torch.from_numpy(rows)
        mean[index], variance[index] = left
    return Posterior(mean, variance)


@torch.no_grad()
def _begin_anew(network: MultiViewNetwork, inputs: ViewInputs, residuals: Tensor) -> None:
    """Give the last factors to what the views, less the other factors, say of the residuals (n, heads)."""
    first = network.count - residuals.shape[1]
    others = network.posterior(inputs).mean[:, :first]
    rest = []
    for decoder, values, seen in zip(network.decoders, inputs.values, inputs.seen, strict=True):
        weight, pull = decoder.local(values)
        guess = seen * pull / weight
        # torch's least squares ends in other bytes where its memory lies elsewhere; the pseudo-inverse does not.
        rest.append(guess - others @ (torch.linalg.pinv(others) @ guess))
    gram = torch.stack([guess @ guess.T for guess in rest]).sum(dim=0)
    ridge = gram.trace() / len(gram) * torch.eye(len(gram))
    axes = gram @ torch.linalg.solve(gram + ridge, residuals)
    axes = axes / axes.square().mean(dim=0).sqrt().clamp_min(1e-12)
    for encoder, decoder, guess, seen in zip(
        network.encoders, network.decoders, rest, inputs.seen, strict=True
    ):
        present = seen.any(dim=1).to(guess)
        among = (axes.square() * present[:, None]).sum(dim=0).clamp_min(1.0)
        decoder.weight[:, first : network.count] = guess.T @ axes / among
        decoder.log_sd[:, first : network.count] = -0.5 * seen.sum(dim=0).log()[:, None]
        encoder.mix[first : network.count] = 0
        encoder.mix[:, first:] = 0
        encoder.mix[range(first, network.count), range(first, network.count)] = 1
        encoder.log_gain[first:] = 0
