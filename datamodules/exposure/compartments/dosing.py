"""When each dose arrives, how much of it, and into which compartment."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.exposure.compartments.kinetics import Values, compartments_of
from datamodules.exposure.compartments.records import Doses
from datamodules.exposure.published.kinetic_model import Structure

__all__ = ["Arrivals", "arrivals_of", "input_of", "inputs_of"]

MODEL_RATE, MODEL_DURATION = -1, -2
"""Rates of doses that say that the model has the rate or the duration of the infusion."""


class Arrivals(NamedTuple):
    """Doses as they arrive, (n, d).

    ``values`` are the parameters at the record of each dose. ``bolus`` (n, d, m) is the amount that a compartment
    receives at once, ``rate`` (n, d, s) the amount per time that an input receives for ``length``.
    """

    values: Values
    lag: Tensor
    length: Tensor
    bolus: Tensor
    rate: Tensor


def inputs_of(structure: Structure) -> int:
    """Count the compartments that receive doses: the central one, and a depot."""
    return 1 if structure.absorption == "none" else 2


def input_of(structure: Structure, compartment: Tensor) -> Tensor:
    """Mark the input that a dose enters.

    Parameters
    ----------
    structure
        Compartments and routes, with s inputs.
    compartment
        (...) numbers of compartments, as in the events.

    Returns
    -------
    Tensor
        (..., s) of 1 for the input of the compartment, and 0.
    """
    into = _target(compartment, compartments_of(structure)[0])
    return torch.nn.functional.one_hot((into > 0).long(), inputs_of(structure))


def arrivals_of(structure: Structure, doses: Doses, values: Values) -> Arrivals:
    """Work out how each dose arrives.

    Parameters
    ----------
    structure
        Compartments and routes.
    doses
        Doses of n patients.
    values
        Parameter -> (n, r).

    Returns
    -------
    Arrivals
        The available amount as a bolus, or as an infusion: at the rate of the dose, which is shorter if less is
        available; at the parameter RATE, or over the parameter DURATION. An infusion that ends as it begins is a bolus.
    """
    before, total = compartments_of(structure)
    at_dose = {name: torch.gather(value, 1, doses.row) for name, value in values.items()}
    zero = torch.zeros_like(doses.amount)
    amount = torch.where(doses.given, doses.amount, zero) * at_dose.get("F", torch.ones_like(zero))
    timed, lag = doses.rate == MODEL_DURATION, at_dose.get("LAG", zero)
    rate = torch.where(doses.rate == MODEL_RATE, at_dose.get("RATE", zero), doses.rate.clamp(min=0.0))
    length = torch.where(
        timed, at_dose.get("DURATION", zero), amount / torch.where(rate > 0, rate, torch.inf)
    )
    start = doses.time + lag
    infused = (start + length > start) & (amount > 0)
    rate = torch.where(timed, amount / torch.where(infused, length, 1.0), rate)
    into = _target(doses.compartment, before)
    return Arrivals(
        values=at_dose,
        lag=lag,
        length=torch.where(infused, length, 0.0),
        bolus=torch.where(infused, zero, amount)[..., None] * torch.nn.functional.one_hot(into, total),
        rate=torch.where(infused, rate, zero)[..., None] * input_of(structure, doses.compartment),
    )


def _target(number: Tensor, before: int) -> Tensor:
    """Position of the compartment of a dose: where doses are absorbed, 1 is the depot and 2 the central one."""
    return torch.zeros_like(number) if before == 0 else torch.where(number <= 1, 0, before)
