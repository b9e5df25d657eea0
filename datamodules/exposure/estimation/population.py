"""Estimation of a population model from the doses and levels of patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from datamodules.exposure.compartments.parameters import individual_values, omega_of, typical_values_at
from datamodules.exposure.compartments.predictions import predict_records
from datamodules.exposure.compartments.records import Records, records_of, up_to_last_level
from datamodules.exposure.estimation.map_estimate import map_estimate, objective_of
from datamodules.exposure.estimation.newton import derivatives
from datamodules.exposure.estimation.residual import deviance, residual_variance
from datamodules.exposure.published.kinetic_model import Block, KineticModel
from omics.common.errors import ConfigError
from omics.events.event_table import EventTable

__all__ = ["fit_population", "population_deviance"]

ITERATIONS = 200
TOLERANCE = 1e-7
SMALLEST_LEVEL = 1e-10


@dataclass(frozen=True)
class _Error:
    """A residual error whose standard deviations have derivatives."""

    form: str
    additive: Tensor
    proportional: Tensor


class _Population(NamedTuple):
    """Changes of the logarithms of typical values, roots of each block of omega, and the residual error."""

    shift: dict[str, Tensor]
    roots: list[Tensor]
    error: _Error


def fit_population(model: KineticModel, events: EventTable) -> KineticModel:
    """Re-estimate typical values, variability and residual error by FOCE with interaction.

    Parameters
    ----------
    model
        The published model; the estimation starts from it. Covariate effects stay as they are, and so do typical values
        without random effect.
    events
        Doses and levels of the patients to learn from.

    Returns
    -------
    KineticModel
        The model with estimated values.

    Raises
    ------
    ConfigError
        There is no level, or a level below the limit of quantification, which this method does not handle.

    References
    ----------
    Lindstrom MJ, Bates DM. Biometrics 1990;46:673, doi 10.2307/2532087. Gradients by the implicit function of the mode:
    Almquist J et al. J Pharmacokinet Pharmacodyn 2015, doi 10.1007/s10928-015-9409-1.
    """
    records = records_of(up_to_last_level(events))
    if not bool(records.observed.any()):
        raise ConfigError("the events have no level, so that no population can be estimated")
    if bool((records.observed & records.censored).any()):
        raise ConfigError(
            "events with levels below the limit of quantification: estimate the population without them"
        )
    start = _packed(model)

    def value_and_slope(point: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.from_numpy(point).requires_grad_()
        value = _deviance(model, records, at)
        (slope,) = torch.autograd.grad(value, at)
        return float(value.detach()), slope.numpy()

    best = minimize(
        value_and_slope, start, jac=True, method="L-BFGS-B",
        options={"maxiter": ITERATIONS, "ftol": 1e-11, "gtol": TOLERANCE * 100},
    )  # fmt: skip
    return _written(model, torch.from_numpy(best.x))


def population_deviance(model: KineticModel, records: Records) -> float:
    """Minus twice the log likelihood of all levels, by FOCE with interaction.

    Parameters
    ----------
    model
        The population model.
    records
        n patients, whose levels are above the limit of quantification.

    Returns
    -------
    float
        With the constants of the normal densities.
    """
    return float(_deviance(model, records, torch.from_numpy(_packed(model))).detach())


def _deviance(model: KineticModel, records: Records, point: Tensor) -> Tensor:
    """Work out the deviance with its derivatives; modes move with the parameters as their implicit function does."""
    current = _written(model, point.detach())
    modes = map_estimate(current, records).effects
    curvature = derivatives(objective_of(current, records), modes)[1]
    population = _unpacked(model, point)
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
    information = precision + _information(level_at, population.error, records.observed, effects)
    count = records.observed.sum()
    total: Tensor = objective(effects).sum() + count * np.log(2 * np.pi)
    return total + len(records) * torch.logdet(omega) + torch.logdet(information).sum()


def _information(
    level_at: Callable[[Tensor], Tensor], error: _Error, observed: Tensor, effects: Tensor
) -> Tensor:
    """Work out the expected information of the levels about the effects, (n, q, q)."""
    level = level_at(effects)
    centre = level.clamp(min=SMALLEST_LEVEL).log() if error.form == "lognormal" else level
    variance = residual_variance(error, level)
    slopes: list[Tensor] = []
    changes: list[Tensor] = []
    for place in torch.nonzero(observed.any(0))[:, 0]:
        for values, found in ((centre, slopes), (variance, changes)):
            slope = _slope(values[:, place], effects)
            found.append(slope * observed[:, place, None])
    places = observed.any(0)
    weight = torch.where(observed[:, places], 1 / variance[:, places], 0.0)
    by_level, by_variance = torch.stack(slopes, 1), torch.stack(changes, 1)
    part: Tensor = (by_level * weight[..., None]).mT @ by_level
    return part + (by_variance * weight[..., None] ** 2).mT @ by_variance / 2


def _slope(values: Tensor, effects: Tensor) -> Tensor:
    if not values.requires_grad:
        return torch.zeros_like(effects)
    (slope,) = torch.autograd.grad(values.sum(), effects, create_graph=True, allow_unused=True)
    return torch.zeros_like(effects) if slope is None else slope


def _blocks_of(model: KineticModel) -> tuple[Block, ...]:
    return (*model.variability, *model.occasion_variability)


def _estimated(model: KineticModel) -> list[str]:
    names = [*model.random_parameters, *model.occasion_parameters]
    return list(dict.fromkeys(names))


def _packed(model: KineticModel) -> np.ndarray:
    """All parameters as one vector: shifts, roots with logarithms on their diagonal, logarithms of the errors."""
    parts = [np.zeros(len(_estimated(model)))]
    for block in _blocks_of(model):
        root = np.linalg.cholesky(np.array(block.covariance))
        root[np.diag_indices_from(root)] = np.log(np.diag(root))
        parts.append(root[np.tril_indices_from(root)])
    errors = [value for value in (model.residual.additive, model.residual.proportional) if value > 0]
    return np.concatenate([*parts, np.log(errors)])


def _unpacked(model: KineticModel, point: Tensor) -> _Population:
    names = _estimated(model)
    shift = dict(zip(names, point, strict=False))
    place, roots = len(names), []
    for block in _blocks_of(model):
        size = len(block.parameters)
        count = size * (size + 1) // 2
        rows, columns = torch.tril_indices(size, size)
        root = torch.zeros(size, size, dtype=point.dtype).index_put(
            (rows, columns), point[place : place + count]
        )
        on_diagonal = torch.eye(size, dtype=torch.bool)
        roots.append(torch.where(on_diagonal, torch.diag_embed(torch.diagonal(root).exp()), root))
        place += count
    errors = []
    for value in (model.residual.additive, model.residual.proportional):
        errors.append(point[place].exp() if value > 0 else torch.zeros((), dtype=point.dtype))
        place += int(value > 0)
    return _Population(shift, roots, _Error(model.residual.form, *errors))


def _joined(model: KineticModel, records: Records, roots: list[Tensor]) -> Tensor:
    blocks = [root @ root.mT for root in roots]
    between = len(model.variability)
    omega: Tensor = torch.block_diag(  # type: ignore[no-untyped-call]  # torch has no types here
        *blocks[:between], *(blocks[between:] * records.occasions)
    )
    assert omega.shape == omega_of(model, records).shape
    return omega


def _written(model: KineticModel, point: Tensor) -> KineticModel:
    """Write the values of a vector into the model."""
    population = _unpacked(model, point)
    parameters = dict(model.parameters)
    for name, shift in population.shift.items():
        value = parameters[name].typical * float(shift.exp())
        parameters[name] = parameters[name].model_copy(update={"typical": value})
    blocks = [
        block.model_copy(update={"covariance": tuple(map(tuple, (root @ root.mT).tolist()))})
        for block, root in zip(_blocks_of(model), population.roots, strict=True)
    ]
    between = len(model.variability)
    error = population.error
    residual = model.residual.model_copy(
        update={"additive": float(error.additive), "proportional": float(error.proportional)}
    )
    return model.model_copy(
        update={
            "parameters": parameters,
            "variability": tuple(blocks[:between]),
            "occasion_variability": tuple(blocks[between:]),
            "residual": residual,
        }
    )
