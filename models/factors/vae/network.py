"""The network of the multi-view variational autoencoder: encoders, product of experts, decoders, evidence bound."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS

__all__ = [
    "EvidenceBound",
    "Expert",
    "LatentPosterior",
    "MultiViewNetwork",
    "ViewDecoder",
    "ViewEncoder",
    "ViewInputs",
    "product_of_experts",
]

SMALLEST_NOISE = 1e-3
"""Least noise variance of a standardised feature."""


class ViewInputs(NamedTuple):
    """n patients: values of each view (n, p), 0 where not observed; 1.0 where observed (n, p); row numbers (n,)."""

    values: list[Tensor]
    seen: list[Tensor]
    rows: Tensor


class Expert(NamedTuple):
    """Information of one view about the factors: `precision` and `linear` = precision x mean, (n, k); 0 for none."""

    precision: Tensor
    linear: Tensor


class LatentPosterior(NamedTuple):
    """Independent Gaussians: `mean` and `variance`, both (n, k)."""

    mean: Tensor
    variance: Tensor


class EvidenceBound(NamedTuple):
    """Parts of the evidence bound of n patients, both (n,): expected log likelihood, and divergence from the prior."""

    likelihood: Tensor
    divergence: Tensor


def product_of_experts(experts: Sequence[Expert]) -> LatentPosterior:
    """Multiply Gaussian experts and the prior N(0, I) (Hinton 2002, doi 10.1162/089976602760128018).

    Precisions add up, so the sd never decreases when an expert is removed.

    Examples
    --------
    >>> posterior = product_of_experts([Expert(torch.tensor([[3.0]]), torch.tensor([[6.0]]))])
    >>> posterior.mean.item(), posterior.variance.item()
    (1.5, 0.25)
    """
    precision = 1 + torch.stack([expert.precision for expert in experts]).sum(dim=0)
    return LatentPosterior(
        torch.stack([expert.linear for expert in experts]).sum(dim=0) / precision, 1 / precision
    )


class ViewDecoder(nn.Module):
    """Decoder: from factors to the values of one view.

    The predictor is ``intercept + loadings @ basis``. The basis is the factors and, if `hidden` is not 0, a layer of
    tanh units. Each loading has a Gaussian posterior, and the loadings of a basis function share a prior variance. A
    basis function that explains nothing in this view is therefore switched off, which prevents overfitting.

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
        self.units = _tanh_units(count, hidden) if hidden else None
        # Mean slope of the units among training patients, for the mean Jacobian.
        self.register_buffer("slope", torch.ones(hidden))
        self.slope: Tensor

    def forward(self, posterior: LatentPosterior, draw: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance (n, p) of the predictor under the posteriors of factors and loadings.

        Exact without hidden units; with units, conditional on the factors ``mean + sd * draw``.
        """
        if self.units is None:
            basis, uncertainty = posterior.mean, posterior.variance
        else:
            z = posterior.mean + posterior.variance.sqrt() * draw
            basis = torch.cat([z, torch.tanh(self.units(z))], dim=1)
            uncertainty = torch.zeros_like(basis)
        moments = torch.cat([uncertainty, basis.square() + uncertainty], dim=1)
        squares = torch.cat([self.weight.square(), (2 * self.log_sd).exp()], dim=1)
        return self.intercept + basis @ self.weight.T, moments @ squares.T

    def noise(self) -> Tensor:
        """(p,) noise variances of a Gaussian view."""
        return self.log_noise.exp() + SMALLEST_NOISE

    def loading_variance(self) -> Tensor:
        """(p,) variance that the uncertainty of the loadings adds to the predictor of a typical patient."""
        return (2 * self.log_sd).exp().sum(dim=1)

    def log_likelihood(self, y: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """(n, p) expectation of log p(y | predictor), or a lower bound on it, for a predictor with these moments."""
        if self.likelihood != GAUSSIAN:
            return LIKELIHOODS[self.likelihood].evidence(y, mean, mean.square() + variance)
        noise = self.noise()
        return -0.5 * (((y - mean).square() + variance) / noise + noise.log() + math.log(2 * math.pi))

    def divergence(self) -> Tensor:
        """Divergence of the loadings from their prior, at the optimal prior variances."""
        variance = (2 * self.log_sd).exp()
        prior = (self.weight.square() + variance).mean(dim=0)
        return 0.5 * (len(variance) * prior.log().sum() - 2 * self.log_sd.sum())

    def value_terms(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """(n, p) precision of each value given the factors, and precision x (value - mean), at the intercept."""
        if self.likelihood == GAUSSIAN:
            weight = (1 / self.noise()).expand_as(y)
            weighted = weight * (y - self.intercept)
        else:
            at = self.intercept.expand_as(y)
            weight, linear = LIKELIHOODS[self.likelihood].gaussian(y, at, at.square())
            weighted = linear - weight * at
        shrinkage = 1 / (1 + weight * self.loading_variance())
        return weight * shrinkage, weighted * shrinkage

    def jacobian(self) -> Tensor:
        """(p, k) derivative of the predictor by the factors; with hidden units, its mean over training patients."""
        if self.units is None:
            return self.weight
        k = self.units.in_features
        return self.weight[:, :k] + (self.weight[:, k:] * self.slope) @ self.units.weight


def _tanh_units(count: int, hidden: int) -> nn.Linear:
    """Units that are nonlinear within the range of the prior; with the defaults of torch they are almost linear."""
    units = nn.Linear(count, hidden)
    nn.init.normal_(units.weight, std=2 / math.sqrt(count))
    nn.init.normal_(units.bias)
    return units


class ViewEncoder(nn.Module):
    """Encoder: from the values of one view to an expert on the factors.

    Values and the mask of observed values are first projected on the loadings of the view's decoder: an encoder with
    p free weights per factor would overfit n patients. The encoder learns how to mix these k + h numbers, and, if
    `hidden` is not 0, a layer of tanh units; at the start the mix is the identity and the units add 0. The precision
    of the expert depends on the observed values, times one gain per factor; when it also depended on the units, it was
    too high.
    """

    def __init__(self, count: int, hidden: int) -> None:
        super().__init__()
        self.mix = nn.Parameter(torch.eye(count + hidden, count))
        self.log_gain = nn.Parameter(torch.zeros(count))
        self.units = nn.Linear(2 * (count + hidden), hidden) if hidden else None
        # Distributed training waits for the gradient of every parameter that requires one.
        self.out = nn.Parameter(torch.zeros(hidden, count), requires_grad=hidden > 0)

    def forward(self, values: Tensor, seen: Tensor, decoder: ViewDecoder) -> Expert:
        """Expert of values (n, p), of which `seen` (n, p) are observed; precision 0 for a patient without any."""
        weight, weighted = decoder.value_terms(values)
        information = (seen * weight) @ decoder.weight.square()
        projection = ((seen * weighted) @ decoder.weight) / (1 + information)
        mean = projection @ self.mix
        if self.units is not None:
            units = torch.tanh(self.units(torch.cat([projection, torch.log1p(information)], dim=1)))
            mean = mean + units @ self.out
        precision = information[:, : mean.shape[1]] * self.log_gain.exp()
        return Expert(precision, precision * mean)


class MultiViewNetwork(nn.Module):
    """Encoders and decoders of all views with shared factors (Wu and Goodman 2018, arXiv 1802.05335).

    ``moment`` (k,) is the mean square of each factor among training patients, stored after training.

    Parameters
    ----------
    features
        Number of features of each view, in the order of the views.
    count
        Number of factors, k.
    hidden
        Number of hidden units beside each linear path; with 0 there are only the linear paths.
    likelihoods
        Likelihood of each view, in the order of the views.
    """

    def __init__(self, features: Sequence[int], count: int, hidden: int, likelihoods: Sequence[str]) -> None:
        super().__init__()
        self.count, self.hidden = count, hidden
        # The evidence bound favours a mean square of 1, but does not enforce it.
        self.register_buffer("moment", torch.ones(count))
        encoders = nn.ModuleList(ViewEncoder(count, hidden) for _ in features)
        decoders = nn.ModuleList(
            ViewDecoder(p, count, hidden, likelihood)
            for p, likelihood in zip(features, likelihoods, strict=True)
        )
        self.encoders = cast("Sequence[ViewEncoder]", encoders)
        self.decoders = cast("Sequence[ViewDecoder]", decoders)

    moment: Tensor

    def posterior(self, inputs: ViewInputs) -> LatentPosterior:
        """Factors of patients, from their observed values."""
        return product_of_experts(
            [
                encoder(values, seen, decoder)
                for encoder, decoder, values, seen in zip(
                    self.encoders, self.decoders, inputs.values, inputs.seen, strict=True
                )
            ]
        )

    def bound(self, inputs: ViewInputs, posterior: LatentPosterior, draw: Tensor) -> EvidenceBound:
        """Evidence bound of each patient's observed values."""
        likelihood = torch.zeros_like(posterior.mean[:, 0])
        for decoder, values, seen in zip(self.decoders, inputs.values, inputs.seen, strict=True):
            mean, variance = decoder(posterior, draw)
            likelihood = likelihood + (seen * decoder.log_likelihood(values, mean, variance)).sum(dim=1)
        mean, variance = posterior
        divergence = 0.5 * (variance + mean.square() - 1 - variance.log()).sum(dim=1)
        return EvidenceBound(likelihood, divergence)

    def divergence(self) -> Tensor:
        """Divergence of all loadings from their priors."""
        return torch.stack([decoder.divergence() for decoder in self.decoders]).sum()
