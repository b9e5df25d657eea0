"""Posterior of the loadings of a block of features, for many runs at once, given moments of the factors.

Shapes: R runs, p features, K factors of which the first is the constant 1, whose loading is the intercept. A loading
has the prior N(0, sd^2) with `sd` (R, K); an sd of 0 switches the factor off in that view, exactly.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["LoadingsPosterior", "gamma_evidence", "noise_rate", "solve_each", "solve_shared"]

SHAPE = RATE = 1e-3
"""Gamma prior of every precision; it is almost flat."""

LEAST_NOISE = 1e-3
"""Smallest proportion of a feature's variance that is noise. Without it, two equal features would have noise 0 and an
unlimited precision."""


@dataclass(frozen=True)
class LoadingsPosterior:
    """Gaussian posterior of loadings; the covariance of a feature is ``basis diag(shrinkage) basis'``.

    Attributes
    ----------
    mean
        (R, p, K).
    basis
        (R, 1 or p, K, K): features measured on the same patients share one.
    shrinkage
        (R, p, K) variances along the basis.
    entropy
        (R,) sum of log det(covariance) / 2 over the features, over the active factors.
    """

    mean: Tensor
    basis: Tensor
    shrinkage: Tensor
    entropy: Tensor

    def rotated(self, rotation: Tensor) -> LoadingsPosterior:
        """Transform to factors that were multiplied by the inverse of `rotation` (R, K, K)."""
        return replace(self, mean=self.mean @ rotation, basis=rotation.mT[:, None] @ self.basis)

    def run(self, one: slice) -> LoadingsPosterior:
        """Posterior of one run."""
        return LoadingsPosterior(self.mean[one], self.basis[one], self.shrinkage[one], self.entropy[one])

    def second(self) -> Tensor:
        """(R, p, K, K) E[w w'] of each feature."""
        covariance = (self.basis * self.shrinkage[:, :, None, :]) @ self.basis.mT
        return self.mean[..., :, None] * self.mean[..., None, :] + covariance

    def total(self, weight: Tensor) -> Tensor:
        """(R, K, K) sum of E[w w'] over the features, each with its `weight` (R, p)."""
        scaled = self.shrinkage * weight[..., None]
        if self.basis.shape[1] == 1:
            covariance = (self.basis[:, 0] * scaled.sum(dim=1)[:, None, :]) @ self.basis[:, 0].mT
        else:
            covariance = torch.einsum("rpik,rpk,rpjk->rij", self.basis, scaled, self.basis)
        return (self.mean * weight[..., None]).mT @ self.mean + covariance

    def squares(self) -> Tensor:
        """(R, K) sum of E[w^2] over the features."""
        of_means = self.mean.square().sum(dim=1)
        if self.basis.shape[1] == 1:
            covariance = self.basis[:, 0].square() @ self.shrinkage.sum(dim=1)[..., None]
            return of_means + covariance[..., 0]
        return of_means + (self.basis.square() @ self.shrinkage[..., None])[..., 0].sum(dim=1)

    def variance(self) -> Tensor:
        """(R, p) trace of the covariance of each feature."""
        return (self.shrinkage * self.basis.square().sum(dim=-2)).sum(dim=-1)


def solve_shared(moment: Tensor, cross: Tensor, tau: Tensor, sd: Tensor) -> tuple[LoadingsPosterior, Tensor]:
    """Posterior for features measured on the same patients; one eigendecomposition is enough for all of them.

    Parameters
    ----------
    moment
        (R, K, K) sum of E[z z'] over the patients.
    cross
        (R, p, K) sum of x E[z].
    tau
        (R, p) noise precisions.
    sd
        (R, K) prior sd.

    Returns
    -------
    LoadingsPosterior
        The posterior.
    Tensor
        (R, p) expectation of ``w' moment w - 2 w' cross``.
    """
    # In float64: float32 gave NaN for a valid matrix with rows of zeros. A K x K matrix costs little.
    values, vectors = torch.linalg.eigh((sd[:, :, None] * moment * sd[:, None, :]).double())
    values = values.clamp_min(0)[:, None, :].to(sd)
    basis = sd[:, :, None] * vectors.to(sd)
    shrinkage = 1 / (tau[:, :, None] * values + 1)
    # Along the columns of the basis loadings are independent, with variances `shrinkage`.
    along = (cross @ basis) * (tau[:, :, None] * shrinkage)
    mean = along @ basis.mT
    expected_error = ((along.square() + shrinkage) * values).sum(dim=-1) - 2 * (mean * cross).sum(dim=-1)
    entropy = 0.5 * shrinkage.log().sum(dim=(1, 2), dtype=torch.float64) + cross.shape[1] * _log_sd(sd)
    return LoadingsPosterior(mean, basis[:, None], shrinkage, entropy), expected_error


def solve_each(precision: Tensor, linear: Tensor, sd: Tensor) -> LoadingsPosterior:
    """Posterior for features that each have a separate precision matrix.

    Parameters
    ----------
    precision
        (R, p, K, K) precision from the data.
    linear
        (R, p, K) linear term from the data.
    sd
        (R, K) prior sd.

    Returns
    -------
    LoadingsPosterior
        The posterior.
    """
    eye = torch.eye(sd.shape[-1], dtype=sd.dtype, device=sd.device)
    root = torch.linalg.cholesky(eye + sd[:, None, :, None] * precision * sd[:, None, None, :])
    inverse = torch.linalg.solve_triangular(root, eye.expand_as(root), upper=False)
    basis = sd[:, None, :, None] * inverse.mT
    mean = (basis @ (basis.mT @ linear[..., None]))[..., 0]
    entropy = inverse.diagonal(dim1=-2, dim2=-1).log().sum(dim=(1, 2), dtype=torch.float64)
    return LoadingsPosterior(mean, basis, torch.ones_like(mean), entropy + linear.shape[1] * _log_sd(sd))


def noise_rate(squares: Tensor) -> Tensor:
    """Rate of the prior of a feature's noise precision, where `squares` is the sum of squares of its values."""
    return RATE + 0.5 * LEAST_NOISE * squares.double()


def gamma_evidence(
    count: Tensor | float, squares: Tensor, rate: Tensor | float = RATE
) -> tuple[Tensor, Tensor]:
    """Integrate out a precision with the prior Gamma(SHAPE, `rate`).

    Parameters
    ----------
    count
        Number of Gaussian values with this precision.
    squares
        Their expected sum of squares.
    rate
        Rate of the prior.

    Returns
    -------
    precision
        The expected precision.
    evidence
        What the precision adds to the evidence, without the constant of the Gaussians.
    """
    shape = torch.as_tensor(count, dtype=torch.float64, device=squares.device) * 0.5 + SHAPE
    prior_rate = torch.as_tensor(rate, dtype=torch.float64, device=squares.device)
    rate = prior_rate + 0.5 * squares.clamp_min(0).double()
    prior = SHAPE * prior_rate.log() - math.lgamma(SHAPE)
    return (shape / rate).to(squares.dtype), prior + torch.lgamma(shape) - shape * rate.log()


def _log_sd(sd: Tensor) -> Tensor:
    """(R,) sum of log sd over the active factors."""
    return torch.where(sd > 0, sd, 1.0).log().sum(dim=-1, dtype=torch.float64)
