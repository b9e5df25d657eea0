"""Blocks of features of one view: updates of the loadings, and what each kind of data adds to the factors.

Shapes: R runs, n patients who have the view, p features, K factors of which the first is the constant 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from models.factors.gfa.loadings_posterior import (
    LoadingsPosterior,
    gamma_evidence,
    noise_rate,
    solve_each,
    solve_shared,
)
from models.factors.likelihoods import BoundedLikelihood

__all__ = ["BlockState", "BoundedBlock", "CompleteBlock", "FactorMoments", "FeatureBlock", "IncompleteBlock"]

Noise = tuple[Tensor, ...]


@dataclass(frozen=True)
class FactorMoments:
    """Moments of the factors of the patients of a block.

    Attributes
    ----------
    mean
        (R, n, K).
    covariance
        (R, G, K, K) of each group of patients.
    group
        (n,) group of each patient.
    total
        (R, K, K) sum of E[z z'].
    """

    mean: Tensor
    covariance: Tensor
    group: Tensor
    total: Tensor

    def second(self) -> Tensor:
        """(R, n, K * K) E[z z'] of each patient."""
        outer = self.mean[..., :, None] * self.mean[..., None, :]
        return (outer + self.covariance[:, self.group]).flatten(start_dim=2)


@dataclass(frozen=True)
class BlockState:
    """Posterior of a block's loadings, the noise, and what both add to the evidence (R,)."""

    loadings: LoadingsPosterior
    noise: Noise
    evidence: Tensor

    def rotated(self, rotation: Tensor) -> BlockState:
        """State for factors that were multiplied by the inverse of `rotation`."""
        return replace(self, loadings=self.loadings.rotated(rotation))

    def run(self, one: slice) -> BlockState:
        """State of one run."""
        return BlockState(self.loadings.run(one), tuple(part[one] for part in self.noise), self.evidence[one])


class FeatureBlock(Protocol):
    """Features of one view with data of one kind: `rows` (n,) of the patients and `columns` (p,) of the view."""

    @property
    def rows(self) -> Tensor:
        """(n,) patients who have the view."""
        ...

    @property
    def columns(self) -> Tensor:
        """(p,) features of the view."""
        ...

    def keep(self, kept: Tensor) -> FeatureBlock:
        """Block of the patients where `kept` (n,) is True."""
        ...

    def initial_values(self) -> tuple[Tensor, Tensor]:
        """Values (n, p) centred on 0 for the initial factors, and weights (p,)."""
        ...

    def initial_noise(self, runs: int) -> Noise:
        """Noise before the first update."""
        ...

    def update(self, moments: FactorMoments, noise: Noise, sd: Tensor) -> BlockState:
        """Posterior of loadings and noise given the factors; `sd` (R, K) is the prior of the loadings."""
        ...

    def natural_parameters(self, state: BlockState) -> tuple[Tensor, Tensor]:
        """Precision (R, 1 or n, K, K) and linear term (R, n, K) that the block adds to its patients' factors."""
        ...

    def precision(self, state: BlockState) -> Tensor:
        """(R, p) mean precision of a value on the scale of the predictor."""
        ...


@dataclass(frozen=True)
class CompleteBlock:
    """Gaussian features measured on every patient who has the view; `values` (n, p)."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    squares: Tensor

    def keep(self, kept: Tensor) -> CompleteBlock:
        """Block of the patients where `kept` is True."""
        values = self.values[kept]
        return CompleteBlock(self.rows[kept], self.columns, values, values.square().sum(dim=0))

    def initial_values(self) -> tuple[Tensor, Tensor]:
        """Values, weighted by the inverse of their variances."""
        return self.values, len(self.rows) / self.squares.clamp_min(1e-12)

    def initial_noise(self, runs: int) -> Noise:
        """All variance is noise."""
        return (gamma_evidence(len(self.rows), self.squares)[0].expand(runs, -1),)

    def update(self, moments: FactorMoments, noise: Noise, sd: Tensor) -> BlockState:
        """Posterior of loadings and noise; the only costs of n p K are one product here and one for the factors."""
        cross = torch.einsum("np,rnk->rpk", self.values, moments.mean)
        loadings, expected_error = solve_shared(moments.total, cross, noise[0], sd)
        rate = noise_rate(self.squares)
        tau, evidence = gamma_evidence(len(self.rows), self.squares + expected_error, rate)
        constant = 0.5 * math.log(2 * math.pi) * self.values.numel()
        return BlockState(loadings, (tau,), evidence.sum(dim=-1) - constant + loadings.entropy)

    def natural_parameters(self, state: BlockState) -> tuple[Tensor, Tensor]:
        """One precision matrix for all patients, and a linear term for each."""
        (tau,) = state.noise
        linear = torch.einsum("np,rpk->rnk", self.values, state.loadings.mean * tau[..., None])
        return state.loadings.total(tau)[:, None], linear

    def precision(self, state: BlockState) -> Tensor:
        """Tau."""
        return state.noise[0]


@dataclass(frozen=True)
class IncompleteBlock:
    """Gaussian features with missing values: `seen` (n, p) is 0 or 1, and `values` are 0 where it is 0."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    seen: Tensor
    squares: Tensor

    def keep(self, kept: Tensor) -> IncompleteBlock:
        """Block of the patients where `kept` is True."""
        values = self.values[kept]
        return IncompleteBlock(
            self.rows[kept], self.columns, values, self.seen[kept], values.square().sum(dim=0)
        )

    def initial_values(self) -> tuple[Tensor, Tensor]:
        """Values, weighted by the inverse of their variances."""
        return self.values, self.seen.sum(dim=0) / self.squares.clamp_min(1e-12)

    def initial_noise(self, runs: int) -> Noise:
        """All variance is noise."""
        return (gamma_evidence(self.seen.sum(dim=0), self.squares)[0].expand(runs, -1),)

    def update(self, moments: FactorMoments, noise: Noise, sd: Tensor) -> BlockState:
        """Posterior of loadings and noise; each feature uses the moments of the patients who have it."""
        (tau,) = noise
        cross = torch.einsum("np,rnk->rpk", self.values, moments.mean)
        moment = _square(torch.einsum("np,rnk->rpk", self.seen, moments.second()))
        loadings = solve_each(moment * tau[..., None, None], cross * tau[..., None], sd)
        expected_error = (moment * loadings.second()).sum(dim=(-2, -1)) - 2 * (loadings.mean * cross).sum(
            dim=-1
        )
        count = self.seen.sum(dim=0)
        tau, evidence = gamma_evidence(count, self.squares + expected_error, noise_rate(self.squares))
        constant = 0.5 * math.log(2 * math.pi) * count.sum(dtype=torch.float64)
        return BlockState(loadings, (tau,), evidence.sum(dim=-1) - constant + loadings.entropy)

    def natural_parameters(self, state: BlockState) -> tuple[Tensor, Tensor]:
        """Precision matrix and linear term of each patient."""
        (tau,) = state.noise
        linear = torch.einsum("np,rpk->rnk", self.values, state.loadings.mean * tau[..., None])
        weighted = (state.loadings.second() * tau[..., None, None]).flatten(start_dim=2)
        return _square(torch.einsum("np,rpk->rnk", self.seen, weighted)), linear

    def precision(self, state: BlockState) -> Tensor:
        """Tau."""
        return state.noise[0]


@dataclass(frozen=True)
class BoundedBlock:
    """Features with a likelihood that is bounded for each value; missing values have weight 0 (`seen` is 0)."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    seen: Tensor
    likelihood: BoundedLikelihood

    def keep(self, kept: Tensor) -> BoundedBlock:
        """Block of the patients where `kept` is True."""
        return replace(self, rows=self.rows[kept], values=self.values[kept], seen=self.seen[kept])

    def initial_values(self) -> tuple[Tensor, Tensor]:
        """Values on an about linear scale, weighted by the inverse of their variances."""
        x, count = self.likelihood.linear_scale(self.values) * self.seen, self.seen.sum(dim=0).clamp_min(1)
        x = (x - x.sum(dim=0) / count) * self.seen
        return x, count / x.square().sum(dim=0).clamp_min(1e-12)

    def initial_noise(self, runs: int) -> Noise:
        """Bound at the predictor 0."""
        zero = torch.zeros_like(self.values)
        return tuple((self.seen * part).expand(runs, -1, -1) for part in self._gaussian(zero, zero))

    def update(self, moments: FactorMoments, noise: Noise, sd: Tensor) -> BlockState:
        """Posterior of the loadings given the bound, then the tightest bound given the loadings."""
        weight, linear = noise
        second = moments.second()
        loadings = solve_each(_square(weight.mT @ second), linear.mT @ moments.mean, sd)
        mean = moments.mean @ loadings.mean.mT
        square = second @ loadings.second().flatten(start_dim=2).mT
        evidence = self.seen * self.likelihood.evidence(self.values, mean, square)
        bound = tuple(self.seen * part for part in self._gaussian(mean, square))
        return BlockState(loadings, bound, evidence.sum(dim=(-2, -1), dtype=torch.float64) + loadings.entropy)

    def natural_parameters(self, state: BlockState) -> tuple[Tensor, Tensor]:
        """Precision matrix and linear term of each patient."""
        weight, linear = state.noise
        return _square(weight @ state.loadings.second().flatten(start_dim=2)), linear @ state.loadings.mean

    def precision(self, state: BlockState) -> Tensor:
        """Mean curvature of the bound."""
        return state.noise[0].sum(dim=-2) / self.seen.sum(dim=0).clamp_min(1)

    def _gaussian(self, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        return self.likelihood.gaussian(self.values, mean, second)


def _square(flat: Tensor) -> Tensor:
    k = math.isqrt(flat.shape[-1])
    return flat.reshape(*flat.shape[:-1], k, k)
