"""Posterior of the loadings of a block of features, for many runs at once, given moments of the factors.

Shapes: R runs, p features, K factors of which the first is the constant 1, whose loading is the intercept. A loading
has the prior N(0, sd^2) with `sd` (R, K); an sd of 0 switches the factor off in that view, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["Loadings", "gamma_evidence", "noise_rate", "solve_each", "solve_shared"]

SHAPE = RATE = 1e-3
"""Of the Gamma priors of every precision: all but flat."""

LEAST_NOISE = 1e-3
"""Share of a feature's variance that is noise at least; two equal features would have none, and no end of precision."""


@dataclass(frozen=True)
class Loadings:
    """Gaussian posterior of loadings; the covariance of a feature is ``basis diag(shrunk) basis'``.

    Attributes
    ----------
    mean
        (R, p, K).
    basis
        (R, 1 or p, K, K): features measured on the same patients share one.
    shrunk
        (R, p, K).
    entropy
        (R,) sum of log det(covariance) / 2 over the features, over the factors that are on.
    """

    mean: Tensor
    basis: Tensor
    shrunk: Tensor
    entropy: Tensor

    def turned(self, turn: Tensor) -> Loadings:
        """Move to factors that were mapped by the inverse of `turn` (R, K, K)."""
        return replace(self, mean=self.mean @ turn, basis=turn.mT[:, None] @ self.basis)

    def run(self, one: slice) -> Loadings:
        """One run alone."""
        return Loadings(self.mean[one], self.basis[one], self.shrunk[one], self.entropy[one])

    def second(self) -> Tensor:
        """(R, p, K, K) E[w w'] of each feature."""
        covariance = (self.basis * self.shrunk[:, :, None, :]) @ self.basis.mT
        return self.mean[..., :, None] * self.mean[..., None, :] + covariance

    def total(self, weight: Tensor) -> Tensor:
        """(R, K, K) sum of E[w w'] over the features, each with its `weight` (R, p)."""
        scaled = self.shrunk * weight[..., None]
        if self.basis.shape[1] == 1:
            covariance = (self.basis[:, 0] * scaled.sum(dim=1)[:, None, :]) @ self.basis[:, 0].mT
        else:
            covariance = torch.einsum("rpik,rpk,rpjk->rij", self.basis, scaled, self.basis)
        return (self.mean * weight[..., None]).mT @ self.mean + covariance

    def squares(self) -> Tensor:
        """(R, K) sum of E[w^2] over the features."""
        of_means = self.mean.square().sum(dim=1)
        if self.basis.shape[1] == 1:
            covariance = self.basis[:, 0].square() @ self.shrunk.sum(dim=1)[..., None]
            return of_means + covariance[..., 0]
        return of_means + (self.basis.square() @ self.shrunk[..., None])[..., 0].sum(dim=1)

    def spread(self) -> Tensor:
        """(R, p) trace of the covariance."""
        return (self.shrunk * self.basis.square().sum(dim=-2)).sum(dim=-1)


def solve_shared(moment: Tensor, cross: Tensor, tau: Tensor, sd: Tensor) -> tuple[Loadings, Tensor]:
    """Features that were measured on the same patients: one eigendecomposition serves them all.

    Parameters
    ----------
    moment
        (R, K, K) sum of E[z z'] over the patients.
    cross
        (R, p, K) sum of x E[z].
    tau
        (R, p) noise precisions.
    sd
        (R, K) prior.

    Returns
    -------
    Loadings, and (R, p) the expectation of ``w' moment w - 2 w' cross``.
    """
    # In float64, since float32 gave NaN for a sound matrix with rows of zeros; a K x K matrix costs little.
    values, vectors = torch.linalg.eigh((sd[:, :, None] * moment * sd[:, None, :]).double())
    values = values.clamp_min(0)[:, None, :].to(sd)
    basis = sd[:, :, None] * vectors.to(sd)
    shrunk = 1 / (tau[:, :, None] * values + 1)
    # Along the columns of the basis loadings are independent, with variances `shrunk`.
    along = (cross @ basis) * (tau[:, :, None] * shrunk)
    mean = along @ basis.mT
    reconstruction_error = ((along.square() + shrunk) * values).sum(dim=-1) - 2 * (mean * cross).sum(dim=-1)
    entropy = 0.5 * shrunk.log().sum(dim=(1, 2), dtype=torch.float64) + cross.shape[1] * _log_on(sd)
    return Loadings(mean, basis[:, None], shrunk, entropy), reconstruction_error


def solve_each(precision: Tensor, linear: Tensor, sd: Tensor) -> Loadings:
    """Each feature with a precision matrix of its own: `precision` (R, p, K, K) and `linear` (R, p, K)."""
    eye = torch.eye(sd.shape[-1], dtype=sd.dtype, device=sd.device)
    root = torch.linalg.cholesky(eye + sd[:, None, :, None] * precision * sd[:, None, None, :])
    inverse = torch.linalg.solve_triangular(root, eye.expand_as(root), upper=False)
    basis = sd[:, None, :, None] * inverse.mT
    mean = (basis @ (basis.mT @ linear[..., None]))[..., 0]
    entropy = inverse.diagonal(dim1=-2, dim2=-1).log().sum(dim=(1, 2), dtype=torch.float64)
    return Loadings(mean, basis, torch.ones_like(mean), entropy + linear.shape[1] * _log_on(sd))


def noise_rate(squares: Tensor) -> Tensor:
    """Rate of the prior of a feature's noise precision, where `squares` is the sum of squares of its values."""
    return RATE + 0.5 * LEAST_NOISE * squares.double()


def gamma_evidence(
    count: Tensor | float, squares: Tensor, rate: Tensor | float = RATE
) -> tuple[Tensor, Tensor]:
    """Integrate a precision out of `count` Gaussians of which `squares` is the expected sum of squares.

    The precision has the prior Gamma(SHAPE, `rate`).

    Returns
    -------
    The expected precision, and what the precision adds to the evidence, without the constant of the Gaussians.
    """
    shape = torch.as_tensor(count, dtype=torch.float64, device=squares.device) * 0.5 + SHAPE
    least = torch.as_tensor(rate, dtype=torch.float64, device=squares.device)
    rate = least + 0.5 * squares.clamp_min(0).double()
    prior = SHAPE * least.log() - math.lgamma(SHAPE)
    return (shape / rate).to(squares.dtype), prior + torch.lgamma(shape) - shape * rate.log()


def _log_on(sd: Tensor) -> Tensor:
    return torch.where(sd > 0, sd, 1.0).log().sum(dim=-1, dtype=torch.float64)
