"""The marginal likelihood of a population of curves by Laplace's approximation, with its derivatives."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.exposure.estimation.newton import MapEstimate, minimise
from models.tumour.curves import TumourCurve
from models.tumour.growth_model import GrowthError, objective_at
from models.tumour.sizes import TumourSizes

__all__ = ["GrowthPopulation", "best_modes", "marginal_deviance"]

PLACE = 1.5
"""Distance of further starts, in standard deviations."""


class GrowthPopulation(NamedTuple):
    """Values of a population, which may carry derivatives.

    `centre` has the logarithms of the n patients' parameters without random effects, (n, q); `spread` the standard
    deviations of the random effects, (q,).
    """

    centre: Tensor
    spread: Tensor
    error: GrowthError

    def detached(self) -> GrowthPopulation:
        """Return the same values without derivatives."""
        additive, proportional = (
            torch.as_tensor(value).detach() for value in (self.error.additive, self.error.proportional)
        )
        error = GrowthError(additive, proportional)
        return GrowthPopulation(self.centre.detach(), self.spread.detach(), error)


def best_modes(curve: TumourCurve, sizes: TumourSizes, population: GrowthPopulation) -> MapEstimate:
    """Find the mode of each patient from several starts.

    Parameters
    ----------
    curve, sizes
        As for :func:`marginal_deviance`.
    population
        Values of the population.

    Returns
    -------
    MapEstimate
        The best minimum of each patient. One start has no random effects; in the others one rate is larger or smaller.
    """
    fixed = population.detached()
    size, q = fixed.centre.shape
    moved = PLACE * torch.diag(fixed.spread)[1:]
    starts = torch.cat([torch.zeros(1, q, dtype=moved.dtype), moved, -moved])
    found = [_modes(curve, sizes, fixed, start.expand(size, q)) for start in starts]
    best = torch.stack([one.objective for one in found]).argmin(0)
    everyone = torch.arange(size)
    return MapEstimate(
        *(torch.stack([vars(one)[name] for one in found])[best, everyone] for name in vars(found[0]))
    )


def _modes(curve: TumourCurve, sizes: TumourSizes, fixed: GrowthPopulation, start: Tensor) -> MapEstimate:
    return minimise(
        lambda rows: objective_at(curve, sizes.take(rows), fixed.centre[rows], fixed.spread, fixed.error),
        start,
    )


def marginal_deviance(
    curve: TumourCurve, sizes: TumourSizes, population: GrowthPopulation, start: Tensor
) -> Tensor:
    """Work out minus twice the log marginal likelihood of each patient.

    Parameters
    ----------
    curve
        The curve.
    sizes
        Sizes of n patients.
    population
        Values of the population; the answer has derivatives with respect to them.
    start
        (n, q) random effects where the search for the modes begins.

    Returns
    -------
    Tensor
        (n,) deviances with the constants of the normal densities.

    References
    ----------
    Modes move with the population as their implicit function does: Almquist J et al. J Pharmacokinet Pharmacodyn 2015,
    doi 10.1007/s10928-015-9409-1.
    """
    modes = _modes(curve, sizes, population.detached(), start).effects
    objective = objective_at(curve, sizes, *population)
    at = modes.clone().requires_grad_()
    (slope,) = torch.autograd.grad(objective(at).sum(), at, create_graph=True)
    curvature = _rows(slope, at).detach()
    # The value is the mode; its derivatives are those of one Newton step.
    effects = at - torch.linalg.solve(curvature, slope[..., None])[..., 0]
    value = objective(effects)
    (slope,) = torch.autograd.grad(value.sum(), effects, create_graph=True)
    information = _rows(slope, effects) / 2
    count = sizes.observed.sum(1)
    total: Tensor = value + torch.linalg.slogdet(information)[1] + 2 * population.spread.log().sum()
    return total + count * math.log(2 * math.pi)


def _rows(slope: Tensor, at: Tensor) -> Tensor:
    """Hessian (n, q, q), row by row."""
    return torch.stack(
        [torch.autograd.grad(slope[:, k].sum(), at, create_graph=True)[0] for k in range(slope.shape[1])], 1
    )
