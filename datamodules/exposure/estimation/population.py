"""Estimation of a population model from the doses and levels of patients."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from datamodules.exposure.compartments.records import Records, records_of, up_to_last_level
from datamodules.exposure.estimation.population_likelihood import deviance_at, distance_from
from datamodules.exposure.estimation.population_values import (
    bounds_of,
    estimated_parameters,
    model_at,
    packed_values,
    unpacked_values,
)
from datamodules.exposure.published.kinetic_model import KineticModel
from omics.common.errors import ConfigError
from omics.events.event_table import EventTable

__all__ = ["fit_population", "population_deviance", "relative_errors"]

ITERATIONS = 200
TOLERANCE = 1e-6
"""Relative decrease of the deviance at which the estimation ends."""

GRADIENT = 1e-5
STEP = 1e-4
"""Step of the differences of gradients that give standard errors."""


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
    start = packed_values(model)

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        return _value_and_slope(model, records, point, model, prior_patients)

    best = minimize(
        objective, start, jac=True, method="L-BFGS-B", bounds=bounds_of(model, start),
        options={"maxiter": ITERATIONS, "ftol": TOLERANCE, "gtol": GRADIENT},
    )  # fmt: skip
    if not np.isfinite(best.fun):
        raise ConfigError("the estimation of the population from the levels does not converge")
    found = model_at(model, torch.from_numpy(best.x))
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
    records, start = records_of(up_to_last_level(events)), packed_values(model)

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
    return float(deviance_at(model, records, torch.from_numpy(packed_values(model))).detach())


def _value_and_slope(
    model: KineticModel, records: Records, point: np.ndarray, published: KineticModel, prior_patients: float
) -> tuple[float, np.ndarray]:
    """Deviance with the penalty of the published values, and its gradient."""
    at = torch.from_numpy(point).requires_grad_()
    value = deviance_at(model, records, at) + prior_patients * distance_from(published, at)
    (slope,) = torch.autograd.grad(value, at)
    return float(value.detach()), slope.numpy()


def _quantities(model: KineticModel, point: Tensor) -> Tensor:
    """Logarithms of typical values, variances and standard deviations of the error, in the order of their names."""
    population = unpacked_values(model, point)
    variances = [torch.diagonal(root @ root.mT).log() for root in population.roots]
    both = (population.error.additive, population.error.proportional)
    errors = [error.log() for error in both if float(error.detach()) > 0]
    return torch.cat([torch.stack(list(population.shift.values())), *variances, torch.stack(errors)])


def _names(model: KineticModel) -> list[str]:
    residual = model.residual
    return [
        *estimated_parameters(model),
        *(f"variance {name}" for name in model.random_parameters),
        *(f"occasion variance {name}" for name in model.occasion_parameters),
        *(name for name in ("additive", "proportional") if getattr(residual, name) > 0),
    ]


def _relative_change(model: KineticModel, point: np.ndarray, quantity: int) -> np.ndarray:
    at = torch.from_numpy(point).requires_grad_()
    (slope,) = torch.autograd.grad(_quantities(model, at)[quantity], at)
    return slope.numpy()
