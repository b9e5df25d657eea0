"""The most probable random effects of each patient (maximum a posteriori), all patients at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import grad, jvp, vmap

from datamodules.exposure.kinetic_model import KineticModel
from datamodules.exposure.parameters import effects_size, individual_values, omega_of, typical_values_at
from datamodules.exposure.predictions import Predicted, predict_records
from datamodules.exposure.records import Records
from datamodules.exposure.residual import deviance

__all__ = ["MapEstimate", "map_estimate", "objective_of", "predicted_at"]

Objective = Callable[[Tensor], Tensor]

ITERATIONS = 100
GRADIENT = 1e-8
LARGEST_STEP = 1.0
STARTS = 3


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
        (n,): largest absolute entry of the gradient.
    """

    effects: Tensor
    covariance: Tensor
    objective: Tensor
    gradient: Tensor


def predicted_at(model: KineticModel, records: Records, effects: Tensor) -> Predicted:
    """Predict the records of patients for their random effects.

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
        The best of several starts for patients whose gradient does not vanish from the first.
    """
    size = effects_size(model, records)
    start = torch.zeros(len(records), size, dtype=torch.float64)
    best = _newton(model, records, start)
    for attempt in range(1, STARTS):
        stuck = torch.nonzero(best.gradient > GRADIENT * 100)[:, 0]
        if not len(stuck):
            break
        sign = 1.0 if attempt % 2 else -1.0
        moved = sign * torch.sqrt(torch.diagonal(omega_of(model, records))).expand(len(stuck), size)
        best = _better(best, stuck, _newton(model, records.take(stuck), moved))
    return best


def _better(best: MapEstimate, rows: Tensor, other: MapEstimate) -> MapEstimate:
    improved = other.objective < best.objective[rows]
    places = rows[improved]
    fields = {name: value.clone() for name, value in vars(best).items()}
    for name, value in fields.items():
        value[places] = getattr(other, name)[improved]
    return MapEstimate(**fields)


def _newton(model: KineticModel, records: Records, start: Tensor) -> MapEstimate:
    effects = start.clone()
    objective = objective_of(model, records)
    value = objective(effects)
    slope, curvature = derivatives(objective, effects)
    active = torch.arange(len(records))
    for _ in range(ITERATIONS):
        active = active[slope[active].abs().amax(1) > GRADIENT]
        if not len(active):
            break
        part = objective_of(model, records.take(active))
        step = _step(slope[active], curvature[active])
        moved, reached = _line_search(part, effects[active], value[active], step)
        changed = (moved != effects[active]).any(1)
        effects[active], value[active] = moved, reached
        slope[active], curvature[active] = derivatives(part, moved)
        active = active[changed]
    covariance = 2 * torch.linalg.inv(_positive(curvature))
    return MapEstimate(effects, covariance, value, slope.abs().amax(1))


def derivatives(objective: Objective, effects: Tensor) -> tuple[Tensor, Tensor]:
    """Gradient (n, q) and Hessian (n, q, q) of each patient's objective."""

    def slope(at: Tensor) -> Tensor:
        found: Tensor = grad(lambda x: objective(x).sum())(at)
        return found

    directions = torch.eye(effects.shape[1], dtype=effects.dtype)

    def along(direction: Tensor) -> tuple[Tensor, Tensor]:
        value, change = jvp(slope, (effects,), (direction.expand_as(effects),))[:2]
        return value, change

    slopes, curvature = vmap(along)(directions)
    return slopes[0], curvature.permute(1, 0, 2)


def _positive(curvature: Tensor) -> Tensor:
    """Make each Hessian positive definite by the absolute values of its eigenvalues."""
    values, vectors = torch.linalg.eigh((curvature + curvature.mT) / 2)
    floor = values.abs().amax(-1, keepdim=True) * 1e-8
    positive: Tensor = (vectors * torch.maximum(values.abs(), floor)[..., None, :]) @ vectors.mT
    return positive


def _step(slope: Tensor, curvature: Tensor) -> Tensor:
    step: Tensor = -torch.linalg.solve(_positive(curvature), slope[..., None])[..., 0]
    longest: Tensor = step.abs().amax(1, keepdim=True)
    return step * (LARGEST_STEP / longest.clamp(min=LARGEST_STEP))


def _line_search(objective: Objective, effects: Tensor, value: Tensor, step: Tensor) -> tuple[Tensor, Tensor]:
    """Halve the steps of patients whose objective would rise."""
    share = torch.ones(len(effects), dtype=effects.dtype)
    best, reached = effects, value
    for _ in range(30):
        moved = effects + share[:, None] * step
        new = objective(moved)
        fine = new <= value + 1e-12 * value.abs()
        best = torch.where(fine[:, None], moved, best)
        reached = torch.where(fine, new, reached)
        if bool(fine.all()):
            break
        share = torch.where(fine, share, share / 2)
    return best, reached
