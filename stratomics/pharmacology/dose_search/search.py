"""Search doses: probabilities of a target by dose, without and with the levels of patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.common.errors import ConfigError, require_range
from omics.common.seeds import named_generator
from stratomics.pharmacology.dose_search.attainment import (
    dose_for_value,
    most_probable_dose,
    own_doses,
    target_attainment,
)
from stratomics.pharmacology.dose_search.exposure_of_model import drawn_exposure, prior_exposure
from stratomics.pharmacology.dose_search.exposures import Exposure
from stratomics.pharmacology.dose_search.levels import draws_given_levels, posterior_notes
from stratomics.pharmacology.dose_search.result import Attainment, DoseSearch
from stratomics.pharmacology.dose_search.target import ExposureTarget

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel
    from datamodules.exposure.regimen import Regimen
    from omics.events.event_table import EventTable

__all__ = ["search_doses"]

FEWEST, SMALLEST = 10, 1e-12
"""Smallest number of draws, and smallest exposure that a dose is looked for."""

FAR = 100.0
"""Exposures this many times below or above the target point to wrong units."""


def search_doses(
    model: KineticModel,
    schedule: Regimen,
    doses: Sequence[float],
    target: ExposureTarget,
    covariates: pd.DataFrame,
    events: EventTable | None = None,
    *,
    value: float | None = None,
    draws: int = 4000,
    seed: int = 0,
) -> DoseSearch:
    """Compute the probability of a target by dose, for one patient or as the mean of several.

    Parameters
    ----------
    model
        The population model.
    schedule
        Interval and infusion of the doses.
    doses
        Amounts, in the unit of the model.
    target
        Measure and range.
    covariates
        One row per patient, in the units of the model, at the time of the planned doses.
    events
        Doses and levels of the same patients; None if there are none.
    value
        Exposure for which each patient's dose is wanted; None for none.
    draws
        Number of draws per patient.
    seed
        Seed of the draws.

    Returns
    -------
    DoseSearch
        What is left of earlier doses does not count: measures are those after the first planned dose, or at their
        steady state.

    Raises
    ------
    ConfigError
        The model is not covered, a number is out of range, or the exposures are so far from the target that units
        must be wrong.
    """
    _check_model(model)
    require_range("draws", draws, FEWEST)
    if value is not None:
        require_range("value", value, SMALLEST)
    generator = named_generator(seed, "dose search", "prior")
    prior = prior_exposure(model, schedule, covariates, target.measure, generator, draws)
    _check_units(model, prior, doses, target)
    without = _attainment(prior, doses, target, covariates.index, value)
    if events is None:
        return DoseSearch(model, target, schedule, value, covariates, without, None, None, ())
    generator = named_generator(seed, "dose search", "posterior")
    given = draws_given_levels(model, events, generator, draws)
    posterior = drawn_exposure(
        model, schedule, covariates, given.effects, given.weights, target.measure, generator
    )
    same = posterior.shares(without.own["dose"].to_numpy(np.float64), target).within.mean()
    notes = tuple(posterior_notes(given, events))
    found = _attainment(posterior, doses, target, covariates.index, value)
    return DoseSearch(model, target, schedule, value, covariates, without, found, float(same), notes)


def _attainment(
    exposure: Exposure,
    doses: Sequence[float],
    target: ExposureTarget,
    patients: pd.Index,
    value: float | None,
) -> Attainment:
    return Attainment(
        target_attainment(exposure, doses, target),
        most_probable_dose(exposure, doses, target),
        own_doses(exposure, doses, target).set_axis(patients),
        None if value is None else pd.Series(dose_for_value(exposure, value), patients, name="dose"),
    )


def _check_model(model: KineticModel) -> None:
    if model.structure.elimination != "linear":
        raise ConfigError(
            f"{model.name} has saturable elimination, which this command does not compute; choose another model"
        )


def _check_units(
    model: KineticModel, exposure: Exposure, doses: Sequence[float], target: ExposureTarget
) -> None:
    medians = [np.median(exposure.quantile(np.full(exposure.patients, dose), 0.5)) for dose in doses]
    near = max(medians) * FAR > target.low and min(medians) < target.high * FAR
    if near or target.measure.startswith("t_above"):
        return
    from datamodules.exposure.metrics import measure_unit

    unit = measure_unit(model, target.measure)
    raise ConfigError(
        f"the doses give a median {target.measure} of {min(medians):.3g} to {max(medians):.3g} {unit}, and the target "
        f"is {target.low:g} to {target.high:g}; check the units: doses are in {model.dose_unit}"
    )
