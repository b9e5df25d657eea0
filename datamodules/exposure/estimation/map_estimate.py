"""The most probable random effects of each patient (maximum a posteriori), all patients at once."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from datamodules.exposure.compartments.parameters import (
    effects_size,
    individual_values,
    omega_of,
    typical_values_at,
)
from datamodules.exposure.compartments.predictions import Predicted, predict_records
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.estimation.newton import MapEstimate, Objective, has_converged, minimise
from datamodules.exposure.estimation.residual import deviance
from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["map_estimate", "objective_of", "other_modes", "predicted_at"]

FIELDS = ("effects", "covariance", "objective", "gradient")

PLACES_OF_TIMES, PLACES = (-2.0, -1.0, -0.5, 0.5, 1.0), (-1.0, 1.0)
"""Further starts of one effect, in standard deviations."""

WIDE = 0.4
"""Variance of an effect above which the objective may have several minima."""

TIMES = ("LAG", "DURATION")
"""Parameters that are times: where a dose begins or ends with a level, the slope of the objective jumps."""

BLOCK = 2000
"""Number of patients that are worked on at once."""

STANDSTILL, STANDSTILL_TIMED = 1e-9, 1e-3
"""Decrease of the objective at which a shortened step is the last; near a jump of the slope, steps are short."""

BRACKET, SECTIONS, GOLDEN = 0.02, 25, (5**0.5 - 1) / 2
"""A search along one effect: its half width, its number of sections, and the golden ratio."""


def predicted_at(model: KineticModel, records: Records, effects: Tensor) -> Predicted:
    """Predict the records of patients.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with r records.
    effects
        (n, q) random effects.

    Returns
    -------
    Predicted
        Levels and areas, (n, r).
    """
    values = individual_values(model, records, typical_values_at(model, records), effects)
    return predict_records(model, records, values)


def objective_of(model: KineticModel, records: Records) -> Objective:
    """Return the function of (n, q) effects that the mode minimises, one value per patient.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.

    Returns
    -------
    Objective
        sum((y - f)^2 / v + log v) + eta' omega^-1 eta, with the variance v at the individual prediction f.
    """
    typical = typical_values_at(model, records)
    precision = torch.linalg.inv(omega_of(model, records))

    def objective(effects: Tensor) -> Tensor:
        predicted = predict_records(model, records, individual_values(model, records, typical, effects))
        prior: Tensor = ((effects @ precision) * effects).sum(1)
        return prior + deviance(model.residual, records, predicted.level)

    return objective


def map_estimate(model: KineticModel, records: Records) -> MapEstimate:
    """Find the mode of each patient by damped Newton steps.

    Parameters
    ----------
    model
        The population model.
    records
        n patients; those without a level have effects of 0 and the covariance omega.

    Returns
    -------
    MapEstimate
        The best of several starts: for all patients where the objective may have several minima, because a lag or the
        duration of an infusion varies or the variance of an effect is large, otherwise for patients whose gradient does
        not vanish from the first start.
    """
    starts = _starts(model, effects_size(model, records))
    best = _best_of(model, records, starts)
    spread = torch.sqrt(torch.diagonal(omega_of(model, records)))
    rows = torch.nonzero(~has_converged(best))[:, 0]
    if len(rows):
        best = _better(best, rows, _best_of(model, records.take(rows), torch.stack([spread, -spread])))
    for k in _positions(model, lambda name, _: name in TIMES):
        rows = torch.nonzero(~has_converged(best))[:, 0]
        if len(rows):
            best = _better(best, rows, _along(model, records.take(rows), best.effects[rows], k))
    return best


def other_modes(model: KineticModel, records: Records) -> list[MapEstimate]:
    """Minimise from each further start, where the objective may have several minima.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.

    Returns
    -------
    list[MapEstimate]
        One minimum of each patient per start; minima may be equal. Empty where one minimum is expected.
    """
    starts = _starts(model, effects_size(model, records))[1:]
    if not len(starts):
        return []
    parts = [_from_each(model, records.take(rows), starts) for rows in _blocks(len(records), len(starts))]
    return [
        MapEstimate(**{name: torch.cat([vars(part)[name][:, k] for part in parts]) for name in FIELDS})
        for k in range(len(starts))
    ]


def _blocks(patients: int, starts: int) -> tuple[Tensor, ...]:
    return torch.split(torch.arange(patients), max(1, BLOCK // starts))


def _from_each(model: KineticModel, records: Records, starts: Tensor) -> MapEstimate:
    """Minimise from each of (s, q) starts; the fields of the result begin with (n, s)."""
    found = _newton(model, records.repeat(len(starts)), starts.repeat(len(records), 1))
    return MapEstimate(
        **{name: value.unflatten(0, (len(records), len(starts))) for name, value in vars(found).items()}
    )


def _best_of(model: KineticModel, records: Records, starts: Tensor) -> MapEstimate:
    """Minimise from each start, in blocks of patients, and keep the best mode of each patient."""
    parts = []
    for rows in _blocks(len(records), len(starts)):
        found = _from_each(model, records.take(rows), starts)
        best = found.objective.argmin(1)
        parts.append({name: value[torch.arange(len(rows)), best] for name, value in vars(found).items()})
    return MapEstimate(**{name: torch.cat([part[name] for part in parts]) for name in FIELDS})


def _starts(model: KineticModel, size: int) -> Tensor:
    """Return no effects at all, and starts with one effect that is not 0."""
    starts = [torch.zeros(size, dtype=torch.float64)]
    for k in _positions(model, lambda name, variance: name in TIMES or variance > WIDE):
        for place in PLACES_OF_TIMES if model.random_parameters[k] in TIMES else PLACES:
            starts.append(torch.zeros(size, dtype=torch.float64))
            starts[-1][k] = place * model.omega[k, k] ** 0.5
    return torch.stack(starts)


def _positions(model: KineticModel, chosen: Callable[[str, float], bool]) -> list[int]:
    return [k for k, name in enumerate(model.random_parameters) if chosen(name, float(model.omega[k, k]))]


def _better(best: MapEstimate, rows: Tensor, other: MapEstimate) -> MapEstimate:
    improved = other.objective < best.objective[rows]
    places = rows[improved]
    fields = {name: value.clone() for name, value in vars(best).items()}
    for name, value in fields.items():
        value[places] = getattr(other, name)[improved]
    return MapEstimate(**fields)


def _newton(model: KineticModel, records: Records, start: Tensor, fixed: int | None = None) -> MapEstimate:
    """Minimise from a start, without changing the effect at the position `fixed`."""
    standstill = STANDSTILL_TIMED if set(TIMES) & set(model.random_parameters) else STANDSTILL

    def objective_at(rows: Tensor) -> Objective:
        part = records if len(rows) == len(records) else records.take(rows)
        return objective_of(model, part)

    return minimise(objective_at, start, standstill, fixed)


def _along(model: KineticModel, records: Records, effects: Tensor, k: int) -> MapEstimate:
    """Minimise where the slope of the objective jumps: at an effect at which a dose begins or ends with a level.

    A search by golden sections over the effect at position `k`; the other effects are at their best for it.
    """
    low, high = effects[:, k] - BRACKET, effects[:, k] + BRACKET

    def best_at(value: Tensor, start: Tensor) -> MapEstimate:
        moved = start.clone()
        moved[:, k] = value
        return _newton(model, records, moved, k)

    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = best_at(left, effects), best_at(right, effects)
    for _ in range(SECTIONS):
        down = at_left.objective < at_right.objective
        low, high = torch.where(down, low, left), torch.where(down, right, high)
        new = torch.where(down, high - GOLDEN * (high - low), low + GOLDEN * (high - low))
        left, right = torch.where(down, new, right), torch.where(down, left, new)
        kept = _merged(at_left, at_right, down)
        found = best_at(new, kept.effects)
        at_left, at_right = _merged(found, kept, down), _merged(kept, found, down)
    return _merged(at_left, at_right, at_left.objective < at_right.objective)


def _merged(one: MapEstimate, other: MapEstimate, first: Tensor) -> MapEstimate:
    fields = {
        name: torch.where(first.reshape(-1, *(1,) * (value.dim() - 1)), value, getattr(other, name))
        for name, value in vars(one).items()
    }
    return MapEstimate(**fields)
