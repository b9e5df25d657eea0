"""Michaelis-Menten elimination: amounts over an interval by a fourth-order method of fixed steps."""

from __future__ import annotations

import torch
from torch import Tensor

from datamodules.exposure.compartments.kinetics import Values, compartments_of, interval_of
from datamodules.exposure.published.kinetic_model import Structure

__all__ = ["nonlinear_interval", "steps_of"]

FEWEST, PER_UNIT, MOST = 24, 4.0, 600
"""Steps of an interval: the fewest, those per unit of time times the largest rate of elimination, and the most."""

GROWTH = 2.0
"""Logarithm of the ratio of the last step to the first: levels change most at the beginning of an interval."""


def steps_of(values: Values, duration: Tensor) -> int:
    """Choose the number of steps of an interval, so that relative errors of levels stay below about 1e-4.

    Parameters
    ----------
    values
        Parameters of n patients, (n,).
    duration
        (n,) lengths of the intervals.

    Returns
    -------
    int
        The number for the patient who needs most.
    """
    volume = values["V"] if "V" in values else values["V1"]
    fastest = values["VMAX"] / (values["KM"] * volume) * duration
    return min(MOST, FEWEST + int(PER_UNIT * float(fastest.detach().max())))


def nonlinear_interval(
    structure: Structure, values: Values, amounts: Tensor, inflow: Tensor, duration: Tensor, steps: int
) -> tuple[Tensor, Tensor]:
    """Carry amounts over an interval in which saturable elimination adds to linear processes.

    Parameters
    ----------
    structure
        Compartments and routes.
    values
        Parameters of n patients, (n,); VMAX is an amount per time, KM a level; CL may be absent.
    amounts
        (n, m) amounts at the beginning.
    inflow
        (n, s) amounts per time into the depot and the central compartment.
    duration
        (n,) lengths of the intervals.
    steps
        Number of steps, as by :func:`steps_of`; twice as many show the error.

    Returns
    -------
    amounts
        (n, m) at the end.
    area
        (n,) integral of the level in the central compartment.

    Notes
    -----
    Linear processes and inflow are exact (Lawson's transformation), the saturable elimination follows the classical
    Runge-Kutta method. The area is the integral of the level by Simpson's rule over each step.

    References
    ----------
    Lawson JD. SIAM J Numer Anal 1967;4:372, doi 10.1137/0704033.
    """
    central, _ = compartments_of(structure)
    linear = {**values, "CL": values.get("CL", torch.zeros_like(duration))}
    volume = values["V"] if "V" in values else values["V1"]
    ends = torch.expm1(torch.linspace(0, GROWTH, steps + 1, dtype=duration.dtype)) / torch.expm1(
        torch.tensor(GROWTH, dtype=duration.dtype)
    )
    parts = duration[:, None] * ends.diff()
    half = interval_of(structure, {name: value[:, None] for name, value in linear.items()}, parts / 2)
    unit = torch.zeros_like(amounts)
    unit[:, central] = 1.0

    def removed(at: Tensor) -> Tensor:
        level = (at[:, central] / volume).clamp(min=0.0)
        return -(values["VMAX"] * level / (values["KM"] + level))[:, None] * unit

    area = torch.zeros_like(duration)
    for part, keep, gain in zip(parts.unbind(1), half.keep.unbind(1), half.gain.unbind(1), strict=True):
        step = part[:, None]
        entered = _times(gain, inflow)
        first = removed(amounts)
        plain = _times(keep, amounts) + entered
        slope_kept = _times(keep, first)
        second = removed(plain + step / 2 * slope_kept)
        third = removed(plain + step / 2 * second)
        whole = _times(keep, plain) + entered
        fourth = removed(whole + step * _times(keep, third))
        middle = plain + step / 4 * (slope_kept + (second + third) / 2)
        final = (
            whole + step / 6 * (_times(keep, slope_kept) + 2 * _times(keep, second + third) + fourth)
        )  # fmt: skip
        levels = amounts[:, central] + 4 * middle[:, central] + final[:, central]
        area = area + part / 6 * levels / volume
        amounts = final
    return amounts, area


def _times(matrix: Tensor, vector: Tensor) -> Tensor:
    return (matrix @ vector[..., None])[..., 0]
