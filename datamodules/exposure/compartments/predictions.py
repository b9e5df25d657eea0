"""Predicted levels and areas under the curve at the records of each patient."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from datamodules.exposure.compartments.dosing import Arrivals, arrivals_of
from datamodules.exposure.compartments.kinetics import Values, compartments_of, interval_of
from datamodules.exposure.compartments.nonlinear import Course, nonlinear_amounts
from datamodules.exposure.compartments.records import Records
from datamodules.exposure.compartments.steady_state import TIE, SteadyState, steady_state
from datamodules.exposure.published.kinetic_model import KineticModel, Structure

__all__ = ["Predicted", "predict_records"]


class Predicted(NamedTuple):
    """At each of (n, r) records: the level, and the area under the curve since the first record."""

    level: Tensor
    area: Tensor


class _Timeline(NamedTuple):
    """Records, and starts and ends of doses, in the order of time: e events of each of n patients.

    ``record`` is the position of the record whose parameters count before an event, ``dose`` that of the dose whose
    steady state begins at it (or -1), ``place`` (n, r) the position of each record among the events.
    """

    duration: Tensor
    record: Tensor
    bolus: Tensor
    inflow: Tensor
    reset: Tensor
    dose: Tensor
    place: Tensor


def predict_records(model: KineticModel, records: Records, values: Values) -> Predicted:
    """Carry the amounts of each patient from event to event.

    Parameters
    ----------
    model
        The population model.
    records
        n patients with r records.
    values
        Parameter -> (n, r), as returned by :func:`individual_values`. Between two records the parameters of the later
        one count.

    Returns
    -------
    Predicted
        Levels in the unit of the model, areas in this unit times its time unit. A record sees the doses of the rows
        before it and of its own row, unless its row is a reset or a dose at steady state. A reset, or a dose at steady
        state alone, ends infusions and cancels doses of earlier rows that have not arrived.
    """
    arrivals = arrivals_of(model.structure, records.doses, values)
    line = _timeline(records, arrivals)
    at_event = _at_events(values, line.record)
    saturable = model.structure.elimination == "michaelis_menten"
    steady = None
    if bool((records.doses.steady_state > 0).any()):
        steady = steady_state(model.structure, records.doses, arrivals)
    course = _course(line, steady, records.doses.steady_state)
    if saturable:
        start = torch.zeros_like(course.added[:, 0])
        amounts, areas = nonlinear_amounts(model.structure, at_event, course, start)
    else:
        amounts, areas = _linear(model.structure, at_event, course)
    before, _ = compartments_of(model.structure)
    volume = values["V"] if "V" in values else values["V1"]
    level = torch.gather(amounts[..., before], 1, line.place) / volume
    area = torch.gather(areas.cumsum(1), 1, line.place)
    return Predicted(model.level_factor * level, model.level_factor * area)


def _at_events(values: Values, record: Tensor) -> Values:
    """Parameters before each event; (n, 1) if none of them changes in any patient, which is quicker."""
    if all(bool((value == value[:, :1]).all()) for value in values.values()):
        return {name: value[:, :1] for name, value in values.items()}
    return {name: torch.gather(value, 1, record) for name, value in values.items()}


def _linear(structure: Structure, values: Values, course: Course) -> tuple[Tensor, Tensor]:
    """Amounts (n, e, m) after each event, and areas (n, e) before it: what is lost has passed the clearance."""
    interval = interval_of(structure, values, course.duration)
    amounts, after, areas = torch.zeros_like(course.added[:, 0]), [], []
    for keep, gain, length, inflow, stays, added in zip(
        *(x.unbind(1) for x in (interval.keep, interval.gain, *course)), strict=True
    ):
        reached = (keep @ amounts[..., None] + gain @ inflow[..., None])[..., 0]
        areas.append(amounts.sum(-1) + inflow.sum(-1) * length - reached.sum(-1))
        amounts = stays[:, None] * reached + added
        after.append(amounts)
    return torch.stack(after, 1), torch.stack(areas, 1) / values["CL"]


def _course(line: _Timeline, steady: SteadyState | None, kind: Tensor) -> Course:
    """Put together what happens at each event; a dose at steady state replaces (1) or adds to (2) what is there."""
    added, change, empties = line.bolus, line.inflow, line.reset
    if steady is not None:
        begins, position = line.dose >= 0, line.dose.clamp(min=0)
        empties = empties | (begins & (torch.gather(kind, 1, position) == 1))
        added, change = (
            more + torch.where(begins[..., None], _at_doses(at_dose, position), 0.0)
            for more, at_dose in ((added, steady.amounts), (change, steady.inflow))
        )
    keep = torch.where(empties, 0.0, 1.0).to(added.dtype)
    return Course(line.duration, _before(change, keep), keep, added)


def _at_doses(values: Tensor, position: Tensor) -> Tensor:
    return torch.gather(values, 1, position[..., None].expand(-1, -1, values.shape[-1]))


def _before(change: Tensor, keep: Tensor) -> Tensor:
    """Inflow before each event, which changes it."""
    if not bool((change != 0).any()):
        return torch.zeros_like(change)
    inflow, found = torch.zeros_like(change[:, 0]), []
    for stays, more in zip(keep.unbind(1), change.unbind(1), strict=True):
        found.append(inflow)
        inflow = stays[:, None] * inflow + more
    return torch.stack(found, 1)


def _timeline(records: Records, arrivals: Arrivals) -> _Timeline:
    doses = records.doses
    size, width = records.time.shape
    count = doses.row.shape[1]
    last = records.time[:, -1:].expand(size, count)
    start = torch.where(doses.given, doses.time + arrivals.lag, last)
    end = torch.where(doses.given, start + arrivals.length, last)
    stated = torch.gather(records.time, 1, doses.row)
    done = stated + TIE * doses.interval
    starts = doses.given & ~(doses.past & (start <= done))
    ends = doses.given & ~(doses.past & (end <= done))
    infused = bool((doses.rate != 0).any())
    times = torch.cat([records.time, start, end] if infused else [records.time, start], 1)
    order = _order(records, times.detach())
    ordered = torch.gather(times, 1, order)
    position = torch.where(order < width, order, width - 1)
    begins, none = _steady_doses(records), torch.zeros(size, times.shape[1] - width, dtype=torch.long)
    counts = torch.gather(_not_cancelled(records, begins, order), 1, torch.argsort(order, dim=1))[:, width:]
    bolus = torch.where((starts & counts[:, :count])[..., None], arrivals.bolus, 0.0)
    turned_on = torch.where((starts & counts[:, :count])[..., None], arrivals.rate, 0.0)
    turned_off = torch.where((ends & counts[:, -count:])[..., None], -arrivals.rate, 0.0)
    return _Timeline(
        duration=torch.diff(ordered, dim=1, prepend=ordered[:, :1]).clamp(min=0.0),
        record=position.flip(1).cummin(1).values.flip(1),
        bolus=_in_order(order, _nothing(bolus, width), bolus, torch.zeros_like(bolus)),
        inflow=_in_order(order, _nothing(turned_on, width), turned_on, turned_off),
        reset=torch.gather(torch.cat([records.reset, none > 0], 1), 1, order),
        dose=torch.gather(torch.cat([begins, none - 1], 1), 1, order),
        place=torch.argsort(order, dim=1)[:, :width],
    )


def _nothing(amounts: Tensor, width: int) -> Tensor:
    return torch.zeros(len(amounts), width, amounts.shape[-1], dtype=amounts.dtype)


def _in_order(order: Tensor, *parts: Tensor) -> Tensor:
    joined = torch.cat(parts, 1)[:, : order.shape[1]]
    return torch.gather(joined, 1, order[..., None].expand(-1, -1, joined.shape[-1]))


def _steady_doses(records: Records) -> Tensor:
    """Position of the dose at steady state of each record, or -1; (n, r)."""
    doses = records.doses
    found = torch.full_like(records.occasion, -1)
    position = torch.arange(doses.row.shape[1]).expand_as(doses.row)
    steady = doses.given & (doses.steady_state > 0)
    return found.scatter_reduce(1, doses.row, torch.where(steady, position, -1), "amax")


def _not_cancelled(records: Records, begins: Tensor, order: Tensor) -> Tensor:
    """Whether no record since the dose of each event has emptied the body; in the order of the events."""
    doses, width = records.doses, records.time.shape[1]
    row = torch.arange(width).expand_as(records.occasion)
    alone = torch.gather(doses.steady_state, 1, begins.clamp(min=0)) == 1
    empties = torch.where(records.reset | ((begins >= 0) & alone), row, -1)
    none = torch.full_like(doses.row, -1)
    joined = torch.cat([empties, none, none], 1)[:, : order.shape[1]]
    latest = torch.gather(joined, 1, order).cummax(1).values
    own = torch.cat([row, doses.row, doses.row], 1)[:, : order.shape[1]]
    return torch.gather(own, 1, order) >= latest


def _order(records: Records, times: Tensor) -> Tensor:
    """Order of the events; at one time ends come first, then repeated doses, then doses and records by row."""
    size, width = records.time.shape
    doses = records.doses
    row = torch.arange(width, dtype=times.dtype).expand(size, width)
    clears = records.reset | (_steady_doses(records) >= 0)
    own = torch.where(clears, row - 0.75, row)
    from_row = torch.where(doses.repeated | doses.past, -0.5, doses.row.to(times.dtype) - 0.5)
    padding = width + 2.0
    first = torch.cat(
        [
            torch.where(records.known, own, padding),
            torch.where(doses.given, from_row, padding),
            torch.where(doses.given, -1.0, padding).to(times.dtype),
        ],
        1,
    )[:, : times.shape[1]]
    by_row = torch.argsort(first, dim=1, stable=True)
    by_time = torch.argsort(torch.gather(times, 1, by_row), dim=1, stable=True)
    return torch.gather(by_row, 1, by_time)
