"""Likelihood of the levels of patients under a population model, and distance from published values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from datamodules.exposure.compartments.parameters import individual_values, omega_of, typical_values_at
from datamodules.exposure.compartments.predictions import predict_records
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.estimation.map_estimate import map_estimate, objective_of
from datamodules.exposure.estimation.newton import derivatives
from datamodules.exposure.estimation.population_values import (
    ErrorValues,
    blocks_of,
    model_at,
    unpacked_values,
)
from datamodules.exposure.estimation.residual import deviance, residual_variance
from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["deviance_at", "distance_from"]

SMALLEST_LEVEL = 1e-10


def deviance_at(model: KineticModel, records: Records, point: Tensor) -> Tensor:
    """Work out minus twice the log likelihood; modes move with the parameters as their implicit function does.

    Parameters
    ----------
    model
        The model that the shifts begin at.
    records
        n patients.
    point
        (parameters,) vector, as from :func:`packed_values`.

    Returns
    -------
    Tensor
        A number with derivatives.
    """
    current = model_at(model, point.detach())
    modes = map_estimate(current, records).effects
    curvature = derivatives(objective_of(current, records), modes)[1]
    population = unpacked_values(model, point)
    typical = typical_values_at(model, records)
    for name, shift in population.shift.items():
        typical[name] = typical[name] * torch.exp(shift)
    omega = _joined(model, records, population.roots)
    precision = torch.linalg.inv(omega)

    def level_at(effects: Tensor) -> Tensor:
        return predict_records(model, records, individual_values(model, records, typical, effects)).level

    def objective(effects: Tensor) -> Tensor:
        prior: Tensor = ((effects @ precision) * effects).sum(1)
        return prior + deviance(population.error, records, level_at(effects))

    at = modes.clone().requires_grad_()
    (slope,) = torch.autograd.grad(objective(at).sum(), at, create_graph=True)
    effects = at - torch.linalg.solve(curvature, slope[..., None])[..., 0]
    information = precision + _information(level_at, population.error, records, effects)
    count = records.observed.sum()
    total: Tensor = objective(effects).sum() + count * np.log(2 * np.pi)
    return total + len(records) * torch.logdet(omega) + torch.logdet(information).sum()


def _information(
    level_at: Callable[[Tensor], Tensor], error: ErrorValues, records: Records, effects: Tensor
) -> Tensor:
    """Work out the expected information of the levels about the effects, (n, q, q).

    A level below the limit has the curvature of its score, whose own second derivatives are left out as those of the
    predictions are.
    """
    level = level_at(effects)
    log = error.form == "lognormal"
    centre = level.clamp(min=SMALLEST_LEVEL).log() if log else level
    variance = residual_variance(error, level)
    places = torch.nonzero(records.observed.any(0))[:, 0]
    measured = (records.observed & ~records.censored)[:, places]
    by_level, by_variance = (_slopes(values, places, effects) for values in (centre, variance))
    weight = torch.where(measured, 1 / variance[:, places], 0.0)
    found: Tensor = (by_level * weight[..., None]).mT @ by_level
    found = found + (by_variance * weight[..., None] ** 2).mT @ by_variance / 2
    below = records.observed & records.censored
    if not bool(below.any()):
        return found
    limit = torch.where(below, records.limit, 1.0)
    score = ((limit.log() if log else limit) - centre) / torch.where(below, variance, 1.0).sqrt()
    by_score = _slopes(score, places, effects)
    return found + (by_score * (_curvature(score) * below)[:, places, None]).mT @ by_score


def _curvature(score: Tensor) -> Tensor:
    """Second derivative of minus the logarithm of the normal distribution function."""
    ratio = torch.exp(-(score**2) / 2 - np.log(2 * np.pi) / 2 - torch.special.log_ndtr(score))
    return ratio * (score + ratio)


def _slopes(values: Tensor, places: Tensor, effects: Tensor) -> Tensor:
    """Return the derivatives of (n, r) values at some of r places with respect to (n, q) effects, (n, places, q)."""
    return torch.stack([_slope(values[:, place], effects) for place in places], 1)


def _slope(values: Tensor, effects: Tensor) -> Tensor:
    if not values.requires_grad:
        return torch.zeros_like(effects)
    (slope,) = torch.autograd.grad(values.sum(), effects, create_graph=True, allow_unused=True)
    return torch.zeros_like(effects) if slope is None else slope


def _joined(model: KineticModel, records: Records, roots: list[Tensor]) -> Tensor:
    blocks = [root @ root.mT for root in roots]
    between = len(model.variability)
    omega: Tensor = torch.block_diag(  # type: ignore[no-untyped-call]  # torch has no types here
        *blocks[:between], *(blocks[between:] * records.occasions)
    )
    assert omega.shape == omega_of(model, records).shape
    return omega


def distance_from(published: KineticModel, point: Tensor) -> Tensor:
    """Work out minus twice the log density of the published values, for one patient with one level, up to a constant.

    Parameters
    ----------
    published
        The published model.
    point
        (parameters,) vector, as from :func:`packed_values`.

    Returns
    -------
    Tensor
        A number with derivatives. Each block of random effects has a normal distribution with an inverse Wishart
        covariance, each error an inverse gamma variance, all with their modes at the published values.
    """
    population = unpacked_values(published, point)
    total = torch.zeros((), dtype=point.dtype)
    for block, root in zip(blocks_of(published), population.roots, strict=True):
        shift = torch.stack([population.shift[name] for name in block.parameters])
        around = torch.tensor(block.covariance, dtype=point.dtype) + torch.outer(shift, shift)
        covariance = root @ root.mT
        total = total + torch.logdet(covariance) + torch.trace(torch.linalg.solve(covariance, around))
    for name in ("additive", "proportional"):
        value, error = getattr(published.residual, name), getattr(population.error, name)
        if value > 0:
            total = total + 2 * error.log() + (value / error) ** 2
    return total
