"""Updates of one sweep: loadings, noise and prior of each view, and the posterior of the factors.

Shapes: R runs, n patients, V views, G groups of patients, K factors of which the first is the constant 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from models.factors.gfa.blocks import BlockState, FactorMoments, FeatureBlock, Noise
from models.factors.gfa.data import GfaData
from models.factors.gfa.loadings_posterior import gamma_evidence

__all__ = [
    "INTERCEPT",
    "FactorScores",
    "initial_state",
    "prior_sd",
    "sum_of_squares",
    "total_moment",
    "update_scores",
    "update_view",
    "update_views",
    "view_moments",
]

INTERCEPT = 1e-2
"""Prior precision of intercepts; values are centred or on the scale of a logit."""


@dataclass(frozen=True)
class FactorScores:
    """Posterior of the factors: `mean` (R, n, K), `covariance` (R, G, K, K), `divergence` (R,) from the prior."""

    mean: Tensor
    covariance: Tensor
    divergence: Tensor


def initial_state(data: GfaData, factors: Tensor) -> tuple[FactorScores, list[list[Noise]]]:
    """State before the first sweep.

    Parameters
    ----------
    data
        Of n patients.
    factors
        (R, n, K) initial factors.

    Returns
    -------
    FactorScores
        The initial factors, without uncertainty.
    list
        Initial noise of each block of each view.
    """
    runs, _, count = factors.shape
    scores = FactorScores(
        factors,
        factors.new_zeros(runs, int(data.group.max()) + 1, count, count),
        torch.full((runs,), torch.inf, dtype=torch.float64, device=factors.device),
    )
    return scores, [[block.initial_noise(runs) for block in blocks] for blocks in data.views]


def view_moments(data: GfaData, scores: FactorScores, view: int) -> FactorMoments:
    """Moments of the factors of one view; all its blocks have the same patients.

    Parameters
    ----------
    data
        Of n patients.
    scores
        Posterior of the factors.
    view
        Number of the view.

    Returns
    -------
    FactorMoments
        Of the patients who have the view.
    """
    rows = data.views[view][0].rows
    group = data.group[rows]
    mean = scores.mean[:, rows]
    return FactorMoments(mean, scores.covariance, group, total_moment(mean, scores.covariance, group))


def total_moment(mean: Tensor, covariance: Tensor, group: Tensor) -> Tensor:
    """Sum of E[z z'] over patients.

    Parameters
    ----------
    mean
        (R, n, K) posterior means.
    covariance
        (R, G, K, K) posterior covariances of each group of patients.
    group
        (n,) group of each patient.

    Returns
    -------
    Tensor
        (R, K, K).
    """
    sizes = torch.bincount(group, minlength=covariance.shape[1]).to(mean.dtype)
    return mean.mT @ mean + torch.einsum("g,rgij->rij", sizes, covariance)


def update_views(
    data: GfaData, scores: FactorScores, noise: Sequence[Sequence[Noise]], sd: Tensor
) -> tuple[list[list[BlockState]], Tensor, Tensor]:
    """Update the loadings, noise and prior of all views.

    Parameters
    ----------
    data
        Of n patients.
    scores
        Posterior of the factors.
    noise
        Noise of each block of each view.
    sd
        (R, V, K) prior sd of the loadings.

    Returns
    -------
    states
        State of each block of each view.
    sd
        (R, V, K) updated prior sd.
    evidence
        (R,) evidence of all views.
    """
    states, priors, total = [], [], torch.zeros(sd.shape[0], dtype=torch.float64, device=sd.device)
    for view, blocks in enumerate(data.views):
        state, prior, evidence = update_view(
            blocks, view_moments(data, scores, view), noise[view], sd[:, view]
        )
        states.append(state)
        priors.append(prior)
        total = total + evidence
    return states, torch.stack(priors, dim=1), total


def update_view(
    blocks: Sequence[FeatureBlock], moments: FactorMoments, noise: Sequence[Noise], sd: Tensor
) -> tuple[list[BlockState], Tensor, Tensor]:
    """Update the loadings and noise of one view, then the prior of the loadings.

    Parameters
    ----------
    blocks
        Blocks of the view.
    moments
        Moments of the factors of its patients.
    noise
        Noise of each block.
    sd
        (R, K) prior sd of the loadings.

    Returns
    -------
    states
        State of each block.
    sd
        (R, K) updated prior sd.
    evidence
        (R,) evidence of the view.
    """
    states = [block.update(moments, old, sd) for block, old in zip(blocks, noise, strict=True)]
    size = sum(len(block.columns) for block in blocks)
    squares = sum_of_squares(states)
    active = sd > 0
    precision, evidence_of_precision = gamma_evidence(size, squares)
    of_factors = torch.where(active, evidence_of_precision, 0.0)[:, 1:].sum(dim=-1)
    of_intercepts = 0.5 * (size * math.log(INTERCEPT) - INTERCEPT * squares[:, 0].double())
    evidence = of_factors + of_intercepts + 0.5 * size * active.sum(dim=-1)
    return (
        states,
        prior_sd(precision, active),
        evidence + torch.stack([s.evidence for s in states]).sum(dim=0),
    )


def sum_of_squares(states: Sequence[BlockState]) -> Tensor:
    """(R, K) sum of E[w^2] over the features of a view."""
    return torch.stack([state.loadings.squares() for state in states]).sum(dim=0)


def prior_sd(precision: Tensor, active: Tensor) -> Tensor:
    """Prior sd of the loadings of a view.

    Parameters
    ----------
    precision
        (R, K) expected prior precisions.
    active
        (R, K) bool: the factor is active in the view.

    Returns
    -------
    Tensor
        (R, K); 0 for a factor that is switched off. The sd of the intercept is fixed.
    """
    sd = torch.where(active, precision.rsqrt(), 0.0)
    sd[:, 0] = INTERCEPT**-0.5
    return sd


def update_scores(
    data: GfaData, states: Sequence[Sequence[BlockState]], scores: FactorScores
) -> FactorScores:
    """Posterior of the factors of every patient given the loadings.

    Parameters
    ----------
    data
        Of n patients.
    states
        State of each block of each view.
    scores
        Previous posterior, for its shape.

    Returns
    -------
    FactorScores
        The new posterior.
    """
    precision, linear = torch.zeros_like(scores.covariance), torch.zeros_like(scores.mean)
    for blocks, view, groups in zip(data.views, states, data.groups, strict=True):
        for block, state in zip(blocks, view, strict=True):
            of_block, linear_of_block = block.natural_parameters(state)
            precision[:, groups] += of_block
            linear[:, block.rows] += linear_of_block
    factors = precision[..., 1:, 1:]
    eye = torch.eye(factors.shape[-1], dtype=factors.dtype, device=factors.device)
    root = torch.linalg.cholesky(factors + eye)
    covariance = torch.zeros_like(precision)
    covariance[..., 1:, 1:] = torch.cholesky_inverse(root)
    # The intercept is the loading of the constant; its part is subtracted from the linear term.
    linear_term = linear - precision[:, data.group, 0]
    mean = (covariance[:, data.group] @ linear_term[..., None])[..., 0]
    sizes = torch.bincount(data.group, minlength=covariance.shape[1]).to(mean.dtype)
    trace = covariance.diagonal(dim1=-2, dim2=-1).sum(dim=-1)
    log_determinant = 2 * root.diagonal(dim1=-2, dim2=-1).log().sum(dim=-1)
    divergence = (sizes * (trace + log_determinant)).sum(dim=-1) + mean.square().sum(dim=(1, 2))
    divergence = 0.5 * (divergence.double() - mean.shape[1] * eye.shape[0])
    mean[..., 0] = 1
    return FactorScores(mean, covariance, divergence)
