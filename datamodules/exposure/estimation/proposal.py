"""Distributions from which random effects of patients are proposed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri
from scipy.stats.qmc import Sobol
from torch import Tensor

__all__ = ["Kernels", "Proposal"]

FREEDOM = 5.0


@dataclass(frozen=True)
class Kernels:
    """For each of n patients t distributions around k centres (n, k, q), whose scale has one root (n, q, q)."""

    centres: Tensor
    root: Tensor

    def draw(self, generator: np.random.Generator, count: int) -> Tensor:
        """Draw effects of each patient from the same points, so that no patient changes another."""
        k, q = self.centres.shape[1:]
        points = _points(generator, count, q + 1)
        spread = chdtri(FREEDOM, points[:, :1]) / FREEDOM
        scaled = torch.from_numpy(ndtri(points[:, 1:]) / np.sqrt(spread))
        return self.centres[:, torch.arange(count) % k] + scaled @ self.root.mT

    def log_density(self, effects: Tensor) -> Tensor:
        """Logarithm of the density at (n, s, q) effects, (n, s)."""
        k, q = self.centres.shape[1:]
        scaled = torch.linalg.solve_triangular(self.root, effects.mT, upper=False).mT
        centres = torch.linalg.solve_triangular(self.root, self.centres.mT, upper=False).mT
        half = (FREEDOM + q) / 2
        constant = math.lgamma(half) - math.lgamma(FREEDOM / 2) - q / 2 * math.log(FREEDOM * math.pi)
        parts = -half * torch.log1p(torch.cdist(scaled, centres) ** 2 / FREEDOM)
        return torch.logsumexp(parts, 2) - math.log(k) + constant - _log_root(self.root)[:, None]


@dataclass(frozen=True)
class Proposal:
    """A mixture of kernels, with their shares, and of the prior."""

    kernels: list[Kernels]
    shares: list[float]
    prior_root: Tensor
    prior_share: float

    def take(self, rows: Tensor) -> Proposal:
        """Return the proposal of some patients."""
        kernels = [Kernels(one.centres[rows], one.root[rows]) for one in self.kernels]
        return Proposal(kernels, self.shares, self.prior_root, self.prior_share)

    def draw(self, generator: np.random.Generator, count: int) -> Tensor:
        """Draw (n, count, q) effects, from the same points for all patients."""
        size, q = len(self.kernels[0].root), len(self.prior_root)
        of_prior = round(self.prior_share * count)
        prior = torch.from_numpy(ndtri(_points(generator, of_prior, q))) @ self.prior_root.mT
        bounds = np.cumsum([0.0, *self.shares]) / sum(self.shares)
        counts = np.diff((bounds * (count - of_prior)).round().astype(int))
        near = [one.draw(generator, int(n)) for one, n in zip(self.kernels, counts, strict=True)]
        return torch.cat([prior.expand(size, -1, -1), *near], 1)

    def log_density(self, effects: Tensor) -> Tensor:
        """Logarithm of the density at (n, s, q) effects, (n, s)."""
        parts = [
            one.log_density(effects) + math.log(share)
            for one, share in zip(self.kernels, self.shares, strict=True)
        ]
        near = torch.logsumexp(torch.stack(parts), 0)
        far = torch.linalg.solve_triangular(self.prior_root, effects.mT, upper=False)
        constant = effects.shape[-1] * math.log(2 * math.pi)
        prior = -((far**2).sum(-2) + constant) / 2 - _log_root(self.prior_root)
        return torch.logaddexp(near, prior + math.log(self.prior_share))


def _points(generator: np.random.Generator, count: int, dimensions: int) -> NDArray[np.float64]:
    """Scrambled Sobol points in the unit cube, (count, dimensions): they estimate means with far less noise."""
    sobol = Sobol(dimensions, rng=generator)
    points = sobol.random_base2(max(1, (count - 1).bit_length()))[:count]
    inside: NDArray[np.float64] = np.clip(points, 1e-12, 1 - 1e-12)
    return inside


def _log_root(root: Tensor) -> Tensor:
    return torch.diagonal(root, dim1=-2, dim2=-1).log().sum(-1)
