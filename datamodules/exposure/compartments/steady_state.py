"""Amounts in the body at the steady state of a repeated dose."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.func import jvp

from datamodules.exposure.compartments.dosing import Arrivals, input_of
from datamodules.exposure.compartments.kinetics import Values, interval_of
from datamodules.exposure.compartments.nonlinear import ORDER, Course, nonlinear_amounts
from datamodules.exposure.compartments.records import Doses
from datamodules.exposure.published.kinetic_model import Structure

__all__ = ["TIE", "SteadyState", "steady_state"]

TIE = 1e-9
"""Times that differ by less than this part of an interval are the same."""

ITERATIONS, CLOSE = 60, 1e-10
"""Most iterations of Newton's method, and the relative change of amounts that is the last."""

Flow = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Amounts (R, m) after a duration (R,), amounts (R, m) and rates (R, s)."""


class SteadyState(NamedTuple):
    """At the record of each dose: ``amounts`` (n, d, m), and ``inflow`` (n, d, s) of the infusions that still run."""

    amounts: Tensor
    inflow: Tensor


class _Cycle(NamedTuple):
    """R dosing intervals: ``bolus`` at the beginning, the rate ``many`` for the time ``more``, then ``few``."""

    period: Tensor
    more: Tensor
    bolus: Tensor
    many: Tensor
    few: Tensor

    def around(self, flow: Flow, amounts: Tensor) -> Tensor:
        """Amounts at the end of an interval."""
        return flow(self.period - self.more, flow(self.more, amounts + self.bolus, self.many), self.few)

    def at(self, flow: Flow, amounts: Tensor, since: Tensor) -> Tensor:
        """Amounts at some time since the beginning of an interval."""
        changed = flow(torch.minimum(since, self.more), amounts + self.bolus, self.many)
        return flow((since - self.more).clamp(min=0.0), changed, self.few)


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
        Amounts are infinite where more is given than saturable elimination removes.

    Notes
    -----
    With saturable elimination the amounts at the end of an interval are a convex function of those at its beginning
    that never decreases, so that Newton's method from no amount at all converges from below.
    """
    wanted = doses.given & (doses.steady_state > 0)
    values = {name: value[wanted] for name, value in arrivals.values.items()}
    length, lag = arrivals.length[wanted], arrivals.lag[wanted]
    bolus, rate = arrivals.bolus[wanted], arrivals.rate[wanted]
    endless = (doses.amount[wanted] == 0) & (doses.rate[wanted] > 0)
    period = torch.where(doses.interval[wanted] > 0, doses.interval[wanted], 1.0)
    running = (torch.ceil(length / period - TIE) - 1).clamp(min=0.0)
    kept_up = endless[:, None] * doses.rate[wanted][:, None] * input_of(structure, doses.compartment[wanted])
    cycle = _Cycle(
        period,
        length - running * period,
        bolus,
        kept_up + rate * (running + 1)[:, None],
        kept_up + rate * running[:, None],
    )
    if structure.elimination == "michaelis_menten":
        at_dose, flow = _saturable(structure, values, cycle)
    else:
        at_dose, flow = _linear(structure, values, cycle)
    since = torch.where(endless, 0.0, torch.remainder(-lag, period))
    early = (since < cycle.more - TIE * period)[:, None]
    late = (lag != 0)[:, None]
    amounts = torch.where(late, cycle.at(flow, at_dose, since), at_dose)
    inflow = torch.where(late & early, cycle.many, cycle.few)
    return SteadyState(_placed(wanted, amounts), _placed(wanted, torch.where(endless[:, None], 0.0, inflow)))


def _placed(wanted: Tensor, rows: Tensor) -> Tensor:
    """Put rows (R, k) where they belong, (n, d, k)."""
    empty = torch.zeros(*wanted.shape, rows.shape[-1], dtype=rows.dtype)
    return empty.index_put(torch.nonzero(wanted, as_tuple=True), rows)


def _linear(structure: Structure, values: Values, cycle: _Cycle) -> tuple[Tensor, Flow]:
    def flow(duration: Tensor, amounts: Tensor, rate: Tensor) -> Tensor:
        interval = interval_of(structure, values, duration)
        return (interval.keep @ amounts[..., None] + interval.gain @ rate[..., None])[..., 0]

    whole = interval_of(structure, values, cycle.period).keep
    lost = torch.eye(whole.shape[-1], dtype=whole.dtype) - whole
    grown = cycle.around(flow, torch.zeros_like(cycle.bolus))
    return torch.linalg.solve(lost, grown[..., None])[..., 0], flow


def _saturable(structure: Structure, values: Values, cycle: _Cycle) -> tuple[Tensor, Flow]:
    def flow(duration: Tensor, amounts: Tensor, rate: Tensor) -> Tensor:
        one = torch.ones_like(duration)[:, None]
        course = Course(duration[:, None], rate[:, None], one, torch.zeros_like(amounts)[:, None])
        by_event = {name: value[:, None] for name, value in values.items()}
        return nonlinear_amounts(structure, by_event, course, amounts)[0][:, 0]

    given = (
        cycle.bolus.sum(1) + cycle.many.sum(1) * cycle.more + cycle.few.sum(1) * (cycle.period - cycle.more)
    )
    most = values["VMAX"] * cycle.period
    endless = (given >= most)[:, None]
    if "CL" in values:
        endless = endless & (values["CL"] <= 0)[:, None]
    nothing = torch.where(endless, 0.0, 1.0).to(given.dtype)
    finite = cycle._replace(bolus=cycle.bolus * nothing, many=cycle.many * nothing, few=cycle.few * nothing)
    amounts = _periodic(lambda at: finite.around(flow, at), torch.zeros_like(cycle.bolus))
    return torch.where(endless, torch.inf, amounts), flow


def _periodic(around: Callable[[Tensor], Tensor], amounts: Tensor) -> Tensor:
    """Find the amounts that an interval does not change; further iterations make their derivatives exact."""
    with torch.enable_grad():
        for _ in range(ITERATIONS):
            lost = _lost(around, amounts)
            step = torch.linalg.solve(lost, (around(amounts).detach() - amounts)[..., None])[..., 0]
            amounts = amounts + step
            if bool((step.abs() <= CLOSE * amounts.abs().amax(1, keepdim=True)).all()):
                break
    for _ in range(ORDER if torch.is_grad_enabled() else 0):
        amounts = amounts + torch.linalg.solve(lost, (around(amounts) - amounts)[..., None])[..., 0]
    return amounts


def _lost(around: Callable[[Tensor], Tensor], amounts: Tensor) -> Tensor:
    """Identity minus the derivatives of the amounts after an interval by those before it, (R, m, m)."""
    identity = torch.eye(amounts.shape[1], dtype=amounts.dtype)
    columns = [jvp(around, (amounts,), (one.expand_as(amounts),))[1] for one in identity]
    return identity - torch.stack(columns, -1).detach()
