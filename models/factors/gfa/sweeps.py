"""Coordinate ascent of the evidence bound, for many runs at once; one sweep updates loadings and noise, then factors.

Shapes: R runs, n patients, V views, K factors of which the first is the constant 1. Runs differ in their initial
factors and in the factors that they may use; they are independent of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.factors.gfa.blocks import BlockState, Noise
from models.factors.gfa.data import GfaData
from models.factors.gfa.loadings_posterior import gamma_evidence
from models.factors.gfa.rotation import best_rotation
from models.factors.gfa.updates import (
    INTERCEPT,
    FactorScores,
    initial_state,
    prior_sd,
    sum_of_squares,
    total_moment,
    update_scores,
    update_view,
    update_views,
    view_moments,
)
from omics.common.errors import FitError

__all__ = ["GfaFit", "continue_fit", "fit_runs"]


ROTATION_SWEEPS = (3, 6, 11, 19)
"""Sweeps before which factors are rotated."""

PRUNE_EVERY = 8
WEAK = (0.5, 0.2)
"""A factor may be switched off in a view where the posterior means of its loadings have less than this proportion of
their prior variance."""

SWEEPS = 1000
TOLERANCE = 1e-6
NATS_PER_PATIENT = 1e4
"""Smallest evidence per patient in the stopping rule, in nats. Without it, small cohorts need more sweeps than others.

For 10% held-out values of tcga_acc (92 patients) the root mean squared error is .828 with this rule and .835 without,
in a third of the time."""


@dataclass(frozen=True)
class GfaFit:
    """Current state of a fit.

    Attributes
    ----------
    states
        BlockState of each block of each view.
    sd
        (R, V, K) prior sd of loadings; 0 where a factor is switched off.
    scores
        Posterior of the factors from which the states were computed.
    evidence
        (sweeps, R) bound after each sweep.
    """

    states: Sequence[Sequence[BlockState]]
    sd: Tensor
    scores: FactorScores
    evidence: Tensor

    def run(self, number: int) -> GfaFit:
        """Fit of one run."""
        one = slice(number, number + 1)
        scores = FactorScores(self.scores.mean[one], self.scores.covariance[one], self.scores.divergence[one])
        states = [[state.run(one) for state in view] for view in self.states]
        return GfaFit(states, self.sd[one], scores, self.evidence[:, one])


def fit_runs(
    data: GfaData, factors: Tensor, allowed: Tensor, tolerance: float = TOLERANCE, sweeps: int = SWEEPS
) -> GfaFit:
    """Fit all runs, until the evidence of each run converges.

    Parameters
    ----------
    data
        Of n patients.
    factors
        (R, n, K) initial factors, the constant 1 first.
    allowed
        (R, K) bool: the factors that a run may use.
    tolerance
        Largest increase of the evidence in the last sweep, relative to the evidence or to ``NATS_PER_PATIENT n``,
        whichever is larger.
    sweeps
        Largest number of sweeps.

    Returns
    -------
    GfaFit
        All runs.

    Raises
    ------
    FitError
        If the evidence is not finite.
    """
    sd = allowed.to(factors.dtype)[:, None, :].repeat(1, len(data.views), 1)
    sd[..., 0] = INTERCEPT**-0.5
    try:
        return _sweep(data, factors, sd, tolerance, sweeps)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]  # torch exports it without a stub
        raise FitError(
            f"the fit diverged ({error}); look for values far from the scale of the others"
        ) from None


def _sweep(data: GfaData, factors: Tensor, sd: Tensor, tolerance: float, sweeps: int) -> GfaFit:
    scores, noise = initial_state(data, factors)
    states: list[list[BlockState]] = []
    trace: list[Tensor] = []
    settled = False
    for sweep in range(sweeps):
        if sweep:
            noise = [[state.noise for state in view] for view in states]
            if sweep in ROTATION_SWEEPS:
                states, sd = _rotate_factors(data, scores, states, sd)
            scores = update_scores(data, states, scores)
        if sweep > ROTATION_SWEEPS[-1] and sweep % PRUNE_EVERY == 0:
            pruned = _prune(data, scores, noise, sd)
            settled = bool((pruned == sd).all())
            sd = pruned
        states, sd, evidence = update_views(data, scores, noise, sd)
        if not bool(torch.isfinite(evidence).all()):
            raise FitError(
                f"the fit diverged in sweep {sweep + 1}; look for values far from the scale of the others"
            )
        trace.append(evidence - scores.divergence)
        size = trace[-1].abs().clamp_min(NATS_PER_PATIENT * factors.shape[1])
        if settled and bool(((trace[-1] - trace[-2]).abs() <= tolerance * size).all()):
            break
    # In the first sweep there is no posterior of the factors yet, and therefore no bound.
    return GfaFit(states, sd, scores, torch.stack(trace[1:]))


def continue_fit(data: GfaData, fit: GfaFit, sweeps: int) -> GfaFit:
    """Continue a fit with other data of the same number of patients, without rotation or pruning of factors.

    Parameters
    ----------
    data
        The other data.
    fit
        Where to start.
    sweeps
        Number of sweeps.

    Returns
    -------
    GfaFit
        The fit to `data`.
    """
    scores, noise = initial_state(data, fit.scores.mean)
    states, sd, evidence = update_views(data, scores, noise, fit.sd)
    for _ in range(sweeps - 1):
        scores = update_scores(data, states, scores)
        noise = [[state.noise for state in view] for view in states]
        states, sd, evidence = update_views(data, scores, noise, sd)
    return GfaFit(states, sd, scores, (evidence - scores.divergence)[None])


def _second(states: Sequence[BlockState]) -> Tensor:
    """(R, K, K) sum of E[w w'] over the features of a view."""
    parts = [state.loadings.total(torch.ones_like(state.loadings.mean[..., 0])) for state in states]
    return torch.stack(parts).sum(dim=0)


def _prune(data: GfaData, scores: FactorScores, noise: Sequence[Sequence[Noise]], sd: Tensor) -> Tensor:
    """Switch off weak factors of a view if the evidence does not decrease."""
    sd = sd.clone()
    for view, blocks in enumerate(data.views):
        moments, size = view_moments(data, scores, view), data.sizes[view]
        states, _, before = update_view(blocks, moments, noise[view], sd[:, view])
        for weak in WEAK:
            squares = torch.stack([state.loadings.mean.square().sum(dim=1) for state in states]).sum(dim=0)
            keep = squares >= weak * size * sd[:, view].square()
            keep[:, 0] = True
            without = torch.where(keep, sd[:, view], 0.0)
            if bool((without == sd[:, view]).all()):
                continue
            after = update_view(blocks, moments, noise[view], without)[2]
            sd[:, view] = torch.where((after >= before)[:, None], without, sd[:, view])
            states, _, before = update_view(blocks, moments, noise[view], sd[:, view])
    return sd


def _rotate_factors(
    data: GfaData, scores: FactorScores, states: Sequence[Sequence[BlockState]], sd: Tensor
) -> tuple[list[list[BlockState]], Tensor]:
    """Rotate the factors of each run to the highest evidence, with the loadings and their prior."""
    sizes = data.sizes
    factors = total_moment(scores.mean, scores.covariance, data.group).double().cpu().numpy()
    loadings = torch.stack([_second(view) for view in states], dim=1).double().cpu().numpy()
    rotations = torch.eye(sd.shape[-1], dtype=torch.float64).repeat(len(sd), 1, 1)
    for run, active in enumerate((sd > 0).any(dim=1).cpu().numpy()):
        used = np.ix_(active, active)
        seconds = [view[used] for view in loadings[run]]
        best = best_rotation(factors[run][used], seconds, sizes, scores.mean.shape[1], INTERCEPT)
        rotations[run][used] = torch.from_numpy(best)
    rotation = rotations.to(sd)
    rotated = [[state.rotated(rotation) for state in view] for view in states]
    priors = [
        prior_sd(gamma_evidence(size, sum_of_squares(view))[0], sd[:, v] > 0)
        for v, (size, view) in enumerate(zip(sizes, rotated, strict=True))
    ]
    return rotated, torch.stack(priors, dim=1)
