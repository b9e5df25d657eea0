"""Initialization of the variational autoencoder: features on a common scale, loadings at the principal axes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.factors.likelihoods import GAUSSIAN, LIKELIHOODS, check_likelihood
from models.factors.linear_gaussian import LinearView
from models.factors.vae.network import SMALLEST_NOISE, MultiViewNetwork, ViewDecoder, ViewInputs
from omics.common.errors import FitError

__all__ = ["ViewScaling", "fit_scaling", "initialize_network"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALLEST_MEAN = 0.01


@dataclass(frozen=True)
class ViewScaling:
    """Scaling of the features of one view.

    Attributes
    ----------
    known
        (p,) bool: at least one training patient has the feature.
    offset, scale
        Centre and scale of the known features.
    """

    known: Mask
    offset: Array
    scale: Array

    def standardised(self, x: NDArray[np.float32], observed: Mask) -> tuple[Array, Mask]:
        """Known features on the training scale, 0 where not observed, and the mask of observed values."""
        seen = observed[:, self.known]
        return np.where(seen, (x[:, self.known] - self.offset) / self.scale, 0.0), seen

    def restored(self, mean: Array, sd: Array) -> tuple[Array, Array]:
        """Mean and sd of all features on the harmonized scale; unknown features have mean 0 and an infinite sd."""
        shape = (len(mean), len(self.known))
        values, sds = np.zeros(shape), np.full(shape, np.inf)
        values[:, self.known], sds[:, self.known] = mean * self.scale + self.offset, sd * self.scale
        return values, sds

    def linear_view(self, mean: Array, loadings: Array, precision: Array, likelihood: str) -> LinearView:
        """Linear view of all features on the harmonized scale, from one of the standardised known features."""
        p = len(self.known)
        means, weights, precisions = np.zeros(p), np.zeros((p, loadings.shape[1])), np.zeros(p)
        means[self.known] = mean * self.scale + self.offset
        weights[self.known] = loadings * self.scale[:, None]
        precisions[self.known] = precision / self.scale**2
        return LinearView(means, weights, precisions, likelihood)


def fit_scaling(name: str, x: NDArray[np.float32], observed: Mask, likelihood: str) -> ViewScaling:
    """Centre and scale of Gaussian features; features of other likelihoods are not scaled.

    Parameters
    ----------
    name
        Name of the view, for messages.
    x
        (n, p) values of the training patients.
    observed
        (n, p) bool.
    likelihood
        gaussian, or a name in LIKELIHOODS.

    Returns
    -------
    ViewScaling
        The scaling.

    Raises
    ------
    FitError
        If the view has no value, no variance, or values that its likelihood cannot produce.
    """
    known = np.any(observed, axis=0)
    if not known.any():
        raise FitError(f"view {name} was measured on none of the training patients; leave it out")
    seen = observed[:, known]
    values, counts = np.where(seen, x[:, known].astype(np.float64), 0.0), seen.sum(axis=0)
    offset = values.sum(axis=0) / counts
    deviation = np.sqrt((np.where(seen, values - offset, 0.0) ** 2).sum(axis=0) / counts)
    varies = deviation > 1e-6 * np.abs(offset)
    if not varies.any():
        raise FitError(f"view {name} has no feature that varies among the training patients; leave it out")
    if likelihood != GAUSSIAN:
        check_likelihood(name, likelihood, torch.from_numpy(values))
        return ViewScaling(known, np.zeros_like(offset), np.ones_like(offset))
    return ViewScaling(known, offset, np.where(varies, deviation, 1.0))


@torch.no_grad()
def initialize_network(network: MultiViewNetwork, inputs: ViewInputs) -> None:
    """Set the loadings to the principal axes of all patients; a missing view counts as the mean of the view.

    Parameters
    ----------
    network
        Initialized in place.
    inputs
        Training patients.
    """
    values_by_view = []
    for decoder, y, seen in zip(network.decoders, inputs.values, inputs.seen, strict=True):
        values_by_view.append(_linear_scale(decoder, y, seen))
    gram = torch.stack([values @ values.T for values in values_by_view]).sum(dim=0)
    axes = torch.linalg.eigh(gram)[1].flip(1)[:, : network.count] * math.sqrt(len(gram))
    for decoder, values, seen in zip(network.decoders, values_by_view, inputs.seen, strict=True):
        present = seen.any(dim=1).to(values)
        squares = (axes.square() * present[:, None]).sum(dim=0).clamp_min(1.0)
        weight = values.T @ axes / squares
        decoder.weight[:, : network.count] = weight
        counts = seen.sum(dim=0)
        decoder.log_sd.copy_((-0.5 * counts.log())[:, None].expand_as(decoder.log_sd))
        if decoder.likelihood == GAUSSIAN:
            residual = (seen * (values - axes @ weight.T)).square().sum(dim=0) / counts
            decoder.log_noise.copy_((residual - SMALLEST_NOISE).clamp_min(0.05).log())


def _linear_scale(decoder: ViewDecoder, y: Tensor, seen: Tensor) -> Tensor:
    """Set the intercepts, and return values (n, p) on an about linear scale, 0 where not observed."""
    if decoder.likelihood == GAUSSIAN:
        return y
    mean = (seen * y).sum(dim=0) / seen.sum(dim=0)
    if decoder.likelihood == "bernoulli":
        decoder.intercept.copy_(torch.logit(mean, eps=SMALLEST_MEAN))
    else:
        decoder.intercept.copy_(torch.expm1(mean.clamp_min(SMALLEST_MEAN)).log())
    values = LIKELIHOODS[decoder.likelihood].linear_scale(y)
    centre = (seen * values).sum(dim=0) / seen.sum(dim=0)
    values = seen * (values - centre)
    return values / values.square().sum(dim=0).div(seen.sum(dim=0)).sqrt().clamp_min(SMALLEST_MEAN)
