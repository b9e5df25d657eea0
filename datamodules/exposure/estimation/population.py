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

__all__ = ["fit_population", "population_deviance", "relative_errors"]

ITERATIONS = 200
TOLERANCE = 1e-6
"""Relative decrease of the deviance at which the estimation ends."""

GRADIENT = 1e-5
LARGEST_SHIFT = float(np.log(20))
"""Largest change of the logarithm of a typical value or of a residual error."""

VARIANCES = (1e-6, 4.9)
"""Smallest and largest square of a diagonal element of the root of a covariance."""

STEP = 1e-4
"""Step of the differences of gradients that give standard errors."""

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


def fit_population(model: KineticModel, events: EventTable, prior_patients: float = 0.0) -> KineticModel:
    """Re-estimate typical values, variability and residual error by FOCE with interaction.

    Parameters
    ----------
    model
        The published model; the estimation starts from it. Covariate effects stay as they are, and so do typical values
        without random effect.
    events
        Doses and levels of the patients to learn from. A level below the limit of quantification counts by the
        probability that a level is below it (method M3).
    prior_patients
        Number of patients that the published typical values and covariances count as, and number of levels that each
        published standard deviation of the error counts as; 0 for none.

    Returns
    -------
    KineticModel
        The model with estimated values. Covariances are products of triangular roots, so that they are positive
        definite.

    Raises
    ------
    ConfigError
        There is no level, or the estimation does not converge.

    References
    ----------
    Lindstrom MJ, Bates DM. Biometrics 1990;46:673, doi 10.2307/2532087. Gradients by the implicit function of the mode:
    Almquist J et al. J Pharmacokinet Pharmacodyn 2015, doi 10.1007/s10928-015-9409-1. M3: Beal SL. J Pharmacokinet
    Pharmacodyn 2001, doi 10.1023/A:1012299115260.
    """
    records = records_of(up_to_last_level(events))
    if not bool(records.observed.any()):
        raise ConfigError("the events have no level, so that no population can be estimated")
    start = _packed(model)

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        return _value_and_slope(model, records, point, model, prior_patients)

    best = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=_bounds(model, start),
        options={"maxiter": ITERATIONS, "ftol": TOLERANCE, "gtol": GRADIENT},
    )  # fmt: skip
    if not np.isfinite(best.fun):
        raise ConfigError("the estimation of the population from the levels does not converge")
    found = _written(model, torch.from_numpy(best.x))
    # The patient that the paper states is one of the published values.
    stated = model.typical_patient.model_copy(update={"parameters": {}})
    return found.model_copy(update={"typical_patient": stated})


def relative_errors(
    model: KineticModel, events: EventTable, published: KineticModel, prior_patients: float = 0.0
) -> dict[str, float]:
    """Relative standard errors of estimated values, from the curvature of the deviance.

    Parameters
    ----------
    model
        The model with estimated values, as from :func:`fit_population`.
    events
        The doses and levels that it was estimated from.
    published
        The model that the estimation started from.
    prior_patients
        As of :func:`fit_population`.

    Returns
    -------
    dict
        Parameter with a random effect -> standard error of its typical value over the value; ``variance NAME`` and
        ``occasion variance NAME`` -> that of a variance; ``additive`` and ``proportional`` -> that of a standard
        deviation. NaN where the levels do not determine the values.
    """
    records, start = records_of(up_to_last_level(events)), _packed(model)

    def slope_at(point: np.ndarray) -> np.ndarray:
        return _value_and_slope(model, records, point, published, prior_patients)[1]

    steps = STEP * np.eye(len(start))
    curvature = np.array([(slope_at(start + step) - slope_at(start - step)) / (2 * STEP) for step in steps])
    information = (curvature + curvature.T) / 4
    if np.linalg.eigvalsh(information).min() <= 0:
        return dict.fromkeys(_names(model), float("nan"))
    covariance = np.linalg.inv(information)
    changes = [_relative_change(model, start, quantity) for quantity in range(len(_names(model)))]
    return {
        name: float(np.sqrt(change @ covariance @ change))
        for name, change in zip(_names(model), changes, strict=True)
    }


def _value_and_slope(
    model: KineticModel, records: Records, point: np.ndarray, published: KineticModel, prior_patients: float
) -> tuple[float, np.ndarray]:
    """Deviance with the penalty of the published values, and its gradient."""
    at = torch.from_numpy(point).requires_grad_()
    value = _deviance(model, records, at) + prior_patients * _distance(published, at)
    (slope,) = torch.autograd.grad(value, at)
    return float(value.detach()), slope.numpy()


def _quantities(model: KineticModel, point: Tensor) -> Tensor:
    """Logarithms of typical values, variances and standard deviations of the error, in the order of their names."""
    population = _unpacked(model, point)
    variances = [torch.diagonal(root @ root.mT).log() for root in population.roots]
    both = (population.error.additive, population.error.proportional)
    errors = [error.log() for error in both if float(error.detach()) > 0]
    return torch.cat([torch.stack(list(population.shift.values())), *variances, torch.stack(errors)])


def _names(model: KineticModel) -> list[str]:
    residual = model.residual
    return [
        *_estimated(model),
        *(f"variance {name}" for name in model.random_parameters),
        *(f"occasion variance {name}" for name in model.occasion_parameters),
        *(name for name in ("additive", "proportional") if getattr(residual, name) > 0),
    ]


def _relative_change(model: KineticModel, point: np.ndarray, quantity: int) -> np.ndarray:
    at = torch.from_numpy(point).requires_grad_()
    (slope,) = torch.autograd.grad(_quantities(model, at)[quantity], at)
    return slope.numpy()


def population_deviance(model: KineticModel, records: Records) -> float:
    """Minus twice the log likelihood of all levels, by FOCE with interaction.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.

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
    information = precision + _information(level_at, population.error, records, effects)
    count = records.observed.sum()
    total: Tensor = objective(effects).sum() + count * np.log(2 * np.pi)
    return total + len(records) * torch.logdet(omega) + torch.logdet(information).sum()


def _information(
    level_at: Callable[[Tensor], Tensor], error: _Error, records: Records, effects: Tensor
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


def _distance(published: KineticModel, point: Tensor) -> Tensor:
    """Work out minus twice the log density of the published values, for one patient with one level, up to a constant.

    Each block of random effects has a normal distribution with an inverse Wishart covariance, each error an inverse
    gamma variance, all with their modes at the published values.
    """
    population = _unpacked(published, point)
    total = torch.zeros((), dtype=point.dtype)
    for block, root in zip(_blocks_of(published), population.roots, strict=True):
        shift = torch.stack([population.shift[name] for name in block.parameters])
        around = torch.tensor(block.covariance, dtype=point.dtype) + torch.outer(shift, shift)
        covariance = root @ root.mT
        total = total + torch.logdet(covariance) + torch.trace(torch.linalg.solve(covariance, around))
    for name in ("additive", "proportional"):
        value, error = getattr(published.residual, name), getattr(population.error, name)
        if value > 0:
            total = total + 2 * error.log() + (value / error) ** 2
    return total


def _bounds(model: KineticModel, start: np.ndarray) -> list[tuple[float, float]]:
    """Bounds of the vector of :func:`_packed`, within which a model can be written and read again."""
    bounds = [(value - LARGEST_SHIFT, value + LARGEST_SHIFT) for value in start]
    place = len(_estimated(model))
    low = float(np.log(VARIANCES[0]) / 2)
    for block in _blocks_of(model):
        size = len(block.parameters)
        rows, columns = np.tril_indices(size)
        for row, column in zip(rows, columns, strict=True):
            reach = float(np.sqrt(VARIANCES[1] / size))
            bounds[place] = (low, float(np.log(reach))) if row == column else (-reach, reach)
            place += 1
    return bounds


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
