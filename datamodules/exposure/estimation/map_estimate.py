"""The most probable random effects of each patient (maximum a posteriori), all patients at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
from datamodules.exposure.estimation.residual import deviance
from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["MapEstimate", "map_estimate", "objective_of", "other_modes", "predicted_at"]

Objective = Callable[[Tensor], Tensor]

FIELDS = ("effects", "covariance", "objective", "gradient")

ITERATIONS = 100
GRADIENT = 1e-8
LARGEST_STEP = 1.0
PLACES_OF_TIMES, PLACES = (-2.0, -1.0, -0.5, 0.5, 1.0), (-1.0, 1.0)
"""Further starts of one effect, in standard deviations."""

WIDE = 0.4
"""Variance of an effect above which the objective may have several minima."""

TIMES = ("LAG", "DURATION")
"""Parameters that are times: where a dose begins or ends with a level, the slope of the objective jumps."""

BLOCK = 2000
"""Number of patients that are worked on at once."""

SMALLEST_SHARE = 1e-9
"""Smallest part of a step that is tried."""

STANDSTILL, STANDSTILL_TIMED = 1e-9, 1e-3
"""Decrease of the objective at which a shortened step is the last; near a jump of the slope, steps are short."""

BRACKET, SECTIONS, GOLDEN = 0.02, 25, (5**0.5 - 1) / 2
"""A search along one effect: its half width, its number of sections, and the golden ratio."""


@dataclass(frozen=True)
class MapEstimate:
    """Modes of n patients.

    Parameters
    ----------
    effects
        (n, q) random effects.
    covariance
        (n, q, q): twice the inverse of the Hessian of `objective`, the covariance of the normal approximation.
    objective
        (n,): deviance of the levels plus the squared length of the effects, in the metric of omega.
    gradient
        (n,): largest absolute entry of the gradient; without the entry of a time where the gradient jumps.
    """

    effects: Tensor
    covariance: Tensor
    objective: Tensor
    gradient: Tensor


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
    rows = torch.nonzero(~_converged(best))[:, 0]
    if len(rows):
        best = _better(best, rows, _best_of(model, records.take(rows), torch.stack([spread, -spread])))
    for k in _positions(model, lambda name, _: name in TIMES):
        rows = torch.nonzero(~_converged(best))[:, 0]
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


def _converged(found: MapEstimate) -> Tensor:
    return found.gradient < 100 * _tolerance(found.objective)


def _tolerance(objective: Tensor) -> Tensor:
    """Largest gradient of a mode; large objectives have fewer digits after the point."""
    return GRADIENT * (objective.abs() / 1000).clamp(min=1.0)


def _better(best: MapEstimate, rows: Tensor, other: MapEstimate) -> MapEstimate:
    improved = other.objective < best.objective[rows]
    places = rows[improved]
    fields = {name: value.clone() for name, value in vars(best).items()}
    for name, value in fields.items():
        value[places] = getattr(other, name)[improved]
    return MapEstimate(**fields)


def _newton(model: KineticModel, records: Records, start: Tensor, fixed: int | None = None) -> MapEstimate:
    """Minimise from a start, without changing the effect at the position `fixed`."""
    effects = start.clone()
    standstill = STANDSTILL_TIMED if set(TIMES) & set(model.random_parameters) else STANDSTILL
    objective = objective_of(model, records)
    value = objective(effects)
    slope, curvature = derivatives(objective, effects)
    active = torch.arange(len(records))
    for _ in range(ITERATIONS):
        free = _without(slope[active], fixed)
        active = active[free.abs().amax(1) > _tolerance(value[active])]
        if not len(active):
            break
        part = records.take(active)
        step = _step(_without(slope[active], fixed), curvature[active], fixed)
        moved, reached = _line_search(model, part, effects[active], value[active], step)
        shortened = (moved - effects[active]).abs().amax(1) < 0.9 * step.abs().amax(1)
        stopped = shortened & (value[active] - reached < standstill)
        effects[active], value[active] = moved, reached
        slope[active], curvature[active] = derivatives(objective_of(model, part), moved)
        active = active[~stopped]
    covariance = 2 * torch.linalg.inv(_positive(curvature))
    return MapEstimate(effects, covariance, value, _without(slope, fixed).abs().amax(1))


def _without(slope: Tensor, fixed: int | None) -> Tensor:
    if fixed is None:
        return slope
    return slope.index_fill(1, torch.tensor([fixed]), 0.0)


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


def derivatives(objective: Objective, effects: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient (n, q) and Hessian (n, q, q) of each patient's objective."""
    at = effects.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(objective(at).sum(), at, create_graph=True)
    rows = [torch.autograd.grad(slope[:, k].sum(), at, retain_graph=True)[0] for k in range(effects.shape[1])]
    return slope.detach(), torch.stack(rows, 1)


def _positive(curvature: Tensor) -> Tensor:
    """Make each Hessian positive definite by the absolute values of its eigenvalues."""
    values, vectors = torch.linalg.eigh((curvature + curvature.mT) / 2)
    floor = values.abs().amax(-1, keepdim=True) * 1e-8
    positive: Tensor = (vectors * torch.maximum(values.abs(), floor)[..., None, :]) @ vectors.mT
    return positive


def _step(slope: Tensor, curvature: Tensor, fixed: int | None) -> Tensor:
    if fixed is not None:
        curvature = curvature.clone()
        curvature[:, fixed, :] = curvature[:, :, fixed] = 0.0
        curvature[:, fixed, fixed] = 1.0
    step: Tensor = -torch.linalg.solve(_positive(curvature), slope[..., None])[..., 0]
    longest: Tensor = step.abs().amax(1, keepdim=True)
    return step * (LARGEST_STEP / longest.clamp(min=LARGEST_STEP))


def _line_search(
    model: KineticModel, records: Records, effects: Tensor, value: Tensor, step: Tensor
) -> tuple[Tensor, Tensor]:
    """Halve the steps of patients whose objective would rise."""
    best, reached = effects.clone(), value.clone()
    rows, share = torch.arange(len(effects)), 1.0
    with torch.no_grad():
        while len(rows) and share > SMALLEST_SHARE:
            part = records if len(rows) == len(records) else records.take(rows)
            moved = effects[rows] + share * step[rows]
            new = objective_of(model, part)(moved)
            fine = new <= value[rows] + 1e-12 * value[rows].abs()
            best[rows[fine]], reached[rows[fine]] = moved[fine], new[fine]
            rows, share = rows[~fine], share / 2
    return best, reached
