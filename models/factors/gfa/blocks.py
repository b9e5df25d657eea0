"""Blocks of features of one view: what each kind of data says of its loadings, and how it pulls at the factors.

Shapes: R runs, n patients who have the view, p features, K factors of which the first is the constant 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from models.factors.gfa.loadings_posterior import (
    Loadings,
    gamma_evidence,
    noise_rate,
    solve_each,
    solve_shared,
)
from models.factors.likelihoods import BoundedLikelihood

__all__ = ["Block", "Bounded", "Complete", "Holed", "Moments", "State"]

Noise = tuple[Tensor, ...]


@dataclass(frozen=True)
class Moments:
    """Factors of the patients of a block.

    Attributes
    ----------
    mean
        (R, n, K).
    covariance, group
        (R, G, K, K), and which of them is whose, (n,).
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
class State:
    """Posterior of a block's loadings, the noise that goes with it, and what both add to the evidence (R,)."""

    loadings: Loadings
    noise: Noise
    evidence: Tensor

    def turned(self, turn: Tensor) -> State:
        """State of factors that were mapped by the inverse of `turn`."""
        return replace(self, loadings=self.loadings.turned(turn))

    def run(self, one: slice) -> State:
        """One run alone."""
        return State(self.loadings.run(one), tuple(part[one] for part in self.noise), self.evidence[one])


class Block(Protocol):
    """Features of one view with data of one kind: `rows` (n,) of the patients and `columns` (p,) of the view."""

    @property
    def rows(self) -> Tensor:
        """(n,) patients who have the view."""
        ...

    @property
    def columns(self) -> Tensor:
        """(p,) features of the view."""
        ...

    def keep(self, kept: Tensor) -> Block:
        """Keep the patients that are `kept` (n,)."""
        ...

    def start(self) -> tuple[Tensor, Tensor]:
        """Values (n, p) centred on 0 from which a first guess of the factors may be taken, and weights (p,)."""
        ...

    def begin(self, runs: int) -> Noise:
        """Noise before anything is known."""
        ...

    def update(self, moments: Moments, noise: Noise, sd: Tensor) -> State:
        """Posterior of loadings and noise given the factors; `sd` (R, K) is the prior of the loadings."""
        ...

    def pull(self, state: State) -> tuple[Tensor, Tensor]:
        """Precision (R, 1 or n, K, K) and linear term (R, n, K) that the block adds to its patients' factors."""
        ...

    def precision(self, state: State) -> Tensor:
        """(R, p) mean precision of a value on the scale of the predictor."""
        ...


@dataclass(frozen=True)
class Complete:
    """Gaussian features measured on every patient who has the view; `values` (n, p)."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    squares: Tensor

    def keep(self, kept: Tensor) -> Complete:
        """Keep some patients."""
        values = self.values[kept]
        return Complete(self.rows[kept], self.columns, values, values.square().sum(dim=0))

    def start(self) -> tuple[Tensor, Tensor]:
        """Values by the inverse of their variances."""
        return self.values, len(self.rows) / self.squares.clamp_min(1e-12)

    def begin(self, runs: int) -> Noise:
        """All variance is noise."""
        return (gamma_evidence(len(self.rows), self.squares)[0].expand(runs, -1),)

    def update(self, moments: Moments, noise: Noise, sd: Tensor) -> State:
        """One product with the values here, one in `pull`: all in a sweep that costs n p K."""
        cross = torch.einsum("np,rnk->rpk", self.values, moments.mean)
        loadings, reconstruction_error = solve_shared(moments.total, cross, noise[0], sd)
        rate = noise_rate(self.squares)
        tau, evidence = gamma_evidence(len(self.rows), self.squares + reconstruction_error, rate)
        constant = 0.5 * math.log(2 * math.pi) * self.values.numel()
        return State(loadings, (tau,), evidence.sum(dim=-1) - constant + loadings.entropy)

    def pull(self, state: State) -> tuple[Tensor, Tensor]:
        """One precision matrix for all patients."""
        (tau,) = state.noise
        linear = torch.einsum("np,rpk->rnk", self.values, state.loadings.mean * tau[..., None])
        return state.loadings.total(tau)[:, None], linear

    def precision(self, state: State) -> Tensor:
        """Tau."""
        return state.noise[0]


@dataclass(frozen=True)
class Holed:
    """Gaussian features that lack some patients of the view: `seen` (n, p) is 0 or 1, `values` 0 where it is 0."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    seen: Tensor
    squares: Tensor

    def keep(self, kept: Tensor) -> Holed:
        """Keep some patients."""
        values = self.values[kept]
        return Holed(self.rows[kept], self.columns, values, self.seen[kept], values.square().sum(dim=0))

    def start(self) -> tuple[Tensor, Tensor]:
        """Values by the inverse of their variances."""
        return self.values, self.seen.sum(dim=0) / self.squares.clamp_min(1e-12)

    def begin(self, runs: int) -> Noise:
        """All variance is noise."""
        return (gamma_evidence(self.seen.sum(dim=0), self.squares)[0].expand(runs, -1),)

    def update(self, moments: Moments, noise: Noise, sd: Tensor) -> State:
        """Each feature knows the factors of its own patients."""
        (tau,) = noise
        cross = torch.einsum("np,rnk->rpk", self.values, moments.mean)
        moment = _square(torch.einsum("np,rnk->rpk", self.seen, moments.second()))
        loadings = solve_each(moment * tau[..., None, None], cross * tau[..., None], sd)
        reconstruction_error = (moment * loadings.second()).sum(dim=(-2, -1)) - 2 * (
            loadings.mean * cross
        ).sum(dim=-1)
        count = self.seen.sum(dim=0)
        tau, evidence = gamma_evidence(count, self.squares + reconstruction_error, noise_rate(self.squares))
        constant = 0.5 * math.log(2 * math.pi) * count.sum(dtype=torch.float64)
        return State(loadings, (tau,), evidence.sum(dim=-1) - constant + loadings.entropy)

    def pull(self, state: State) -> tuple[Tensor, Tensor]:
        """Each patient has a precision matrix of his own."""
        (tau,) = state.noise
        linear = torch.einsum("np,rpk->rnk", self.values, state.loadings.mean * tau[..., None])
        weighted = (state.loadings.second() * tau[..., None, None]).flatten(start_dim=2)
        return _square(torch.einsum("np,rpk->rnk", self.seen, weighted)), linear

    def precision(self, state: State) -> Tensor:
        """Tau."""
        return state.noise[0]


@dataclass(frozen=True)
class Bounded:
    """Features of a likelihood that is bounded value by value; holes have weight 0 (`seen` is 0)."""

    rows: Tensor
    columns: Tensor
    values: Tensor
    seen: Tensor
    likelihood: BoundedLikelihood

    def keep(self, kept: Tensor) -> Bounded:
        """Keep some patients."""
        return replace(self, rows=self.rows[kept], values=self.values[kept], seen=self.seen[kept])

    def start(self) -> tuple[Tensor, Tensor]:
        """Values on a linear scale by the inverse of their variances."""
        x, count = self.likelihood.start(self.values) * self.seen, self.seen.sum(dim=0).clamp_min(1)
        x = (x - x.sum(dim=0) / count) * self.seen
        return x, count / x.square().sum(dim=0).clamp_min(1e-12)

    def begin(self, runs: int) -> Noise:
        """Touch at the predictor 0."""
        zero = torch.zeros_like(self.values)
        return tuple((self.seen * part).expand(runs, -1, -1) for part in self._gaussian(zero, zero))

    def update(self, moments: Moments, noise: Noise, sd: Tensor) -> State:
        """Find loadings given the bound, then the best bound given the loadings."""
        weight, linear = noise
        second = moments.second()
        loadings = solve_each(_square(weight.mT @ second), linear.mT @ moments.mean, sd)
        mean = moments.mean @ loadings.mean.mT
        square = second @ loadings.second().flatten(start_dim=2).mT
        evidence = self.seen * self.likelihood.evidence(self.values, mean, square)
        bound = tuple(self.seen * part for part in self._gaussian(mean, square))
        return State(loadings, bound, evidence.sum(dim=(-2, -1), dtype=torch.float64) + loadings.entropy)

    def pull(self, state: State) -> tuple[Tensor, Tensor]:
        """Each patient has a precision matrix of his own."""
        weight, linear = state.noise
        return _square(weight @ state.loadings.second().flatten(start_dim=2)), linear @ state.loadings.mean

    def precision(self, state: State) -> Tensor:
        """Mean curvature of the bound."""
        return state.noise[0].sum(dim=-2) / self.seen.sum(dim=0).clamp_min(1)

    def _gaussian(self, mean: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        return self.likelihood.gaussian(self.values, mean, second)


def _square(flat: Tensor) -> Tensor:
    k = math.isqrt(flat.shape[-1])
    return flat.reshape(*flat.shape[:-1], k, k)
