"""Exposure of the patients of a cohort, by the model that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from torch import Tensor

from datamodules.exposure.compartments.kinetics import compartments_of
from datamodules.exposure.compartments.records import PAST, records_of, up_to_last_level
from datamodules.exposure.estimation.prior_check import check_levels
from datamodules.exposure.individual import (
    IndividualExposure,
    Window,
    individual_exposure,
    moment_tables,
    within_window,
)
from datamodules.exposure.metrics import check_metrics
from datamodules.exposure.published.computed_covariates import COMPUTED
from datamodules.exposure.published.kinetic_model import KineticModel, parse_model
from datamodules.exposure.published.library import find_model
from datamodules.exposure.target_check import check_targets
from omics.cohort.read import events_of, exposure_model_text, exposure_spec
from omics.cohort.spec import ExposureSpec
from omics.common.seeds import named_generator
from omics.events.event_notes import (
    EventNote,
    check_compartments,
    check_late_doses,
    check_rates,
    covariate_notes,
)
from omics.events.event_table import HOURS, EventTable

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "check_exposure",
    "cohort_exposure",
    "cohort_model",
    "log_draws",
    "logarithm_of",
    "on_log_scale",
    "range_notes",
    "scale_name",
    "window_of",
]

DRAWS = 2000
SMALLEST = 1e-12
"""Measures below this count as this on the logarithmic scale."""

SHARE = "t_above"
"""Start of the name of a measure that is a share of time."""

_LAST: dict[tuple[str, str, bytes, int], IndividualExposure] = {}
"""The last estimate, with what it was made from: a run needs it for the view and for its tables."""


def cohort_model(cohort: MuData) -> KineticModel | None:
    """Read the kinetic model that a cohort names; None for a cohort without the block ``exposure``."""
    spec = exposure_spec(cohort)
    if spec is None:
        return None
    text = exposure_model_text(cohort)
    return find_model(spec.model) if text is None else parse_model(text, spec.model)


def cohort_exposure(cohort: MuData, refitted: KineticModel | None = None) -> IndividualExposure | None:
    """Estimate the exposure of a cohort's patients from their doses and levels.

    Parameters
    ----------
    cohort
        A cohort whose ``cohort.yaml`` has the block ``exposure``.
    refitted
        A model that counts instead of that of the cohort.

    Returns
    -------
    IndividualExposure or None
        Each patient's values rest on their own doses, levels and covariates and on the model, so that the outcome does
        not matter; with a published model other patients do not matter either. None for a cohort without doses.

    Raises
    ------
    CohortError
        A covariate of the model is missing, a compartment is unknown, or the levels are in another unit.
    """
    spec, events, model = exposure_spec(cohort), events_of(cohort), refitted or cohort_model(cohort)
    if spec is None or events is None or model is None:
        return None
    events = events.in_unit(model.time_unit)
    contents = pd.util.hash_pandas_object(events.table).to_numpy().tobytes()
    key = (repr(spec), model.model_dump_json(), contents, DRAWS)
    if key not in _LAST:
        check_exposure(spec, events, model)
        generator = named_generator(0, "exposure", model.name)
        found = individual_exposure(model, events, spec.metrics, window_of(spec, model), generator, DRAWS)
        _LAST.clear()
        _LAST[key] = found
    return _LAST[key]


def check_exposure(spec: ExposureSpec, events: EventTable, model: KineticModel) -> list[EventNote]:
    """Check that the doses and levels of a cohort fit its model.

    Parameters
    ----------
    spec
        The block ``exposure`` of the cohort.
    events
        Doses and levels, in the time unit of the model.
    model
        The kinetic model.

    Returns
    -------
    list of EventNote
        Patients with covariates outside the range of the model.

    Raises
    ------
    ConfigError
        A measure of exposure is unknown.
    CohortError
        A compartment is unknown, a covariate or a parameter of the model is missing, or the levels or a target are in
        another unit.
    """
    file = spec.events or "the events"
    check_metrics(spec.metrics)
    check_compartments(events, compartments_of(model.structure)[1], file)
    check_rates(events, model.parameters, file)
    if "LAG" in model.parameters:
        check_late_doses(events, model.parameters["LAG"].typical, PAST, file)
    notes = range_notes(events, model, file)
    generator = named_generator(0, "prior check", model.name)
    check_levels(model, records_of(up_to_last_level(events)), generator, file)
    check_targets(spec.target, within_window(events, window_of(spec, model)), model, file)
    return notes


def window_of(spec: ExposureSpec, model: KineticModel) -> Window:
    """Return the window of exposure of a cohort.

    Parameters
    ----------
    spec
        The block ``exposure`` of the cohort.
    model
        The kinetic model.

    Returns
    -------
    Window
        A time is converted to the unit of the model.
    """
    if isinstance(spec.window, str):
        return spec.window
    return float(spec.window) * HOURS[spec.time_unit] / HOURS[model.time_unit]


def range_notes(events: EventTable, model: KineticModel, file: str = "the events") -> list[EventNote]:
    """Note the patients with covariates outside the range of the model.

    Parameters
    ----------
    events
        Doses and levels.
    model
        The population model.
    file
        Named in errors.

    Returns
    -------
    list of EventNote
        One note per patient and covariate.

    Raises
    ------
    CohortError
        A covariate of the model is missing.
    """
    given = {*events.covariates}
    needed = {n: (c.low, c.high) for n, c in model.covariates.items() if n in given or n not in COMPUTED}
    return covariate_notes(events, needed, file)


def on_log_scale(exposure: IndividualExposure) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return posterior means and standard deviations of the logarithms of measures; shares stay as they are."""
    return moment_tables(exposure.posterior, log_draws(exposure), exposure.mean.index)


def log_draws(exposure: IndividualExposure) -> dict[str, Tensor]:
    """Return the draws on the scale of the view ``exposure``: logarithms, with ``log_`` in their name, or shares."""
    return {scale_name(name): logarithm_of(name, draws) for name, draws in exposure.draws.items()}


def scale_name(measure: str) -> str:
    """Return the name of a measure in the view ``exposure``: with ``log_`` before it, unless it is a share of time."""
    return measure if measure.startswith(SHARE) else f"log_{measure}"


def logarithm_of(measure: str, values: Tensor) -> Tensor:
    """Return the values of a measure on the scale of the view ``exposure``.

    Parameters
    ----------
    measure
        Name of the measure.
    values
        Values of any shape.

    Returns
    -------
    Tensor
        Logarithms; a share of time stays as it is.
    """
    return values if measure.startswith(SHARE) else values.clamp(min=SMALLEST).log()
