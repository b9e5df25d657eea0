"""Amounts in the body at the steady state of a repeated dose."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.exposure.compartments.dosing import Arrivals
from datamodules.exposure.compartments.kinetics import Interval, Values, interval_of
from datamodules.exposure.compartments.records import Doses
from datamodules.exposure.published.kinetic_model import Structure

__all__ = ["TIE", "SteadyState", "steady_state"]

TIE = 1e-9
"""Times that differ by less than this part of an interval are the same."""

LONG_ENOUGH = 1e6
"""An interval, in any time unit, after which no amount is left."""


class SteadyState(NamedTuple):
    """At the record of each dose: ``amounts`` (n, d, m), and ``inflow`` (n, d, s) of the infusions that still run."""

    amounts: Tensor
    inflow: Tensor


def steady_state(structure: Structure, doses: Doses, arrivals: Arrivals) -> SteadyState:
    """Work out the steady state at the record of each dose, before this dose arrives.

    Parameters
    ----------
    structure
        Compartments and routes.
    doses
        Doses of n patients.
    arrivals
        As returned by :func:`arrivals_of`.

    Returns
    -------
    SteadyState
        The doses before arrive at whole intervals before the time at which this dose arrives, which is later than its
        record by the lag. A rate without an amount and interval is an infusion at its steady state, which stops.
    """
    values, zero = arrivals.values, torch.zeros_like(arrivals.lag)
    wanted = (doses.steady_state > 0) & (doses.interval > 0)
    period = torch.where(wanted, doses.interval, torch.ones_like(zero))
    running = (torch.ceil(arrivals.length / period - TIE) - 1).clamp(min=0.0)
    more = arrivals.length - running * period
    since = torch.remainder(-arrivals.lag, period)
    first, second = (
        interval_of(structure, values, more),
        interval_of(structure, values, period - more),
    )
    many, few = arrivals.rate * (running + 1)[..., None], arrivals.rate * running[..., None]
    grown = _after(second, _after(first, arrivals.bolus, many), few)
    whole = interval_of(structure, values, period).keep
    identity = torch.eye(whole.shape[-1], dtype=whole.dtype)
    at_dose = torch.linalg.solve(identity - whole, grown[..., None])[..., 0]
    early = since < more - TIE * period
    to_change = _after(
        interval_of(structure, values, torch.minimum(since, more)), at_dose + arrivals.bolus, many
    )
    amounts = _after(interval_of(structure, values, (since - more).clamp(min=0.0)), to_change, few)
    inflow = torch.where(early[..., None], many, few)
    without_lag = (arrivals.lag == 0)[..., None]
    amounts, inflow = torch.where(without_lag, at_dose, amounts), torch.where(without_lag, few, inflow)
    endless = ((doses.steady_state > 0) & (doses.amount == 0) & (doses.rate > 0))[..., None]
    return SteadyState(
        torch.where(endless, _kept_up(structure, values, doses), amounts), torch.where(endless, 0.0, inflow)
    )


def _after(interval: Interval, amounts: Tensor, rate: Tensor) -> Tensor:
    kept = (interval.keep @ amounts[..., None])[..., 0]
    return kept + (interval.gain @ rate[..., None])[..., 0]


def _kept_up(structure: Structure, values: Values, doses: Doses) -> Tensor:
    """Amounts that an infusion keeps up: the gain of an interval in which everything else is forgotten."""
    gain = interval_of(structure, values, torch.full_like(doses.rate, LONG_ENOUGH)).gain
    into = (doses.compartment > 1).long() if gain.shape[-1] > 1 else torch.zeros_like(doses.row)
    index = into[..., None, None].expand(*gain.shape[:-1], 1)
    return torch.gather(gain, -1, index)[..., 0] * doses.rate[..., None]
