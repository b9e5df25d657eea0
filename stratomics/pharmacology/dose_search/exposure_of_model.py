"""Exposure by a kinetic model: exact for areas at steady state without levels, otherwise by draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.pharmacology.dose_search.exposures import DrawnExposure, Exposure, LognormalExposure

if TYPE_CHECKING:
    from torch import Tensor

    from datamodules.exposure.published.kinetic_model import KineticModel
    from datamodules.exposure.regimen import Regimen

__all__ = ["drawn_exposure", "prior_exposure"]

Array = NDArray[np.float64]

AREAS = ("auc24_ss", "cavg_ss")
"""Measures that are the dose over the clearance, in linear models whose clearance does not change with time."""


def prior_exposure(
    model: KineticModel,
    schedule: Regimen,
    covariates: pd.DataFrame,
    measure: str,
    generator: np.random.Generator,
    draws: int,
) -> Exposure:
    """Exposure of patients without levels.

    Parameters
    ----------
    model
        The population model.
    schedule
        Interval and infusion; its amount does not count.
    covariates
        One row per patient, in the units of the model.
    measure
        Measure of exposure.
    generator, draws
        Source of random numbers, and number of draws, which are the same for all patients.

    Returns
    -------
    Exposure
        Lognormal, and exact, for areas at steady state in a linear model; otherwise by draws. Effects of occasions are
        those of a new occasion.
    """
    import torch

    whole = _with_new_occasion(model)
    if _is_dose_over_clearance(model, measure):
        zero = torch.zeros(len(covariates), 1, len(whole.random_parameters), dtype=torch.float64)
        random = whole.random_parameters
        contrast = np.array([{"F": 1.0, "CL": -1.0}.get(name, 0.0) for name in random])
        sd = float(np.sqrt(contrast @ whole.omega @ contrast))
        return LognormalExposure(_areas(whole, schedule, covariates, zero, measure)[:, 0], sd)
    normal = generator.standard_normal((1, draws, len(whole.random_parameters)))
    effects = torch.from_numpy(normal @ np.linalg.cholesky(whole.omega).T).expand(len(covariates), -1, -1)
    return _drawn(whole, schedule, covariates, effects, np.full(effects.shape[:2], 1 / draws), measure)


def drawn_exposure(
    model: KineticModel,
    schedule: Regimen,
    covariates: pd.DataFrame,
    effects: Tensor,
    weights: Tensor,
    measure: str,
    generator: np.random.Generator,
) -> DrawnExposure:
    """Exposure of patients for draws of their random effects, such as those given their levels.

    Parameters
    ----------
    model
        The population model.
    schedule
        Interval and infusion; its amount does not count.
    covariates
        One row per patient, in the units of the model.
    effects, weights
        (n, s, q) draws, of which those between patients count, and their (n, s) weights.
    measure
        Measure of exposure.
    generator
        Source of random numbers for a new occasion.

    Returns
    -------
    DrawnExposure
        Exposure by draws.
    """
    import torch

    between, occasion = effects[..., : len(model.random_parameters)], model.occasion_omega
    normal = generator.standard_normal((*effects.shape[:2], len(occasion)))
    new = torch.from_numpy(normal @ np.linalg.cholesky(occasion).T)
    whole = torch.cat([between, new], -1)
    return _drawn(_with_new_occasion(model), schedule, covariates, whole, weights.numpy(), measure)


def _with_new_occasion(model: KineticModel) -> KineticModel:
    """Return the model with the effects of one occasion among those between patients."""
    joined = (*model.variability, *model.occasion_variability)
    return model.model_copy(update={"variability": joined, "occasion_variability": ()})


def _is_dose_over_clearance(model: KineticModel, measure: str) -> bool:
    from datamodules.exposure.compartments.parameters import TIME

    constant = model.structure.clearance_change == "none" and not any(
        effect.covariate == TIME for parameter in model.parameters.values() for effect in parameter.effects
    )
    return measure in AREAS and model.structure.elimination == "linear" and constant


def _drawn(
    model: KineticModel,
    schedule: Regimen,
    covariates: pd.DataFrame,
    effects: Tensor,
    weights: Array,
    measure: str,
) -> DrawnExposure:
    if _is_dose_over_clearance(model, measure):
        unit = _areas(model, schedule, covariates, effects, measure)
    elif model.structure.elimination == "linear" and not measure.startswith("t_above"):
        unit = _measured(model, schedule, covariates, effects, measure, np.ones(len(covariates)))
    else:
        return DrawnExposure(
            lambda doses: _measured(model, schedule, covariates, effects, measure, doses),
            weights,
            linear=False,
        )
    return DrawnExposure(lambda doses: unit * doses[:, None], weights, linear=True)


def _measured(
    model: KineticModel,
    schedule: Regimen,
    covariates: pd.DataFrame,
    effects: Tensor,
    measure: str,
    doses: Array,
) -> Array:
    """Measure of exposure (n, s) at the dose of each patient."""
    from datamodules.exposure.metrics import measures_of

    given = replace(schedule, amount=1.0).doses(covariates)
    given["amount"] *= doses
    found = measures_of(model, given, given, covariates, covariates, effects, (measure,))
    values: Array = found[measure].numpy()
    return values


def _areas(
    model: KineticModel, schedule: Regimen, covariates: pd.DataFrame, effects: Tensor, measure: str
) -> Array:
    """Area at steady state (n, s) for a dose of 1: available amount over clearance, without solving the model."""
    import torch

    from datamodules.exposure.compartments.parameters import individual_values, typical_values_at
    from datamodules.exposure.compartments.records import records_of
    from datamodules.exposure.metrics import DAY
    from datamodules.exposure.regimen import regimen_events

    size, draws, random = effects.shape
    unit = replace(schedule, amount=1.0).doses(covariates)
    times = np.full((size, 1), schedule.interval)
    records = records_of(regimen_events(unit, covariates, times, steady_state=True))
    many = records.repeat(draws)
    values = individual_values(
        model, many, typical_values_at(model, many), effects.reshape(size * draws, random)
    )
    clearance = values["CL"][:, 0]
    available = values.get("F", torch.ones_like(values["CL"]))[:, 0]
    area = (model.level_factor * available / clearance).reshape(size, draws).numpy()
    length = DAY[model.time_unit] if measure == "auc24_ss" else 1.0
    areas: Array = area * unit["amount"].to_numpy(np.float64)[:, None] * length / schedule.interval
    return areas
