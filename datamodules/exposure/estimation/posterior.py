"""Draws of each patient's random effects from their posterior distribution, by importance sampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from datamodules.exposure.compartments.parameters import omega_of
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.estimation.map_estimate import objective_of, other_modes
from datamodules.exposure.estimation.newton import MapEstimate, Objective
from datamodules.exposure.estimation.pareto import pareto_shape
from datamodules.exposure.estimation.proposal import Kernels, Proposal
from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["EFFECTIVE", "Posterior", "importance_draws", "posterior_draws"]

EFFECTIVE = 1000
"""Effective number of draws below which a patient's proposals are adapted."""

ROUNDS, ROUNDS_OF_MANY = 4, 3
"""Number of times that proposals are adapted, and that then more draws are made."""

RELIABLE = 0.7
"""Shape of the tail of the weights above which a patient's proposals are adapted too (Vehtari 2024)."""

KERNELS = 100
SMALLEST_KERNEL = 1e-4
SCALE = 1.15
FIRST_PRIOR_SHARE, LATER_PRIOR_SHARE, MODES_SHARE = 0.3, 0.1, 0.3

MORE, PATIENTS = 30, 3
"""How many times as many draws the last round has, and its patients that are worked on at once."""

BLOCK = 8000
"""Number of draws evaluated at once."""


@dataclass(frozen=True)
class Posterior:
    """Weighted draws of n patients.

    Parameters
    ----------
    effects
        (n, s, q) draws.
    weights
        (n, s) weights, which sum to 1 for each patient.
    effective
        (n,) effective number of draws, 1 / sum of squared weights; of draws that were chosen from many, the number that
        has the error of both steps.
    pareto
        (n,) shape of the tail of the weights; above .7 means that the weights are not reliable.
    """

    effects: Tensor
    weights: Tensor
    effective: Tensor
    pareto: Tensor

    def moments(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Return the posterior mean and standard deviation of (n, s) values of the draws, (n,) each."""
        mean = (self.weights * values).sum(1)
        return mean, (self.weights * (values - mean[:, None]) ** 2).sum(1).sqrt()

    def quantiles(self, values: Tensor, levels: tuple[float, ...]) -> Tensor:
        """Return posterior quantiles of (n, s) values of the draws, at levels in (0, 1), (n, levels)."""
        ordered, order = values.sort(dim=1)
        reached = self.weights.gather(1, order).cumsum(1).contiguous()
        wanted = torch.tensor(levels, dtype=reached.dtype).repeat(len(reached), 1)
        places = torch.searchsorted(reached, wanted).clamp(max=values.shape[1] - 1)
        return ordered.gather(1, places)

    def mean(self) -> Tensor:
        """Posterior mean of the effects, (n, q)."""
        return (self.weights[..., None] * self.effects).sum(1)

    def sd(self) -> Tensor:
        """Posterior standard deviation of the effects, (n, q)."""
        apart = self.effects - self.mean()[:, None]
        return (self.weights[..., None] * apart**2).sum(1).sqrt()


def posterior_draws(
    model: KineticModel,
    records: Records,
    mode: MapEstimate,
    generator: np.random.Generator,
    draws: int = 2000,
) -> Posterior:
    """Draw from the posterior of each patient.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.
    mode
        Their modes, as returned by :func:`map_estimate`.
    generator
        Source of random numbers.
    draws
        Number s of draws per patient.

    Returns
    -------
    Posterior
        Weighted draws. 70% of the draws come from t distributions at the mode and, where there may be several, at the
        modes reached from other starts; 30% come from the prior. Patients whose effective number of draws is too small,
        or whose weights have a long tail, are drawn again from a mixture of narrower t distributions around some of
        their weighted draws, which follows a curved posterior; the weights are made more equal for this choice as long
        as few draws have most of the weight. Where that is not enough, `draws` are chosen by weight from thirty times
        as many. The best reliable round is kept.

    References
    ----------
    Pareto smoothed importance sampling: Vehtari A et al. J Mach Learn Res 2024;25(72), arXiv 1507.02646.
    """
    prior = torch.linalg.cholesky(omega_of(model, records))
    return importance_draws(
        lambda rows: objective_of(model, records.take(rows)),
        [mode, *other_modes(model, records, mode)],
        prior,
        generator,
        draws,
    )


def importance_draws(
    objective_of: Callable[[Tensor], Objective],
    modes: list[MapEstimate],
    prior: Tensor,
    generator: np.random.Generator,
    draws: int,
) -> Posterior:
    """Draw from the posterior of each patient, for any model with normal random effects.

    Parameters
    ----------
    objective_of
        Positions of patients, of whom some may be repeated -> the objective of these patients: minus twice the
        logarithm of the posterior density, up to a constant.
    modes
        Modes of n patients, from one or several starts.
    prior
        (q, q) lower root of the covariance of the effects.
    generator
        Source of random numbers.
    draws
        Number s of draws per patient.

    Returns
    -------
    Posterior
        As from :func:`posterior_draws`.
    """
    kernels = [Kernels(one.effects[:, None], SCALE * torch.linalg.cholesky(one.covariance)) for one in modes]
    shares = [(1 - FIRST_PRIOR_SHARE) / len(kernels)] * len(kernels)
    proposal = Proposal(kernels, shares, prior, FIRST_PRIOR_SHARE)
    everyone = torch.arange(len(modes[0].effects))
    result = _weighted(objective_of, everyone, proposal, generator, draws)
    # Of the caller's generator the rounds take one number, however many they are, so that no patient changes another.
    again_from = np.random.default_rng(int(generator.integers(2**63)))
    latest, wanted = result, min(EFFECTIVE, draws // 2)
    for step in [_weighted] * ROUNDS + [_chosen_of_many] * ROUNDS_OF_MANY:
        poor = torch.nonzero((result.effective < wanted) | (result.pareto > RELIABLE))[:, 0]
        if not len(poor):
            break
        # Around the latest draws, not the best: those that have just found another mode have few effective draws.
        adapted = _adapted(latest, poor, kernels, prior, again_from)
        again = step(objective_of, poor, adapted, again_from, draws)
        latest = _replaced(latest, poor, again, torch.ones(len(poor), dtype=torch.bool))
        result = _replaced(result, poor, again, _is_better(again, result, poor))
    return result


def _chosen_of_many(
    objective_of: Callable[[Tensor], Objective],
    rows: Tensor,
    proposal: Proposal,
    generator: np.random.Generator,
    draws: int,
) -> Posterior:
    """Choose draws by weight from thirty times as many; the draws that are chosen count the same."""
    seed, parts = int(generator.integers(2**63)), []
    for block in torch.split(torch.arange(len(rows)), PATIENTS):
        # The same points for each block, so that no patient changes another.
        points = np.random.default_rng(seed)
        many = _weighted(objective_of, rows[block], proposal.take(block), points, MORE * draws)
        parts.append((_picked(many.weights, many.effects, points, draws), many))
    effects = torch.cat([chosen for chosen, _ in parts])
    weights = torch.full(effects.shape[:2], 1 / draws, dtype=effects.dtype)
    effective = 1 / (1 / torch.cat([many.effective for _, many in parts]) + 1 / draws)
    return Posterior(effects, weights, effective, torch.cat([many.pareto for _, many in parts]))


def _picked(weights: Tensor, effects: Tensor, generator: np.random.Generator, count: int) -> Tensor:
    """Pick effects by weight, (n, count, q), at equal steps of the cumulative weights."""
    uniform = torch.from_numpy((generator.random() + np.arange(count)) / count)
    places = torch.searchsorted(weights.cumsum(1), uniform.repeat(len(weights), 1))
    places = places.clamp(max=weights.shape[1] - 1)[..., None]
    return torch.gather(effects, 1, places.expand(-1, -1, effects.shape[-1]))


def _weighted(
    objective_of: Callable[[Tensor], Objective],
    rows: Tensor,
    proposal: Proposal,
    generator: np.random.Generator,
    draws: int,
) -> Posterior:
    effects = proposal.draw(generator, draws)
    log_target = -_evaluated(objective_of, rows, effects) / 2
    log_weights = log_target - proposal.log_density(effects)
    shape, smoothed = pareto_shape(log_weights)
    weights = torch.softmax(smoothed, 1)
    return Posterior(effects, weights, 1 / (weights**2).sum(1), shape)


def _evaluated(objective_of: Callable[[Tensor], Objective], rows: Tensor, effects: Tensor) -> Tensor:
    """Objective of (n, s, q) draws, (n, s), in blocks of patients."""
    count, q = effects.shape[1:]
    blocks = []
    with torch.no_grad():
        for places in torch.split(torch.arange(len(rows)), max(1, BLOCK // count)):
            objective = objective_of(rows[places].repeat_interleave(count))
            blocks.append(objective(effects[places].reshape(-1, q)).reshape(len(places), count))
    return torch.cat(blocks)


def _adapted(
    result: Posterior, rows: Tensor, modes: list[Kernels], prior: Tensor, generator: np.random.Generator
) -> Proposal:
    """Kernels around draws that are picked by weight, with the usual bandwidth of a kernel density.

    Those at several modes remain, so that no mode is lost: draws that miss one look more effective than they are.
    """
    weights, effects = _tempered(result.weights[rows]), result.effects[rows]
    q = effects.shape[-1]
    centre = (weights[..., None] * effects).sum(1, keepdim=True)
    covariance = (weights[..., None] * (effects - centre)).mT @ (effects - centre)
    centres = _picked(weights, effects, generator, KERNELS)
    bandwidth = (4 / ((q + 2) * KERNELS)) ** (1 / (q + 4))
    floor = SMALLEST_KERNEL * (prior @ prior.mT)
    root = torch.linalg.cholesky(bandwidth**2 * covariance + floor)
    at_modes = [Kernels(one.centres[rows], one.root[rows]) for one in modes] if len(modes) > 1 else []
    kept = MODES_SHARE if at_modes else 0.0
    shares = [1 - LATER_PRIOR_SHARE - kept, *[kept / len(modes)] * len(at_modes)]
    return Proposal([Kernels(centres, root), *at_modes], shares, prior, LATER_PRIOR_SHARE)


def _tempered(weights: Tensor) -> Tensor:
    """Raise weights to the largest power, at most 1, that leaves as many effective draws as kernels."""
    logs = weights.log().clamp(min=-700.0)
    low, high = torch.zeros(len(weights), 1, dtype=logs.dtype), torch.ones(len(weights), 1, dtype=logs.dtype)
    power = high
    for _ in range(20):
        effective = 1 / (torch.softmax(power * logs, 1) ** 2).sum(1, keepdim=True)
        enough = effective >= KERNELS
        low, high = torch.where(enough, power, low), torch.where(enough, high, power)
        power = torch.where(enough & (power == 1), power, (low + high) / 2)
    return torch.softmax(power * logs, 1)


def _is_better(again: Posterior, result: Posterior, rows: Tensor) -> Tensor:
    """Whether new draws are reliable where the others are not, or else more effective, (rows,) bool."""
    before, after = result.pareto[rows] <= RELIABLE, again.pareto <= RELIABLE
    return torch.where(before == after, again.effective > result.effective[rows], after)


def _replaced(result: Posterior, rows: Tensor, again: Posterior, which: Tensor) -> Posterior:
    fields = {name: value.clone() for name, value in vars(result).items()}
    for name, value in fields.items():
        value[rows[which]] = getattr(again, name)[which]
    return Posterior(**fields)
