"""The network of the multi-view variational autoencoder: encoders, product of experts, decoders, evidence bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS

__all__ = [
    "Bound",
    "Expert",
    "MultiViewNetwork",
    "Posterior",
    "ViewDecoder",
    "ViewEncoder",
    "ViewInputs",
    "product_of_experts",
]

SMALLEST_NOISE = 1e-3
"""Least noise variance of a standardised feature."""


class ViewInputs(NamedTuple):
    """n patients: each view's values (n, p), 0 where not observed, and 1.0 where observed (n, p); row numbers (n,)."""

    values: list[Tensor]
    seen: list[Tensor]
    rows: Tensor


class Expert(NamedTuple):
    """What one view says of the factors: `precision` and `linear` = precision x mean, (n, k); 0 says nothing."""

    precision: Tensor
    linear: Tensor


class Posterior(NamedTuple):
    """Independent Gaussians: `mean` and `variance`, both (n, k)."""

    mean: Tensor
    variance: Tensor


class Bound(NamedTuple):
    """Evidence bound of n patients in its parts, both (n,): expected log likelihood, and divergence from the prior."""

    likelihood: Tensor
    divergence: Tensor


def product_of_experts(experts: Sequence[Expert]) -> Posterior:
    """Multiply Gaussian experts and the prior N(0, I) (Hinton 2002, doi 10.1162/089976602760128018).

    Precisions add, so sd never shrinks when an expert is taken away.

    Examples
    --------
    >>> posterior = product_of_experts([Expert(torch.tensor([[3.0]]), torch.tensor([[6.0]]))])
    >>> posterior.mean.item(), posterior.variance.item()
    (1.5, 0.25)
    """
    precision = 1 + torch.stack([expert.precision for expert in experts]).sum(dim=0)
    return Posterior(torch.stack([expert.linear for expert in experts]).sum(dim=0) / precision, 1 / precision)


class ViewDecoder(nn.Module):
    """From factors to the values of one view.

    The predictor is ``intercept + loadings @ basis``; the basis is the factors and, if `hidden` is not 0, a layer of
    tanh units of them beside. Each loading has a Gaussian posterior, and the loadings of a basis function share a
    prior variance, so that what explains nothing in this view leaves it and p features of n patients are no trap.

    Parameters
    ----------
    features, count, hidden
        Sizes p, k, h.
    likelihood
        gaussian, or a name in LIKELIHOODS.
    """

    def __init__(self, features: int, count: int, hidden: int, likelihood: str) -> None:
        super().__init__()
        self.likelihood = likelihood
        self.intercept = nn.Parameter(torch.zeros(features))
        self.weight = nn.Parameter(torch.zeros(features, count + hidden))
        self.log_sd = nn.Parameter(torch.full((features, count + hidden), -3.0))
        if likelihood == GAUSSIAN:
            self.log_noise = nn.Parameter(torch.zeros(features))
        self.units = _bent(count, hidden) if hidden else None
        # Mean slope of the units among training patients, for the average Jacobian.
        self.register_buffer("slope", torch.ones(hidden))
        self.slope: Tensor

    def forward(self, posterior: Posterior, draw: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (n, p) of the predictor under the posteriors of factors and loadings.

        Exact if linear; with units, given the factors ``mean + sd * draw``.
        """
        if self.units is None:
            first, spread = posterior.mean, posterior.variance
        else:
            z = posterior.mean + posterior.variance.sqrt() * draw
            first = torch.cat([z, torch.tanh(self.units(z))], dim=1)
            spread = torch.zeros_like(first)
        moments = torch.cat([spread, first.square() + spread], dim=1)
        squares = torch.cat([self.weight.square(), (2 * self.log_sd).exp()], dim=1)
        return self.intercept + first @ self.weight.T, moments @ squares.T

    def noise(self) -> Tensor:
        """(p,) noise variances of a Gaussian view."""
        return self.log_noise.exp() + SMALLEST_NOISE

    def spread(self) -> Tensor:
        """(p,) variance that uncertain loadings add to the predictor of a typical patient."""
        return (2 * self.log_sd).exp().sum(dim=1)

    def log_likelihood(self, y: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """(n, p) expectation of log p(y | predictor), or a bound on it, for a predictor of these moments."""
        if self.likelihood != GAUSSIAN:
            return LIKELIHOODS[self.likelihood].evidence(y, mean, mean.square() + variance)
        noise = self.noise()
        return -0.5 * (((y - mean).square() + variance) / noise + noise.log() + math.log(2 * math.pi))

    def divergence(self) -> Tensor:
        """Divergence of the loadings from their prior, at its best variances."""
        variance = (2 * self.log_sd).exp()
        prior = (self.weight.square() + variance).mean(dim=0)
        return 0.5 * (len(variance) * prior.log().sum() - 2 * self.log_sd.sum())

    def local(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """(n, p) precision of each value at the intercept, and how it pulls at the predictor there."""
        if self.likelihood == GAUSSIAN:
            weight = (1 / self.noise()).expand_as(y)
            pull = weight * (y - self.intercept)
        else:
            at = self.intercept.expand_as(y)
            weight, linear = LIKELIHOODS[self.likelihood].gaussian(y, at, at.square())
            pull = linear - weight * at
        shrunk = 1 / (1 + weight * self.spread())
        return weight * shrunk, pull * shrunk

    def jacobian(self) -> Tensor:
        """(p, k) derivative of the predictor by the factors; with units, its mean over training patients."""
        if self.units is None:
            return self.weight
        k = self.units.in_features
        return self.weight[:, :k] + (self.weight[:, k:] * self.slope) @ self.units.weight


def _bent(count: int, hidden: int) -> nn.Linear:
    """Units that bend within the reach of the prior; those that torch starts are nearly linear, and stay unused."""
    units = nn.Linear(count, hidden)
    nn.init.normal_(units.weight, std=2 / math.sqrt(count))
    nn.init.normal_(units.bias)
    return units


class ViewEncoder(nn.Module):
    """From the values of one view to an expert on the factors.

    Values and the mask of what was observed are first seen through the loadings of the view's decoder: n patients
    cannot teach an encoder p free weights a factor without its learning them by heart. What is learned here is how to
    mix these k + h numbers, and, if `hidden` is not 0, a layer of tanh units beside; both begin silent. How sure the
    expert is follows from what was observed, times one gain a factor: units that had a say in it made it too sure.
    """

    def __init__(self, count: int, hidden: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.eye(count + hidden, count))
        self.log_gain = nn.Parameter(torch.zeros(count))
        self.units = nn.Linear(2 * (count + hidden), hidden) if hidden else None
        # Processes that train together wait for the gradient of whatever may have one.
        self.out = nn.Parameter(torch.zeros(hidden, count), requires_grad=hidden > 0)

    def forward(self, values: Tensor, seen: Tensor, decoder: ViewDecoder) -> Expert:
        """Expert of values (n, p), of which `seen` (n, p) are observed; it says nothing where none is."""
        weight, pull = decoder.local(values)
        information = (seen * weight) @ decoder.weight.square()
        guess = ((seen * pull) @ decoder.weight) / (1 + information)
        mean = guess @ self.mix
        if self.units is not None:
            mean = (
                mean + torch.tanh(self.units(torch.cat([guess, torch.log1p(information)], dim=1))) @ self.out
            )
        precision = information[:, : mean.shape[1]] * self.log_gain.exp()
        return Expert(precision, precision * mean)


class MultiViewNetwork(nn.Module):
    """Encoders and decoders of all views around shared factors (Wu and Goodman 2018, arXiv 1802.05335).

    ``moment`` (k,) is the mean square of each factor among training patients, kept after training.

    Parameters
    ----------
    features
        Number of features of each view, in their order.
    count
        Number of factors, k.
    hidden
        Units in the layer beside each linear path; 0 leaves the linear paths alone.
    likelihoods
        Of each view, in their order.
    """

    def __init__(self, features: Sequence[int], count: int, hidden: int, likelihoods: Sequence[str]) -> None:
        super().__init__()
        self.count, self.hidden = count, hidden
        # Of the factors among training patients: the evidence asks for 1 and does not insist.
        self.register_buffer("moment", torch.ones(count))
        encoders = nn.ModuleList(ViewEncoder(count, hidden) for _ in features)
        decoders = nn.ModuleList(
            ViewDecoder(p, count, hidden, likelihood)
            for p, likelihood in zip(features, likelihoods, strict=True)
        )
        self.encoders = cast("Sequence[ViewEncoder]", encoders)
        self.decoders = cast("Sequence[ViewDecoder]", decoders)

    moment: Tensor

    def posterior(self, inputs: ViewInputs) -> Posterior:
        """Factors of patients, from whatever is observed."""
        return product_of_experts(
            [
                encoder(values, seen, decoder)
                for encoder, decoder, values, seen in zip(
                    self.encoders, self.decoders, inputs.values, inputs.seen, strict=True
                )
            ]
        )

    def bound(self, inputs: ViewInputs, posterior: Posterior, draw: Tensor) -> Bound:
        """Evidence bound of each patient's observed values."""
        likelihood = torch.zeros_like(posterior.mean[:, 0])
        for decoder, values, seen in zip(self.decoders, inputs.values, inputs.seen, strict=True):
            mean, variance = decoder(posterior, draw)
            likelihood = likelihood + (seen * decoder.log_likelihood(values, mean, variance)).sum(dim=1)
        mean, variance = posterior
        divergence = 0.5 * (variance + mean.square() - 1 - variance.log()).sum(dim=1)
        return Bound(likelihood, divergence)

    def divergence(self) -> Tensor:
        """Divergence of all loadings from their priors."""
        return torch.stack([decoder.divergence() for decoder in self.decoders]).sum()
