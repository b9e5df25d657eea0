"""Coordinate ascent of the evidence bound over many runs at once: loadings and noise, then factors, again and again.

Shapes: R runs, n patients, V views, K factors of which the first is the constant 1. Runs differ by their start and by
which factors they may use; no run feels another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.factors.gfa.blocks import Block, Moments, Noise, State
from models.factors.gfa.data import Data
from models.factors.gfa.loadings_posterior import gamma_evidence
from models.factors.gfa.rotation import best_turn
from omics.common.errors import FitError

__all__ = ["Fit", "Scores", "ascend", "resume"]

INTERCEPT = 1e-2
"""Prior precision of intercepts: values are centred or on the scale of a logit."""

TURNS = (3, 6, 11, 19)
"""Sweeps before which factors are turned."""

PRUNE_EVERY = 8
WEAK = (0.5, 0.2)
"""Factors may leave a view where data moved their loadings by less than this share of their prior variance."""

SWEEPS = 1000
TOLERANCE = 1e-6
PATIENT = 1e4
"""Nats of evidence that a patient counts for at least, so that few features ask for no finer steps than many do.

On 10% hidden entries of tcga_acc, 92 patients, the rmse is .828 with it and .835 without, in a third of the time."""


@dataclass(frozen=True)
class Scores:
    """Posterior of the factors: `mean` (R, n, K), `covariance` (R, G, K, K), `divergence` (R,) from the prior."""

    mean: Tensor
    covariance: Tensor
    divergence: Tensor


@dataclass(frozen=True)
class Fit:
    """Where a fit stands.

    Attributes
    ----------
    states
        State of each block of each view.
    sd
        (R, V, K) prior sd of loadings; 0 where a factor is off.
    scores
        Posterior of the factors that the states were made from.
    evidence
        (sweeps, R) bound after each sweep.
    """

    states: Sequence[Sequence[State]]
    sd: Tensor
    scores: Scores
    evidence: Tensor

    def run(self, number: int) -> Fit:
        """One run alone."""
        one = slice(number, number + 1)
        scores = Scores(self.scores.mean[one], self.scores.covariance[one], self.scores.divergence[one])
        states = [[state.run(one) for state in view] for view in self.states]
        return Fit(states, self.sd[one], scores, self.evidence[:, one])


def ascend(
    data: Data, start: Tensor, allowed: Tensor, tolerance: float = TOLERANCE, sweeps: int = SWEEPS
) -> Fit:
    """Fit every run until the evidence of none rises by more than `tolerance` of itself or of ``PATIENT n`` in a sweep.

    Parameters
    ----------
    data
        Of n patients.
    start
        (R, n, K) first guess of the factors, the constant 1 first.
    allowed
        (R, K) bool: which factors a run may use.
    tolerance, sweeps
        When to stop.

    Raises
    ------
    FitError
        If the evidence is no number.
    """
    sd = allowed.to(start.dtype)[:, None, :].repeat(1, len(data.views), 1)
    sd[..., 0] = INTERCEPT**-0.5
    try:
        return _ascend(data, start, sd, tolerance, sweeps)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise FitError(
            f"the fit diverged ({error}); look for values far from the scale of the others"
        ) from None


def _ascend(data: Data, start: Tensor, sd: Tensor, tolerance: float, sweeps: int) -> Fit:
    scores, noise = _begin(data, start)
    states: list[list[State]] = []
    trace: list[Tensor] = []
    settled = False
    for sweep in range(sweeps):
        if sweep:
            noise = [[state.noise for state in view] for view in states]
            if sweep in TURNS:
                states, sd = _turned(data, scores, states, sd)
            scores = _update_scores(data, states, scores)
        if sweep > TURNS[-1] and sweep % PRUNE_EVERY == 0:
            pruned = _pruned(data, scores, noise, sd)
            settled = bool((pruned == sd).all())
            sd = pruned
        states, sd, evidence = _update_views(data, scores, noise, sd)
        if not bool(torch.isfinite(evidence).all()):
            raise FitError(
                f"the fit diverged in sweep {sweep + 1}; look for values far from the scale of the others"
            )
        trace.append(evidence - scores.divergence)
        size = trace[-1].abs().clamp_min(PATIENT * start.shape[1])
        if settled and bool(((trace[-1] - trace[-2]).abs() <= tolerance * size).all()):
            break
    # The first sweep knows no posterior of the factors yet, so that it has no bound.
    return Fit(states, sd, scores, torch.stack(trace[1:]))


def resume(data: Data, fit: Fit, sweeps: int) -> Fit:
    """Go on from a fit with other data of as many patients: a few sweeps, no factor turned or pruned."""
    scores, noise = _begin(data, fit.scores.mean)
    states, sd, evidence = _update_views(data, scores, noise, fit.sd)
    for _ in range(sweeps - 1):
        scores = _update_scores(data, states, scores)
        noise = [[state.noise for state in view] for view in states]
        states, sd, evidence = _update_views(data, scores, noise, sd)
    return Fit(states, sd, scores, (evidence - scores.divergence)[None])


def _begin(data: Data, start: Tensor) -> tuple[Scores, list[list[Noise]]]:
    runs, _, count = start.shape
    scores = Scores(
        start,
        start.new_zeros(runs, int(data.group.max()) + 1, count, count),
        torch.full((runs,), torch.inf, dtype=torch.float64, device=start.device),
    )
    return scores, [[block.begin(runs) for block in blocks] for blocks in data.views]


def _moments(data: Data, scores: Scores, view: int) -> Moments:
    """All blocks of a view have the same patients."""
    rows = data.views[view][0].rows
    group = data.group[rows]
    mean = scores.mean[:, rows]
    return Moments(mean, scores.covariance, group, _total(mean, scores.covariance, group))


def _total(mean: Tensor, covariance: Tensor, group: Tensor) -> Tensor:
    sizes = torch.bincount(group, minlength=covariance.shape[1]).to(mean.dtype)
    return mean.mT @ mean + torch.einsum("g,rgij->rij", sizes, covariance)


def _update_views(
    data: Data, scores: Scores, noise: Sequence[Sequence[Noise]], sd: Tensor
) -> tuple[list[list[State]], Tensor, Tensor]:
    states, priors, total = [], [], torch.zeros(sd.shape[0], dtype=torch.float64, device=sd.device)
    for view, blocks in enumerate(data.views):
        state, prior, evidence = _update_view(blocks, _moments(data, scores, view), noise[view], sd[:, view])
        states.append(state)
        priors.append(prior)
        total = total + evidence
    return states, torch.stack(priors, dim=1), total


def _update_view(
    blocks: Sequence[Block], moments: Moments, noise: Sequence[Noise], sd: Tensor
) -> tuple[list[State], Tensor, Tensor]:
    """Find loadings and noise of the blocks, then the prior that the blocks share, and the evidence of the view."""
    states = [block.update(moments, old, sd) for block, old in zip(blocks, noise, strict=True)]
    size = sum(len(block.columns) for block in blocks)
    squares = _squares(states)
    on = sd > 0
    precision, gained = gamma_evidence(size, squares)
    of_factors = torch.where(on, gained, 0.0)[:, 1:].sum(dim=-1)
    of_intercepts = 0.5 * (size * math.log(INTERCEPT) - INTERCEPT * squares[:, 0].double())
    evidence = of_factors + of_intercepts + 0.5 * size * on.sum(dim=-1)
    return states, _prior(precision, on), evidence + torch.stack([s.evidence for s in states]).sum(dim=0)


def _second(states: Sequence[State]) -> Tensor:
    """(R, K, K) sum of E[w w'] over the features of a view."""
    parts = [state.loadings.total(torch.ones_like(state.loadings.mean[..., 0])) for state in states]
    return torch.stack(parts).sum(dim=0)


def _squares(states: Sequence[State]) -> Tensor:
    """(R, K) sum of E[w^2] over the features of a view."""
    return torch.stack([state.loadings.squares() for state in states]).sum(dim=0)


def _prior(precision: Tensor, on: Tensor) -> Tensor:
    sd = torch.where(on, precision.rsqrt(), 0.0)
    sd[:, 0] = INTERCEPT**-0.5
    return sd


def _pruned(data: Data, scores: Scores, noise: Sequence[Sequence[Noise]], sd: Tensor) -> Tensor:
    """Switch weak factors of a view off where the evidence does not fall by it."""
    sd = sd.clone()
    for view, blocks in enumerate(data.views):
        moments, size = _moments(data, scores, view), data.sizes[view]
        states, _, before = _update_view(blocks, moments, noise[view], sd[:, view])
        for weak in WEAK:
            moved = torch.stack([state.loadings.mean.square().sum(dim=1) for state in states]).sum(dim=0)
            keep = moved >= weak * size * sd[:, view].square()
            keep[:, 0] = True
            without = torch.where(keep, sd[:, view], 0.0)
            if bool((without == sd[:, view]).all()):
                continue
            after = _update_view(blocks, moments, noise[view], without)[2]
            sd[:, view] = torch.where((after >= before)[:, None], without, sd[:, view])
            states, _, before = _update_view(blocks, moments, noise[view], sd[:, view])
    return sd


def _turned(
    data: Data, scores: Scores, states: Sequence[Sequence[State]], sd: Tensor
) -> tuple[list[list[State]], Tensor]:
    """Turn the factors of each run to the highest evidence, its loadings and their prior with them."""
    sizes = data.sizes
    factors = _total(scores.mean, scores.covariance, data.group).double().cpu().numpy()
    loadings = torch.stack([_second(view) for view in states], dim=1).double().cpu().numpy()
    turns = torch.eye(sd.shape[-1], dtype=torch.float64).repeat(len(sd), 1, 1)
    for run, on in enumerate((sd > 0).any(dim=1).cpu().numpy()):
        used = np.ix_(on, on)
        seconds = [view[used] for view in loadings[run]]
        best = best_turn(factors[run][used], seconds, sizes, scores.mean.shape[1], INTERCEPT)
        turns[run][used] = torch.from_numpy(best)
    turn = turns.to(sd)
    turned = [[state.turned(turn) for state in view] for view in states]
    priors = [
        _prior(gamma_evidence(size, _squares(view))[0], sd[:, v] > 0)
        for v, (size, view) in enumerate(zip(sizes, turned, strict=True))
    ]
    return turned, torch.stack(priors, dim=1)


def _update_scores(data: Data, states: Sequence[Sequence[State]], scores: Scores) -> Scores:
    """Posterior of every patient's factors given the loadings."""
    precision, linear = torch.zeros_like(scores.covariance), torch.zeros_like(scores.mean)
    for blocks, view, groups in zip(data.views, states, data.groups, strict=True):
        for block, state in zip(blocks, view, strict=True):
            of_block, pull = block.pull(state)
            precision[:, groups] += of_block
            linear[:, block.rows] += pull
    factors = precision[..., 1:, 1:]
    eye = torch.eye(factors.shape[-1], dtype=factors.dtype, device=factors.device)
    root = torch.linalg.cholesky(factors + eye)
    covariance = torch.zeros_like(precision)
    covariance[..., 1:, 1:] = torch.cholesky_inverse(root)
    # The intercept is the loading of the constant: what it explains is taken from the pull.
    pull = linear - precision[:, data.group, 0]
    mean = (covariance[:, data.group] @ pull[..., None])[..., 0]
    sizes = torch.bincount(data.group, minlength=covariance.shape[1]).to(mean.dtype)
    spread = covariance.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
    volume = 2 * root.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
    divergence = (sizes * (spread + volume)).sum(dim=-1) + mean.square().sum(dim=(1, 2))
    divergence = 0.5 * (divergence.double() - mean.shape[1] * eye.shape[0])
    mean[..., 0] = 1
    return Scores(mean, covariance, divergence)
