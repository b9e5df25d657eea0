"""Measures of exposure: areas under the curve, troughs, peaks and times above a level."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.exposure.compartments.parameters import (
    TIME,
    effects_size,
    individual_values,
    typical_values_at,
)
from datamodules.exposure.compartments.predictions import Predicted, predict_records
from datamodules.exposure.compartments.records import Records, records_of
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import Regimen, regimen_events
from omics.common.errors import ConfigError

__all__ = ["DAY", "FIRST", "STEADY", "check_metrics", "draws_at", "measure_unit", "metric_draws"]

STEADY = ("auc24_ss", "cmin_ss", "cmax_ss", "cavg_ss")
FIRST = ("auc24_first", "cmin_first", "cmax_first")
ABOVE = re.compile(r"t_above_(\d+(?:\.\d+)?)_(ss|first)")

DAY = {"hours": 24.0, "days": 1.0}
"""One day in each time unit."""

POINTS = 48
"""Number of times in an interval at which a peak or a time above a level is looked for."""

LATE = 1e6
"""Time since the first dose that counts at steady state: a clearance that changes has its late value."""

BLOCK = 8000
"""Number of draws that are predicted at once, which then stay in the cache of a processor."""


@dataclass(frozen=True)
class _Profile:
    """Levels (n, s, g) at times from just after a dose to the end of an interval, and the area (n, s) over it."""

    level: Tensor
    area: Tensor


def check_metrics(names: tuple[str, ...]) -> None:
    """Raise a ConfigError for a measure of exposure that is not known."""
    for name in names:
        if name not in {*STEADY, *FIRST} and not ABOVE.fullmatch(name):
            known = ", ".join((*FIRST, *STEADY, "t_above_LEVEL_ss", "t_above_LEVEL_first"))
            raise ConfigError(f"metrics has {name}; write any of {known}")


def measure_unit(model: KineticModel, measure: str) -> str:
    """Return the unit of a measure of exposure.

    Parameters
    ----------
    model
        The model, with its units.
    measure
        Measure of exposure.

    Returns
    -------
    str
        Such as mg/L x h.
    """
    if measure.startswith("t_above"):
        return "of the time"
    time = "h" if model.time_unit == "hours" else "days"
    return model.level_unit if measure.startswith("c") else f"{model.level_unit} x {time}"


def draws_at(model: KineticModel, records: Records, effects: Tensor) -> Predicted:
    """Predict records for several draws of each patient.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with r records.
    effects
        (n, s, q); effects of occasions that `records` does not have are left out, missing ones are 0.

    Returns
    -------
    Predicted
        Levels and areas, (n, s, r).
    """
    size, count, _ = effects.shape
    wanted = effects_size(model, records)
    fitting = torch.nn.functional.pad(effects, (0, max(0, wanted - effects.shape[2])))[..., :wanted]
    patients = max(1, BLOCK // count)
    parts = []
    with torch.no_grad():
        for first in range(0, size, patients):
            rows = torch.arange(first, min(first + patients, size))
            part = records.take(rows).repeat(count)
            values = individual_values(
                model, part, typical_values_at(model, part), fitting[rows].reshape(len(part), wanted)
            )
            parts.append(predict_records(model, part, values))
    level, area = (torch.cat(values).reshape(size, count, -1) for values in zip(*parts, strict=True))
    return Predicted(level, area)


def metric_draws(
    model: KineticModel, regimen: Regimen, covariates: pd.DataFrame, effects: Tensor, names: tuple[str, ...]
) -> dict[str, Tensor]:
    """Measures of exposure under one regimen, for draws of each patient's random effects.

    Parameters
    ----------
    model
        The population model.
    regimen
        The dose and its interval.
    covariates
        One row per patient, in the units of the model.
    effects
        (n, s, q) random effects between patients; those of occasions count as 0.
    names
        Any of FIRST (the first day, or the first interval for a trough or peak), STEADY (steady state; an area is per
        day), ``t_above_LEVEL_first`` and ``t_above_LEVEL_ss`` (share of the first day or of an interval).

    Returns
    -------
    dict[str, Tensor]
        Name -> (n, s), in the unit of the levels, times the time unit for an area.
    """
    doses = regimen.doses(covariates)
    return measures_of(model, doses, doses, covariates, covariates, effects, names)


def measures_of(
    model: KineticModel,
    first: pd.DataFrame,
    last: pd.DataFrame,
    first_covariates: pd.DataFrame,
    last_covariates: pd.DataFrame,
    effects: Tensor,
    names: tuple[str, ...],
) -> dict[str, Tensor]:
    """Measures of exposure where each patient has a regimen of their own.

    Parameters
    ----------
    model
        The population model.
    first, last
        Doses of n patients (:data:`datamodules.exposure.regimen.DOSES`) for the measures of the first day, and for
        those at steady state.
    first_covariates, last_covariates
        Covariates that belong to them.
    effects
        (n, s, q).
    names
        As in :func:`metric_draws`.

    Returns
    -------
    dict[str, Tensor]
        Name -> (n, s).
    """
    check_metrics(names)
    between = effects[..., : len(model.random_parameters)]
    day = DAY[model.time_unit]
    profiles: dict[str, _Profile] = {}
    points = POINTS if any(name.startswith(("cmax", "t_above")) for name in names) else 1
    if any(name.endswith("_first") for name in names):
        whole_day = np.full(len(first), day)
        interval = first["interval"].fillna(day).to_numpy(float)
        known = first.assign(interval=interval)
        profiles["day"] = _profile(
            model, known, first_covariates, between, whole_day, points, steady_state=False
        )
        profiles["first"] = _profile(
            model, known, first_covariates, between, interval, points, steady_state=False
        )
    if any(name.endswith("_ss") for name in names):
        interval = last["interval"].to_numpy(float)
        profiles["ss"] = _profile(model, last, last_covariates, between, interval, points, steady_state=True)
    period = torch.from_numpy(last["interval"].to_numpy(float))[:, None]
    return {name: _measure(name, profiles, period, day) for name in names}


def _measure(name: str, profiles: dict[str, _Profile], interval: Tensor, day: float) -> Tensor:
    above = ABOVE.fullmatch(name)
    if above:
        profile = profiles["ss" if above[2] == "ss" else "day"]
        return (profile.level > float(above[1])).double().mean(-1)
    match name:
        case "auc24_first":
            return profiles["day"].area
        case "auc24_ss":
            return profiles["ss"].area * day / interval
        case "cavg_ss":
            return profiles["ss"].area / interval
        case _:
            profile = profiles[name.rsplit("_", 1)[1]]
            return profile.level[..., -1] if name.startswith("cmin") else profile.level.amax(-1)


def _profile(
    model: KineticModel,
    doses: pd.DataFrame,
    covariates: pd.DataFrame,
    effects: Tensor,
    length: NDArray[np.float64],
    points: int,
    *,
    steady_state: bool,
) -> _Profile:
    """Levels and areas over a time that begins with a dose; the end of its infusion is one of the times."""
    grid = np.linspace(0, 1, points + 1) * length[:, None]
    infusion = doses["infusion"].to_numpy(float)
    ends = np.where((infusion > 0) & (infusion < length), infusion, length)
    times = np.sort(np.concatenate([grid, ends[:, None]], axis=1), axis=1)
    at = covariates.assign(**{TIME: LATE}) if steady_state else covariates
    events = regimen_events(doses, at, times, steady_state=steady_state)
    predicted = draws_at(model, records_of(events), effects)
    if not bool(predicted.level.isfinite().all()):
        raise ConfigError(
            f"{model.name} has no steady state of some doses, which are more than VMAX removes; ask for measures of "
            "the first day, or for smaller doses"
        )
    return _Profile(predicted.level[..., 1:], predicted.area[..., -1] - predicted.area[..., 0])
