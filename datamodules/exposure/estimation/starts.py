"""Where searches for a mode begin, if the objective may have several minima."""

from __future__ import annotations

from collections.abc import Callable

import torch
from scipy.special import ndtri
from scipy.stats.qmc import Sobol
from torch import Tensor

from datamodules.exposure.compartments.dosing import arrivals_of
from datamodules.exposure.compartments.parameters import individual_values, typical_values_at
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = [
    "TIMES",
    "across_jumps",
    "best_apart",
    "exchangeable",
    "exchanged",
    "fixed_starts",
    "jumps_of_slope",
    "points_of_prior",
    "several_minima",
    "timed_positions",
]

TIMES = ("LAG", "DURATION")
"""Parameters that are times: where a dose begins or ends with a level, the slope of the objective jumps."""

WIDE = 0.4
"""Variance of an effect above which the objective may have several minima."""

PLACES_OF_TIMES, PLACES = (-2.0, -1.0, -0.5, 0.5, 1.0), (-1.0, 1.0)
"""Fixed starts of one effect, in standard deviations."""

POINTS, BEST, APART = 256, 3, 1.0
"""Points of the prior that are tried, how many of them are starts, and how far apart these are."""

FARTHEST = 3.0
"""Largest effect, in standard deviations, at which a search begins beyond a jump of the slope."""

BEYOND, TOUCHES = 0.01, 1e-6
"""Distance of a start from a jump of the slope, and of a mode that is at the jump; both on a logarithmic scale."""


def several_minima(model: KineticModel) -> bool:
    """Say whether the objective may have several minima: a time varies, or the variance of an effect is large."""
    return bool(_positions(model, lambda name, variance: name in TIMES or variance > WIDE))


def timed_positions(model: KineticModel) -> list[int]:
    """Positions of the effects on times."""
    return _positions(model, lambda name, _: name in TIMES)


def fixed_starts(model: KineticModel, size: int) -> Tensor:
    """Return starts at which one effect is not 0, where several minima may be.

    Parameters
    ----------
    model
        The population model.
    size
        Number q of effects.

    Returns
    -------
    Tensor
        (s, q).
    """
    starts = torch.zeros(0, size, dtype=torch.float64)
    for k in _positions(model, lambda name, variance: name in TIMES or variance > WIDE):
        places = PLACES_OF_TIMES if model.random_parameters[k] in TIMES else PLACES
        moved = torch.zeros(len(places), size, dtype=torch.float64)
        moved[:, k] = torch.tensor(places) * model.omega[k, k] ** 0.5
        starts = torch.cat([starts, moved])
    return starts


def points_of_prior(size: int) -> Tensor:
    """Spread points evenly over a standard normal distribution, (p, size); the same at each call."""
    inside = Sobol(size, rng=0).random(POINTS).clip(1e-9, 1 - 1e-9)
    return torch.from_numpy(ndtri(inside))


def best_apart(values: Tensor, points: Tensor) -> Tensor:
    """Choose the points with the lowest values that are not close to each other.

    Parameters
    ----------
    values
        (n, p) objectives.
    points
        (p, q), in standard deviations.

    Returns
    -------
    Tensor
        (n, s) positions of points.
    """
    close = torch.cdist(points, points) < APART
    chosen: list[Tensor] = []
    for _ in range(BEST):
        chosen.append(values.argmin(1))
        values = values.masked_fill(close[chosen[-1]], torch.inf)
    return torch.stack(chosen, 1)


def jumps_of_slope(model: KineticModel, records: Records, effects: Tensor, k: int) -> Tensor:
    """Return how far an effect on a time is from where a dose begins or ends with a level.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.
    effects
        (n, q) effects.
    k
        Position of the effect.

    Returns
    -------
    Tensor
        (n, 1 or 2, m) changes of the effect, by pairs of a dose and a level: for a lag to the beginning, and to the end
        where doses last; for a duration to the end. NaN for pairs that cannot meet.
    """
    values = individual_values(model, records, typical_values_at(model, records), effects)
    doses, arrivals = records.doses, arrivals_of(model.structure, records.doses, values)
    since = records.time[:, None] - doses.time[..., None]
    lag, length = arrivals.lag[..., None], arrivals.length[..., None]
    if model.random_parameters[k] == "LAG":
        now, wanted = lag, [since, since - length] if bool((length > 0).any()) else [since]
    else:
        now, wanted = length, [since - lag]
    possible = records.observed[:, None] & doses.given[..., None] & (now > 0)
    meet = [torch.where(possible & (times > 0), (times / now).abs().log(), torch.nan) for times in wanted]
    return torch.stack([one.flatten(1) for one in meet], 1)


def across_jumps(model: KineticModel, records: Records, effects: Tensor, k: int) -> Tensor:
    """Move an effect on a time, so that a dose begins or ends just beyond the level after it, and the level before.

    Parameters
    ----------
    model
        The population model.
    records
        n patients.
    effects
        (n, q) minima.
    k
        Position of the effect.

    Returns
    -------
    Tensor
        (n, s, q). A start that a patient does not have, or that is far from the prior, is the minimum.
    """
    towards = jumps_of_slope(model, records, effects, k)
    moves = [
        torch.where(towards > TOUCHES, towards + BEYOND, torch.inf).amin(2),
        torch.where(towards < -TOUCHES, towards - BEYOND, -torch.inf).amax(2),
    ]
    moved = effects[:, None, k].expand(-1, 2 * towards.shape[1]) + torch.cat(moves, 1)
    starts = effects[:, None].repeat(1, moved.shape[1], 1)
    near = moved.abs() < FARTHEST * model.omega[k, k] ** 0.5
    starts[..., k] = torch.where(near, moved, starts[..., k])
    return starts


def exchangeable(model: KineticModel) -> bool:
    """Say whether effects can exchange absorption and elimination of one compartment, and are large enough for it."""
    wide = _positions(model, lambda name, variance: name in ("V", "KA") and variance > WIDE)
    known = {"CL", "V", "KA"} <= set(model.parameters) and {"V", "KA"} <= set(model.random_parameters)
    return known and bool(wide) and model.structure.elimination == "linear"


def exchanged(model: KineticModel, records: Records, effects: Tensor) -> Tensor:
    """Exchange absorption and elimination, which gives levels of the same shape.

    Parameters
    ----------
    model
        The population model, of one compartment.
    records
        n patients.
    effects
        (n, q) effects.

    Returns
    -------
    Tensor
        (n, q): KA is CL / V, and V is such that CL / V is the KA of before. Parameters are those of the first record.
    """
    values = individual_values(model, records, typical_values_at(model, records), effects)
    move = (values["CL"] / values["V"] / values["KA"])[:, 0].log()
    changed = effects.clone()
    for name in ("V", "KA"):
        changed[:, model.random_parameters.index(name)] += move
    return changed


def _positions(model: KineticModel, chosen: Callable[[str, float], bool]) -> list[int]:
    return [k for k, name in enumerate(model.random_parameters) if chosen(name, float(model.omega[k, k]))]
