"""Minimise one objective per patient by damped Newton steps, all patients at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["MapEstimate", "Objective", "derivatives", "has_converged", "minimise"]

Objective = Callable[[Tensor], Tensor]
"""Function of (n, q) effects, with one value per patient."""

ITERATIONS = 100
GRADIENT = 1e-8
LARGEST_STEP = 1.0

SMALLEST_SHARE = 1e-9
"""Smallest part of a step that is tried."""

STANDSTILL = 1e-9
"""Decrease of the objective at which a shortened step is the last."""


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
        (n,): deviance of the measurements plus the squared length of the effects, in the metric of omega.
    gradient
        (n,): largest absolute entry of the gradient; without the entry of a time where the gradient jumps.
    """

    effects: Tensor
    covariance: Tensor
    objective: Tensor
    gradient: Tensor


def minimise(
    objective_of: Callable[[Tensor], Objective],
    start: Tensor,
    standstill: float = STANDSTILL,
    fixed: int | None = None,
) -> MapEstimate:
    """Find a minimum for each patient.

    Parameters
    ----------
    objective_of
        Positions of patients -> the objective of these patients.
    start
        (n, q) effects.
    standstill
        Decrease of the objective at which a shortened step is the last; larger where the slope jumps.
    fixed
        Position of an effect that stays as it is.

    Returns
    -------
    MapEstimate
        The minimum that is reached from `start`; its ``gradient`` tells whether it is one.
    """
    effects = start.clone()
    active = torch.arange(len(start))
    objective = objective_of(active)
    value = objective(effects)
    slope, curvature = derivatives(objective, effects)
    for _ in range(ITERATIONS):
        free = _without(slope[active], fixed)
        active = active[free.abs().amax(1) > _tolerance(value[active])]
        if not len(active):
            break
        step = _step(_without(slope[active], fixed), curvature[active], fixed)
        moved, reached = _line_search(objective_of, active, effects[active], value[active], step)
        shortened = (moved - effects[active]).abs().amax(1) < 0.9 * step.abs().amax(1)
        stopped = shortened & (value[active] - reached < standstill)
        effects[active], value[active] = moved, reached
        slope[active], curvature[active] = derivatives(objective_of(active), moved)
        active = active[~stopped]
    covariance = 2 * torch.linalg.inv(_positive(curvature))
    return MapEstimate(effects, covariance, value, _without(slope, fixed).abs().amax(1))


def has_converged(found: MapEstimate) -> Tensor:
    """Whether the gradient of each patient vanishes, (n,) bool."""
    return found.gradient < 100 * _tolerance(found.objective)


def derivatives(objective: Objective, effects: Tensor) -> tuple[Tensor, Tensor]:
    """Differentiate the objective of each patient.

    Parameters
    ----------
    objective
        The objective.
    effects
        (n, q) where.

    Returns
    -------
    tuple of Tensor
        Gradient (n, q) and Hessian (n, q, q).
    """
    at = effects.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(objective(at).sum(), at, create_graph=True)
    rows = [torch.autograd.grad(slope[:, k].sum(), at, retain_graph=True)[0] for k in range(effects.shape[1])]
    return slope.detach(), torch.stack(rows, 1)


def _tolerance(objective: Tensor) -> Tensor:
    """Largest gradient of a mode; large objectives have fewer digits after the point."""
    return GRADIENT * (objective.abs() / 1000).clamp(min=1.0)


def _without(slope: Tensor, fixed: int | None) -> Tensor:
    if fixed is None:
        return slope
    return slope.index_fill(1, torch.tensor([fixed]), 0.0)


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
    objective_of: Callable[[Tensor], Objective],
    patients: Tensor,
    effects: Tensor,
    value: Tensor,
    step: Tensor,
) -> tuple[Tensor, Tensor]:
    """Halve the steps of patients whose objective would rise."""
    best, reached = effects.clone(), value.clone()
    rows, share = torch.arange(len(effects)), 1.0
    with torch.no_grad():
        while len(rows) and share > SMALLEST_SHARE:
            moved = effects[rows] + share * step[rows]
            new = objective_of(patients[rows])(moved)
            fine = new <= value[rows] + 1e-12 * value[rows].abs()
            best[rows[fine]], reached[rows[fine]] = moved[fine], new[fine]
            rows, share = rows[~fine], share / 2
    return best, reached
