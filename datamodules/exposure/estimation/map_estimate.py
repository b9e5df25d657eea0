"""The most probable random effects of each patient (maximum a posteriori), all patients at once."""

from __future__ import annotations

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
from datamodules.exposure.estimation.starts import (
    TIMES,
    across_jumps,
    best_apart,
    exchangeable,
    exchanged,
    fixed_starts,
    points_of_prior,
    several_minima,
    timed_positions,
)
from datamodules.exposure.published.kinetic_model import KineticModel
from omics.common.errors import ConfigError

__all__ = ["map_estimate", "objective_of", "other_modes", "predicted_at"]

FIELDS = ("effects", "covariance", "objective", "gradient")

BLOCK, POINTS_BLOCK = 2000, 30
"""Number of searches that are made at once, and of patients whose points of the prior are tried at once."""

ROUNDS, SAME = 3, 1e-8
"""Number of times that the search goes on beside a better mode, and the difference of objectives that makes it so."""

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
        The lowest minimum that is found. Where the objective may have several, because a lag or the duration of an
        infusion varies or the variance of an effect is large, the search begins at the best of many points of the
        prior, then goes on beyond the nearest jumps of the slope and where rates are exchanged. Otherwise there are
        further starts only for patients whose gradient does not vanish from the first one.

    Raises
    ------
    ConfigError
        A dose at steady state is more than saturable elimination removes at the typical values of a patient.
    """
    _require_steady_states(model, records)
    best = _best_of(model, records, _first_starts(model, records))
    rows = torch.arange(len(records) if several_minima(model) else 0)
    for _ in range(ROUNDS):
        reached = best.objective[rows]
        best = _beside(model, records, best, rows)
        rows = rows[best.objective[rows] < reached - SAME]
    spread = torch.sqrt(torch.diagonal(omega_of(model, records)))
    rows = torch.nonzero(~has_converged(best))[:, 0]
    if len(rows):
        either_way = torch.stack([spread, -spread]).expand(len(rows), -1, -1)
        best = _better(best, rows, _best_of(model, records.take(rows), either_way))
    for k in timed_positions(model):
        rows = torch.nonzero(~has_converged(best))[:, 0]
        if len(rows):
            best = _better(best, rows, _along(model, records.take(rows), best.effects[rows], k))
    return best


def _require_steady_states(model: KineticModel, records: Records) -> None:
    saturable = model.structure.elimination == "michaelis_menten"
    if not saturable or not bool((records.doses.steady_state > 0).any()):
        return
    with torch.no_grad():
        typical = torch.zeros(len(records), effects_size(model, records), dtype=torch.float64)
        lost = ~objective_of(model, records)(typical).isfinite()
    for patient in records.patients[lost.numpy()][:1]:
        raise ConfigError(
            f"patient {patient} receives more at steady state than VMAX removes; correct AMT, II or VMAX, or write "
            "the doses out (ADDL)"
        )


def other_modes(model: KineticModel, records: Records, mode: MapEstimate) -> list[MapEstimate]:
    """Find further minima, where the objective may have several.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.
    mode
        Their modes.

    Returns
    -------
    list[MapEstimate]
        One minimum of each patient per start: with one effect that is not 0, and with exchanged rates. Minima may be
        equal. Empty where one minimum is expected.
    """
    fixed = fixed_starts(model, effects_size(model, records))
    starts = fixed.expand(len(records), -1, -1)
    if exchangeable(model):
        starts = torch.cat([starts, exchanged(model, records, mode.effects)[:, None]], 1)
    count = starts.shape[1]
    if not count:
        return []
    parts = [_from_each(model, records.take(rows), starts[rows]) for rows in _blocks(len(records), count)]
    return [
        MapEstimate(**{name: torch.cat([vars(part)[name][:, k] for part in parts]) for name in FIELDS})
        for k in range(count)
    ]


def _blocks(patients: int, starts: int) -> tuple[Tensor, ...]:
    return torch.split(torch.arange(patients), max(1, BLOCK // starts))


def _from_each(
    model: KineticModel, records: Records, starts: Tensor, fixed: int | None = None
) -> MapEstimate:
    """Minimise from each of (n, s, q) starts; the fields of the result begin with (n, s)."""
    size, count = starts.shape[:2]
    found = _newton(model, records.repeat(count), starts.flatten(0, 1), fixed)
    return MapEstimate(**{name: value.unflatten(0, (size, count)) for name, value in vars(found).items()})


def _best_of(
    model: KineticModel, records: Records, starts: Tensor, first_fixed: int | None = None
) -> MapEstimate:
    """Minimise from each of (n, s, q) starts, in blocks of patients, and keep the best mode of each patient.

    At first the effect at the position `first_fixed` keeps its value.
    """
    parts = []
    for rows in _blocks(len(records), starts.shape[1]):
        part, block = records.take(rows), starts[rows]
        if first_fixed is not None:
            block = _from_each(model, part, block, first_fixed).effects
        found = _from_each(model, part, block)
        best = found.objective.argmin(1)
        parts.append({name: value[torch.arange(len(rows)), best] for name, value in vars(found).items()})
    return MapEstimate(**{name: torch.cat([part[name] for part in parts]) for name in FIELDS})


def _first_starts(model: KineticModel, records: Records) -> Tensor:
    """No effects at all and, where the objective may have several minima, the best of many points; (n, s, q)."""
    size = effects_size(model, records)
    none = torch.zeros(len(records), 1, size, dtype=torch.float64)
    if not several_minima(model):
        return none
    unit = points_of_prior(size)
    points = unit @ torch.linalg.cholesky(omega_of(model, records)).mT
    chosen = []
    for rows in torch.split(torch.arange(len(records)), POINTS_BLOCK):
        part = records.take(rows).repeat(len(points))
        with torch.no_grad():
            values = objective_of(model, part)(points.repeat(len(rows), 1)).reshape(len(rows), -1)
        chosen.append(points[best_apart(values, unit)])
    return torch.cat([none, torch.cat(chosen)], 1)


def _beside(model: KineticModel, records: Records, best: MapEstimate, rows: Tensor) -> MapEstimate:
    """Go on, for some patients, beyond jumps of the slope and where rates are exchanged."""
    part, effects = records.take(rows), best.effects[rows]
    for k in timed_positions(model) if len(rows) else []:
        best = _better(best, rows, _best_of(model, part, across_jumps(model, part, effects, k), k))
    if exchangeable(model) and len(rows):
        best = _better(best, rows, _best_of(model, part, exchanged(model, part, effects)[:, None]))
    return best


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
