"""Michaelis-Menten elimination: each patient has steps of their own, derivatives are taken on all steps at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from scipy.integrate import DOP853
from torch import Tensor

from datamodules.exposure.compartments.kinetics import Values, compartments_of
from datamodules.exposure.published.kinetic_model import Structure

__all__ = ["Course", "nonlinear_amounts"]

STAGES, WEIGHTS = DOP853.A.tolist(), DOP853.B.tolist()
FIFTH, THIRD = DOP853.E5.tolist(), DOP853.E3.tolist()
"""The method of Dormand and Prince, and the errors of its embedded methods."""

TOLERANCE, SMALL = 1e-9, 1e-3
"""Error of a step as a share of an amount, and the share of all amounts that is added to this amount."""

SAFETY, SHRINK, GROW = 0.9, 0.2, 6.0
"""Ratio of the next step to the best one, and the smallest and largest ratio of two steps."""

START = 0.7
"""First step after a dose, in units of 1 over the sum of the rate constants."""

SHORTEST = 1e-13
"""A share of an interval that is not divided further, as where a parameter is no number."""

ORDER = 2
"""Derivatives are exact up to this order."""

TINY = 1e-30
"""Imaginary part of an amount, so that the imaginary part of a function of it is its derivative."""


class Course(NamedTuple):
    """What happens to n patients between and at e events.

    Before an event amounts change for ``duration`` (n, e), with the ``inflow`` (n, e, s) into the compartments that
    receive doses. At the event they are multiplied by ``keep`` (n, e), 0 or 1, and ``added`` (n, e, m) is added.
    """

    duration: Tensor
    inflow: Tensor
    keep: Tensor
    added: Tensor


def nonlinear_amounts(
    structure: Structure, values: Values, course: Course, start: Tensor
) -> tuple[Tensor, Tensor]:
    """Carry amounts from event to event where saturable elimination adds to linear processes.

    Parameters
    ----------
    structure
        Compartments and routes.
    values
        Parameters before each event, (n, e) or (n, 1); VMAX is an amount per time, KM a level; CL may be absent.
    course
        Intervals and events.
    start
        (n, m) amounts at the beginning.

    Returns
    -------
    amounts
        (n, e, m) after each event.
    area
        (n, e) integral of the level in the central compartment over the interval before each event.

    Notes
    -----
    The method is that of Dormand and Prince of order 8. Each patient has steps of their own, whose error is controlled;
    they are chosen without derivatives. Given the steps, the amounts at their beginnings solve one system of equations,
    and an iteration of Newton's method for it, which changes no value, makes derivatives of one more order exact. It
    evaluates all steps together.

    References
    ----------
    Hairer E, Norsett SP, Wanner G. Solving Ordinary Differential Equations I, 1993, section II.10.
    """
    shape = course.duration.shape
    events = _Events(*compartments_of(structure), _table(structure, values, course))
    with torch.no_grad():
        steps = _walk(events._replace(table=events.table.detach()), start.detach(), shape[1])
    after = _differentiable(events, steps, start, shape[1]) if torch.is_grad_enabled() else steps.after
    area = torch.zeros(shape.numel(), dtype=after.dtype).index_add(0, steps.place, after[-1])
    last = torch.zeros(shape.numel(), dtype=torch.long)
    last[steps.place[steps.ends]] = torch.nonzero(steps.ends)[:, 0]
    return after[:-1, last].mT.reshape(*shape, -1), area.reshape(shape)


def _table(structure: Structure, values: Values, course: Course) -> Tensor:
    """Put rate constants and what happens into rows, in the order of _Here; a column is an event of a patient."""
    volume = values["V"] if "V" in values else values["V1"]
    flows = (("Q", "V2"), ("Q3", "V3"))[: structure.compartments - 1]
    absorption = {"none": [], "first_order": ["KA"], "transit": ["KTR"]}[structure.absorption]
    rows = [
        volume,
        values["VMAX"],
        values["KM"] * volume,
        values["CL"] / volume if "CL" in values else torch.zeros_like(volume),
        *(values[name] for name in absorption),
        *(values[flow] / volume for flow, _ in flows),
        *(values[flow] / values[other] for flow, other in flows),
        course.duration,
        course.keep,
        *course.inflow.unbind(-1),
        *course.added.unbind(-1),
    ]
    return torch.stack([row.expand(course.duration.shape).reshape(-1) for row in rows])


class _Events(NamedTuple):
    """The table of _table, and the number of compartments before the central one, and of all."""

    before: int
    total: int
    table: Tensor

    def at(self, place: Tensor) -> _Here:
        """Look up what counts at some columns."""
        rows = iter(self.table[:, place].unbind(0))

        def some(count: int) -> list[Tensor]:
            return [next(rows) for _ in range(count)]

        inputs, others = min(self.before, 1) + 1, self.total - self.before - 1
        volume, saturable, half, eliminated = some(4)
        return _Here(
            volume, saturable, half, eliminated, some(inputs - 1), some(others), some(others), next(rows),
            next(rows), some(inputs), some(self.total),
        )  # fmt: skip


class _Here(NamedTuple):
    """Rate constants and what happens at R columns of a table, (R,) each."""

    volume: Tensor
    saturable: Tensor
    half: Tensor
    eliminated: Tensor
    absorbed: list[Tensor]
    out: list[Tensor]
    back: list[Tensor]
    duration: Tensor
    keep: Tensor
    inflow: list[Tensor]
    added: list[Tensor]

    def fastest(self) -> Tensor:
        """Sum of the rate constants, which no rate exceeds."""
        rates = [self.saturable / self.half, self.eliminated, *self.absorbed, *self.out, *self.back]
        return torch.stack(rates).sum(0)

    def slopes(self, state: Tensor) -> Tensor:
        """Return changes per time of m amounts and of the area, (m + 1, R)."""
        *amounts, _ = state.unbind(0)
        before = len(amounts) - len(self.out) - 1
        central, *others = amounts[before:]
        passed = [self.absorbed[0] * amount for amount in amounts[:before]]
        flows = [
            out * central - back * other for out, back, other in zip(self.out, self.back, others, strict=True)
        ]
        change = self.inflow[-1] - central * (self.eliminated + self.saturable / (self.half + central))
        for gained in passed[-1:]:
            change = change + gained
        for lost in flows:
            change = change - lost
        entering = [self.inflow[0], *passed]
        depots = [gained - lost for gained, lost in zip(entering, passed, strict=False)]
        return torch.stack([*depots, change, *flows, central / self.volume])

    def step(self, amounts: Tensor, length: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return amounts after a step and its area, (m + 1, R), and the changes of which they are made."""
        start = torch.cat([amounts, torch.zeros_like(amounts[:1])])
        changes: list[Tensor] = []
        for coefficients in STAGES:
            changes.append(length * self.slopes(_plus(start, coefficients, changes)))
        return _plus(start, WEIGHTS, changes), changes

    def step_to_event(self, amounts: Tensor, share: Tensor, ends: Tensor) -> Tensor:
        """As `step`, with what happens at the event where the step ends there."""
        after, _ = self.step(amounts, share * self.duration)
        return self.happened(after, ends)

    def happened(self, after: Tensor, ends: Tensor) -> Tensor:
        """Return amounts after the event where `ends`, otherwise as they are."""
        changed = after[:-1] * self.keep + torch.stack(self.added)
        return torch.cat([torch.where(ends, changed, after[:-1]), after[-1:]])


def _plus(start: Tensor, coefficients: Sequence[float], parts: Sequence[Tensor]) -> Tensor:
    """Add parts times their coefficients; those without a part are 0."""
    for coefficient, part in zip(coefficients, parts, strict=False):
        if coefficient:
            start = torch.add(start, part, alpha=coefficient)
    return start


class _Steps(NamedTuple):
    """The R steps of all patients.

    ``place`` is the event that a step leads to (the column of _Events), ``share`` its part of the interval before the
    event, ``ends`` whether it reaches the event, ``number`` its position among the steps of the patient; ``amounts``
    (m, R) at its beginning, ``after`` (m + 1, R) those that follow, and its area.
    """

    place: Tensor
    share: Tensor
    ends: Tensor
    number: Tensor
    amounts: Tensor
    after: Tensor


def _walk(events: _Events, start: Tensor, width: int) -> _Steps:
    """Carry each patient through their events in steps of their own."""
    place = torch.arange(len(start)) * width
    final = place + width
    number, done = torch.zeros_like(place), torch.zeros(len(start), dtype=start.dtype)
    amounts, best = start.mT, torch.full_like(done, torch.inf)
    found = []
    while len(place):
        here = events.at(place)
        duration = here.duration
        best = torch.where(done == 0, torch.fmin(best, START / here.fastest()), best)
        ends = ~(best < (1 - done) * duration)
        share = torch.where(ends, 1 - done, best / duration)
        after, changes = here.step(amounts, share * duration)
        ratio = _ratio(amounts, after[:-1], changes)
        fine = (ratio >= SAFETY) | ~(share * duration > SHORTEST * duration)
        ends = ends & fine
        after = here.happened(after, ends)
        found.append([row[..., fine] for row in (place, share, ends, number, amounts, after)])
        tried = share * duration * ratio.clamp(SHRINK, GROW)
        best = torch.where(ends, torch.maximum(best, tried), tried)
        amounts = torch.where(fine, after[:-1], amounts)
        done = torch.where(ends, 0.0, torch.where(fine, done + share, done))
        place, number = place + ends.long(), number + fine.long()
        go_on = place < final
        if not bool(go_on.all()):
            place, final, number, done, best = (x[go_on] for x in (place, final, number, done, best))
            amounts = amounts[:, go_on]
    return _Steps(*(torch.cat(parts, -1) for parts in zip(*found, strict=True)))


def _ratio(amounts: Tensor, after: Tensor, changes: Sequence[Tensor]) -> Tensor:
    """Best length of a step over the one that was tried: 0 where it did not work at all, inf from infinite amounts."""
    size = torch.maximum(amounts.abs(), after.abs())
    scale = TOLERANCE * (size + SMALL * size.sum(0)) + torch.finfo(size.dtype).tiny
    nothing = torch.zeros_like(changes[0])
    fifth, third = (
        (_plus(nothing, weights, changes)[:-1] / scale).square().mean(0) for weights in (FIFTH, THIRD)
    )
    error = fifth / torch.sqrt(fifth + third / 100).clamp(min=torch.finfo(size.dtype).tiny)
    ratio = torch.where(error.isfinite(), SAFETY * error.clamp(min=1e-30) ** -0.125, 0.0)
    return torch.where(amounts.isfinite().all(0), ratio, torch.inf)


def _differentiable(events: _Events, steps: _Steps, start: Tensor, width: int) -> Tensor:
    """Return ``after`` with derivatives by rates, events and `start`."""
    here = events.at(steps.place)
    tangent = _tangent(events._replace(table=events.table.detach()).at(steps.place), steps)
    size, amounts, after = len(start), steps.amounts, steps.after
    slot = steps.number * size + steps.place // width
    shape = (int(steps.number.max()) + 1, size)

    def in_order(rows: Tensor) -> Tensor:
        padded = torch.zeros(shape[0] * shape[1], *rows.shape[1:], dtype=rows.dtype)
        return padded.index_copy(0, slot, rows).reshape(*shape, *rows.shape[1:])

    passed = in_order(tangent[:, :-1])[:-1]
    for _ in range(ORDER):
        reached = here.step_to_event(amounts, steps.share, steps.ends)
        leads_to = torch.cat([start[None], in_order(reached[:-1].mT)[:-1]])
        off = _recurrence(leads_to - in_order(amounts.mT), passed).flatten(0, 1)[slot]
        amounts = amounts + off.mT
        after = reached + (tangent @ off[..., None])[..., 0].mT
    return after


def _tangent(here: _Here, steps: _Steps) -> Tensor:
    """Return derivatives (R, m + 1, m) of what follows a step by the amounts at its beginning."""
    columns = []
    for k in range(len(steps.amounts)):
        moved = steps.amounts.to(torch.complex128)
        moved[k] += TINY * 1j
        columns.append(here.step_to_event(moved, steps.share, steps.ends).imag / TINY)
    return torch.stack(columns, -1).transpose(0, 1)


class _Recurrence(torch.autograd.Function):
    """x[0] = drive[0], x[k + 1] = matrix[k] x[k] + drive[k + 1], for (s, n, m) drives; linear in them."""

    @staticmethod
    def forward(drive: Tensor, matrix: Tensor) -> Tensor:
        rows = [drive[0]]
        for by, more in zip(matrix.unbind(0), drive[1:].unbind(0), strict=True):
            rows.append(torch.baddbmm(more[..., None], by, rows[-1][..., None])[..., 0])
        return torch.stack(rows)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:  # noqa: ARG004  # as torch calls it
        ctx.save_for_backward(inputs[1])
        ctx.save_for_forward(inputs[1])

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        """Return the slope by the drive: the same recurrence from the last row to the first."""
        (matrix,) = ctx.saved_tensors
        return _recurrence(slope.flip(0), matrix.mT.flip(0)).flip(0), None

    @staticmethod
    def jvp(ctx: Any, drive: Tensor, _: None) -> Tensor:
        (matrix,) = ctx.saved_tensors
        return _recurrence(drive, matrix)


def _recurrence(drive: Tensor, matrix: Tensor) -> Tensor:
    found: Tensor = _Recurrence.apply(drive, matrix)  # type: ignore[no-untyped-call]  # torch has no types here
    return found
