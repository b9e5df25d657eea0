"""Parameters of patients: typical values by covariates, and random effects."""

from __future__ import annotations

import torch
from torch import Tensor

from datamodules.exposure.compartments.kinetics import Values
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.published.computed_covariates import complete_covariates
from datamodules.exposure.published.kinetic_model import CovariateEffect, KineticModel

__all__ = ["TIME", "effects_size", "individual_values", "omega_of", "typical_values_at"]

TIME = "TIME"
"""The covariate that is the time since the first dose; a column of this name in the events takes precedence."""


def typical_values_at(model: KineticModel, records: Records) -> Values:
    """Typical values of each parameter at each record.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with r records; their covariates in the units of the model.

    Returns
    -------
    Values
        Parameter -> (n, r).
    """
    covariates = _covariates(model, records)
    values = {}
    for name, parameter in model.parameters.items():
        value = torch.full_like(records.time, parameter.typical)
        for effect in parameter.effects:
            value = value * _factor(effect, covariates[effect.covariate])
        values[name] = value
    return values


def _covariates(model: KineticModel, records: Records) -> dict[str, Tensor]:
    """Covariates of the model at each record; those that are not given are computed."""
    given = {name: value.numpy() for name, value in records.covariates.items()}
    complete = complete_covariates(model.covariates, given)
    times = {TIME: records.time - _first_dose(records)}
    return {**times, **{name: torch.as_tensor(value) for name, value in complete.items()}}


def _first_dose(records: Records) -> Tensor:
    """Time of the first dose of each patient, (n, 1); 0 without a dose."""
    times = torch.where(records.doses.given & ~records.doses.past, records.doses.time, torch.inf)
    first = times.amin(1, keepdim=True)
    return torch.where(first.isfinite(), first, 0.0)


def _factor(effect: CovariateEffect, x: Tensor) -> Tensor:
    reference, coefficient = effect.reference, effect.coefficient
    match effect.form:
        case "power":
            return (x / reference) ** coefficient
        case "linear":
            return 1 + coefficient * (x - reference)
        case "exp":
            return torch.exp(coefficient * (x - reference))
        case "hill":
            return 1 / (1 + (reference / x) ** coefficient)
        case "factor":
            return torch.where(x == reference, coefficient, torch.ones_like(x))
        case "after":
            return torch.where(x > reference, coefficient, torch.ones_like(x))


def effects_size(model: KineticModel, records: Records) -> int:
    """Count the random effects of a patient: those between patients, then one set for each occasion.

    Parameters
    ----------
    model
        The population model.
    records
        Patients with their occasions.

    Returns
    -------
    int
        The number q of effects.
    """
    return len(model.random_parameters) + records.occasions * len(model.occasion_parameters)


def omega_of(model: KineticModel, records: Records) -> Tensor:
    """Return the covariance of all random effects of a patient.

    Parameters
    ----------
    model
        The population model.
    records
        Patients with their occasions.

    Returns
    -------
    Tensor
        (q, q): the effects between patients, then those of each occasion.
    """
    blocks = [torch.from_numpy(model.omega)]
    if model.occasion_parameters:
        blocks += [torch.from_numpy(model.occasion_omega)] * records.occasions
    omega: Tensor = torch.block_diag(*blocks)  # type: ignore[no-untyped-call]  # torch has no types here
    return omega


def individual_values(model: KineticModel, records: Records, typical: Values, effects: Tensor) -> Values:
    """Parameters of each patient at each record.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.
    typical
        As returned by :func:`typical_values_at`.
    effects
        (n, q) random effects on the log scale, in the order of :func:`omega_of`.

    Returns
    -------
    Values
        Parameter -> (n, r).
    """
    values = dict(typical)
    between = model.random_parameters
    for k, name in enumerate(between):
        values[name] = values[name] * torch.exp(effects[:, k, None])
    within = model.occasion_parameters
    if within:
        by_occasion = effects[:, len(between) :].reshape(len(effects), -1, len(within))
        for k, name in enumerate(within):
            values[name] = values[name] * torch.exp(torch.gather(by_occasion[..., k], 1, records.occasion))
    if model.structure.clearance_change == "sigmoid":
        values["CL"] = values["CL"] * _change(values, _covariates(model, records)[TIME].clamp(min=0.0))
    return values


def _change(values: Values, time: Tensor) -> Tensor:
    """Clearance at a time since the first dose, as a share of the first one."""
    started = time > 0
    ratio = values["T50"] / torch.where(started, time, torch.ones_like(time))
    share = torch.where(started, 1 / (1 + ratio ** values["HILL"]), torch.zeros_like(time))
    return torch.exp(values["CLLATE"].log() * share)
