"""Linear compartments in closed form: how amounts change over an interval."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from datamodules.exposure.published.kinetic_model import Structure

__all__ = ["Interval", "Values", "compartments_of", "elimination_rate", "interval_of"]

Values = dict[str, Tensor]
"""Parameter -> values, all of one shape."""

SERIES = [1 / math.factorial(2 * n + 1) for n in range(9)]
"""Coefficients of sinh(x) / x in x squared."""


class Interval:
    """What an interval does to m compartments.

    ``keep`` (..., m, m): amounts after the interval per amount before it. ``gain`` (..., m, s): amounts after the
    interval per rate of a constant input into each of the s compartments that receive doses (depot and central).
    """

    __slots__ = ("gain", "keep")

    def __init__(self, keep: Tensor, gain: Tensor) -> None:
        self.keep = keep
        self.gain = gain


def compartments_of(structure: Structure) -> tuple[int, int]:
    """Return the number of compartments before the central one, and of all."""
    before = {"none": 0, "first_order": 1, "transit": structure.transits + 1}[structure.absorption]
    return before, before + structure.compartments


def elimination_rate(values: Values) -> Tensor:
    """Rate constant of elimination from the central compartment."""
    return values["CL"] / (values["V"] if "V" in values else values["V1"])


def interval_of(structure: Structure, values: Values, duration: Tensor) -> Interval:
    """Work out what an interval does, for parameters that are constant over it.

    Parameters
    ----------
    structure
        Compartments and routes.
    values
        Parameters, each of the shape of `duration`, or (n, 1) for durations (n, e) where they do not change.
    duration
        Lengths of the intervals, not negative.

    Returns
    -------
    Interval
        Transitions and gains of each interval. The compartments are ordered from the depot to the last peripheral one.

    Notes
    -----
    The disposition matrix D has eigenvalues -l_i with the projections P_i, so that exp(D t) is the sum of
    P_i exp(-l_i t). A depot of rate k adds the convolution of k exp(-k t) with it. Absorption through transit
    compartments, whose eigenvalues are equal, uses the matrix exponential.
    """
    if structure.absorption == "transit":
        return _by_matrix_exponential(structure, values, duration)
    rates, projections = _disposition(structure.compartments, values)
    length = duration[..., None]
    weights = torch.exp(-rates * length)
    keep = _weighted(weights, projections.flatten(-2)).reshape(*weights.shape[:-1], *projections.shape[-2:])
    first = projections[..., 0]  # from the central compartment into each, (..., i, m)
    zero = torch.zeros_like(duration)
    gain = _weighted(_transferred(zero[..., None], rates, length), first)
    if structure.absorption == "none":
        return Interval(keep, gain[..., None])
    rate = values["KA"]
    absorbed = _weighted(_transferred(rates, rate[..., None], length), first)
    in_depot = _transferred(zero, rate, duration)
    return Interval(
        _with_depot(keep, torch.exp(-rate * duration), rate[..., None] * absorbed),
        torch.stack([_joined(in_depot, gain - absorbed), _joined(zero, gain)], -1),
    )


def _weighted(weights: Tensor, parts: Tensor) -> Tensor:
    """Sum over i of weights (..., i) times parts (..., i, m)."""
    by_event = weights.dim() > 2  # noqa: PLR2004  # (n, e, i)
    if by_event and parts.shape[1] == 1:
        return weights @ parts[:, 0]
    return (weights[..., None, :] @ parts)[..., 0, :]


def _joined(depot: Tensor, rest: Tensor) -> Tensor:
    return torch.cat([depot[..., None], rest], -1)


def _with_depot(keep: Tensor, decay: Tensor, absorbed: Tensor) -> Tensor:
    rest = torch.cat([absorbed[..., None], keep], -1)
    top = _joined(decay, torch.zeros_like(absorbed))
    return torch.cat([top[..., None, :], rest], -2)


def _transferred(one: Tensor, other: Tensor, time: Tensor) -> Tensor:
    """(exp(-one t) - exp(-other t)) / (other - one), with all its derivatives where the rates are equal."""
    apart = other - one
    near = (apart * time).abs() < 1
    half = torch.where(near, apart * time / 2, 0.0)
    middle = torch.where(near, (one + other) / 2 * time, 0.0)
    series = torch.full_like(half, SERIES[-1])
    for coefficient in SERIES[-2::-1]:
        series = coefficient + half * half * series
    far = (torch.exp(-one * time) - torch.exp(-other * time)) / torch.where(near, 1.0, apart)
    return torch.where(near, time * torch.exp(-middle) * series, far)


def _disposition(compartments: int, values: Values) -> tuple[Tensor, Tensor]:
    """Eigenvalues (..., m) and projections (..., m, m, m) of central and peripheral compartments."""
    out = elimination_rate(values)
    if compartments == 1:
        return out[..., None], torch.ones_like(out)[..., None, None, None]
    matrix = _matrix(compartments, values)
    rates = {2: _two_rates, 3: _three_rates}[compartments](matrix)
    identity = torch.eye(compartments, dtype=matrix.dtype)
    projections = []
    for i in range(compartments):
        factors = [
            (matrix + rates[..., j, None, None] * identity) / (rates[..., j] - rates[..., i])[..., None, None]
            for j in range(compartments)
            if j != i
        ]
        projections.append(factors[0] if len(factors) == 1 else factors[0] @ factors[1])
    return rates, torch.stack(projections, -3)


def _matrix(compartments: int, values: Values) -> Tensor:
    """Disposition matrix: change of amounts per time and amount."""
    central, zero = values["V1"], torch.zeros_like(values["V1"])
    out = [values["Q"] / central]
    back = [values["Q"] / values["V2"]]
    if "Q3" in values:
        out.append(values["Q3"] / central)
        back.append(values["Q3"] / values["V3"])
    rows = [torch.stack([-values["CL"] / central - sum(out), *back], -1)]
    for i in range(compartments - 1):
        entries = [out[i], *(zero,) * (compartments - 1)]
        entries[i + 1] = -back[i]
        rows.append(torch.stack(entries, -1))
    return torch.stack(rows, -2)


def _two_rates(matrix: Tensor) -> Tensor:
    total = -matrix[..., 0, 0] - matrix[..., 1, 1]
    product = matrix[..., 0, 0] * matrix[..., 1, 1] - matrix[..., 0, 1] * matrix[..., 1, 0]
    fast = (total + (total * total - 4 * product).sqrt()) / 2
    return torch.stack([fast, product / fast], -1)


def _three_rates(matrix: Tensor) -> Tensor:
    """Roots of the characteristic polynomial by the trigonometric formula; all are real and positive."""
    k10_12_13, k21, k31 = -matrix[..., 0, 0], -matrix[..., 1, 1], -matrix[..., 2, 2]
    exchange2 = matrix[..., 0, 1] * matrix[..., 1, 0]
    exchange3 = matrix[..., 0, 2] * matrix[..., 2, 0]
    a2 = k10_12_13 + k21 + k31
    a1 = k10_12_13 * (k21 + k31) + k21 * k31 - exchange2 - exchange3
    a0 = k10_12_13 * k21 * k31 - exchange2 * k31 - exchange3 * k21
    p = (a2 * a2 / 3 - a1) / 3
    q = (2 * a2**3 / 27 - a1 * a2 / 3 + a0) / 2
    spread = 2 * p.sqrt()
    angle = torch.acos((q / (p * p.sqrt())).clamp(-1 + 1e-15, 1 - 1e-15)) / 3
    fast = a2 / 3 + spread * torch.cos(angle)
    middle = a2 / 3 + spread * torch.cos(angle + 4 * torch.pi / 3)
    return torch.stack([fast, middle, a0 / (fast * middle)], -1)


def _by_matrix_exponential(structure: Structure, values: Values, duration: Tensor) -> Interval:
    before, total = compartments_of(structure)
    disposition = (
        -elimination_rate(values)[..., None, None]
        if structure.compartments == 1
        else _matrix(structure.compartments, values)
    )
    rate, zero = values["KTR"], torch.zeros_like(values["KTR"])
    rows = []
    for i in range(total):
        row = [zero] * (total + 2)
        if i < before:
            row[i] = -rate
        else:
            row[before:total] = list(disposition[..., i - before, :].unbind(-1))
        if 0 < i <= before:
            row[i - 1] = rate
        rows.append(row)
    inputs = [[zero] * (total + 2)] * 2
    rows[0][total] = torch.ones_like(zero)
    rows[before][total + 1] = torch.ones_like(zero)
    matrix = torch.stack([torch.stack(row, -1) for row in [*rows, *inputs]], -2)
    grown = torch.linalg.matrix_exp(matrix * duration[..., None, None])
    return Interval(grown[..., :total, :total], grown[..., :total, total:])
