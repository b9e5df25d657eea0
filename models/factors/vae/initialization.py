"""Where the variational autoencoder begins: features on one scale, loadings at the principal axes."""

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

__all__ = ["Columns", "columns_of", "start"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMALLEST_MEAN = 0.01


@dataclass(frozen=True)
class Columns:
    """Features of one view: `known` (p,) bool, those that some training patient has; `offset` and `scale` of these."""

    known: Mask
    offset: Array
    scale: Array

    def standardised(self, x: NDArray[np.float32], observed: Mask) -> tuple[Array, Mask]:
        """Known features on their training scale, 0 where not observed, and which are observed."""
        seen = observed[:, self.known]
        return np.where(seen, (x[:, self.known] - self.offset) / self.scale, 0.0), seen

    def restored(self, mean: Array, sd: Array) -> tuple[Array, Array]:
        """All features again, on their own scale; nothing is known of the others."""
        shape = (len(mean), len(self.known))
        values, spread = np.zeros(shape), np.full(shape, np.inf)
        values[:, self.known], spread[:, self.known] = mean * self.scale + self.offset, sd * self.scale
        return values, spread

    def on_their_scale(self, mean: Array, loadings: Array, precision: Array, likelihood: str) -> LinearView:
        """All features of a linear view that was found for the standardised known ones."""
        p = len(self.known)
        means, weights, precisions = np.zeros(p), np.zeros((p, loadings.shape[1])), np.zeros(p)
        means[self.known] = mean * self.scale + self.offset
        weights[self.known] = loadings * self.scale[:, None]
        precisions[self.known] = precision / self.scale**2
        return LinearView(means, weights, precisions, likelihood)


def columns_of(name: str, x: NDArray[np.float32], observed: Mask, likelihood: str) -> Columns:
    """Find centre and scale of Gaussian features; others stay as they were measured.

    Raises
    ------
    FitError
        If the view has no value, no variance, or values that its likelihood cannot give.
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
        return Columns(known, np.zeros_like(offset), np.ones_like(offset))
    return Columns(known, offset, np.where(varies, deviation, 1.0))


@torch.no_grad()
def start(network: MultiViewNetwork, inputs: ViewInputs) -> None:
    """Begin at the principal axes of all patients, where a view that a patient lacks counts as its mean."""
    guesses = []
    for decoder, y, seen in zip(network.decoders, inputs.values, inputs.seen, strict=True):
        guesses.append(_linear_scale(decoder, y, seen))
    gram = torch.stack([guess @ guess.T for guess in guesses]).sum(dim=0)
    axes = torch.linalg.eigh(gram)[1].flip(1)[:, : network.count] * math.sqrt(len(gram))
    for decoder, guess, seen in zip(network.decoders, guesses, inputs.seen, strict=True):
        present = seen.any(dim=1).to(guess)
        among = (axes.square() * present[:, None]).sum(dim=0).clamp_min(1.0)
        weight = guess.T @ axes / among
        decoder.weight[:, : network.count] = weight
        counts = seen.sum(dim=0)
        decoder.log_sd.copy_((-0.5 * counts.log())[:, None].expand_as(decoder.log_sd))
        if decoder.likelihood == GAUSSIAN:
            rest = (seen * (guess - axes @ weight.T)).square().sum(dim=0) / counts
            decoder.log_noise.copy_((rest - SMALLEST_NOISE).clamp_min(0.05).log())


def _linear_scale(decoder: ViewDecoder, y: Tensor, seen: Tensor) -> Tensor:
    """Set the intercepts; give values (n, p) on a scale on which the start may be linear, 0 where nothing is seen."""
    if decoder.likelihood == GAUSSIAN:
        return y
    mean = (seen * y).sum(dim=0) / seen.sum(dim=0)
    if decoder.likelihood == "bernoulli":
        decoder.intercept.copy_(torch.logit(mean, eps=SMALLEST_MEAN))
    else:
        decoder.intercept.copy_(torch.expm1(mean.clamp_min(SMALLEST_MEAN)).log())
    guess = LIKELIHOODS[decoder.likelihood].start(y)
    centre = (seen * guess).sum(dim=0) / seen.sum(dim=0)
    guess = seen * (guess - centre)
    return guess / guess.square().sum(dim=0).div(seen.sum(dim=0)).sqrt().clamp_min(SMALLEST_MEAN)
