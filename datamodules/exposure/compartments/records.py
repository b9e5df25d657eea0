"""Records: the events of several patients as padded arrays, with repeated doses written out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from omics.events.event_table import DOSE, LEVEL, OTHER, RESET, RESET_AND_DOSE, EventTable

__all__ = ["PAST", "Doses", "Records", "records_of", "up_to_last_level"]

FIELDS = 9
"""Number of numbers that describe one dose."""

PAST = 4
"""Doses of a steady state that may not have arrived yet, because their lag is longer than their interval."""


@dataclass(frozen=True)
class Doses:
    """Doses of n patients, at most d for each; a row that is only padding has `given` False.

    ``row`` is the position of the record that a dose comes from, ``time`` its nominal time (before any lag). A dose at
    steady state (1: alone, 2: added to what is there) is preceded by `past` doses at its interval, whose effect up to
    the time of the record is part of the steady state.
    """

    given: Tensor
    row: Tensor
    time: Tensor
    amount: Tensor
    rate: Tensor
    compartment: Tensor
    steady_state: Tensor
    interval: Tensor
    repeated: Tensor
    past: Tensor


@dataclass(frozen=True)
class Records:
    """Events of n patients, at most r for each, as (n, r) tensors in float64; `known` is False for padding.

    ``covariates`` has one (n, r) tensor per name, ``occasion`` counts from 0. The times of padding repeat the last time
    of the patient. ``occasions`` is the largest number of occasions of a patient; a selection of patients keeps it, so
    that all have the same number of random effects.
    """

    patients: pd.Index
    occasions: int
    known: Tensor
    time: Tensor
    reset: Tensor
    level: Tensor
    observed: Tensor
    censored: Tensor
    limit: Tensor
    occasion: Tensor
    covariates: dict[str, Tensor]
    doses: Doses

    def __len__(self) -> int:
        return len(self.patients)

    def take(self, rows: Tensor) -> Records:
        """Select patients by position."""
        return replace(
            self,
            patients=self.patients[rows.numpy()],
            known=self.known[rows],
            time=self.time[rows],
            reset=self.reset[rows],
            level=self.level[rows],
            observed=self.observed[rows],
            censored=self.censored[rows],
            limit=self.limit[rows],
            occasion=self.occasion[rows],
            covariates={name: value[rows] for name, value in self.covariates.items()},
            doses=Doses(**{name: value[rows] for name, value in vars(self.doses).items()}),
        )

    def repeat(self, times: int) -> Records:
        """Repeat each patient, as in ``numpy.repeat``."""
        return self.take(torch.arange(len(self)).repeat_interleave(times))


def records_of(events: EventTable) -> Records:
    """Write the events of each patient into padded tensors.

    Parameters
    ----------
    events
        Doses and levels.

    Returns
    -------
    Records
        The events, in the order of ``events.patients``. Doses that repeat (ADDL, II) are written out one by one, up to
        the last event of their patient.
    """
    table = events.table
    patient, patients = pd.factorize(table["patient"])
    place = table.groupby("patient", sort=False).cumcount().to_numpy()
    shape = (len(patients), int(place.max(initial=0)) + 1)

    def padded(values: np.ndarray | pd.Series, fill: float = np.nan) -> Tensor:
        return _padded(patient, place, np.asarray(values, float), shape, fill)

    kind = padded(table["kind"], OTHER)
    occasion = _last_repeated(padded(table["occasion"])).long()
    covariates = {name: _last_repeated(padded(table[name])) for name in events.covariates}
    return Records(
        patients=pd.Index(patients),
        occasions=int(occasion.max()) + 1,
        known=padded(np.ones(len(table)), 0) > 0,
        time=_last_repeated(padded(table["time"])),
        reset=(kind == RESET) | (kind == RESET_AND_DOSE),
        level=padded(table["level"]),
        observed=(padded(table["observed"], 0) > 0) & (kind == LEVEL),
        censored=padded(table["censored"], 0) > 0,
        limit=padded(table["limit"]),
        occasion=occasion,
        covariates=covariates,
        doses=_doses_of(table, patient, place, len(patients)),
    )


def up_to_last_level(events: EventTable) -> EventTable:
    """Leave out what happens after the last level of each patient, which says nothing about them.

    A patient without a level keeps their first event.
    """
    table = events.table
    position = table.groupby("patient", sort=False).cumcount()
    counts = (table["observed"] & (table["kind"] == LEVEL)).astype(int)
    last = (position * counts).groupby(table["patient"]).transform("max")
    return EventTable(table[position <= last].reset_index(drop=True), events.covariates, events.time_unit)


def _doses_of(table: pd.DataFrame, patient: np.ndarray, place: np.ndarray, size: int) -> Doses:
    """Write out the doses of all patients, in the order of their records."""
    last = table.groupby("patient", sort=False)["time"].transform("max")
    is_dose = table["kind"].isin([DOSE, RESET_AND_DOSE]).to_numpy()
    columns = ("time", "amount", "rate", "compartment", "steady_state", "interval", "additional")
    rows = zip(patient, place, last, *(table[name] for name in columns), strict=True)
    lines = [line for given, row in zip(is_dose, rows, strict=True) if given for line in _written_out(*row)]
    array = np.array(lines, float).reshape(-1, FIELDS + 1)
    owner = array[:, 0].astype(int)
    number = pd.Series(owner).groupby(owner).cumcount().to_numpy()
    shape = (size, int(number.max(initial=0)) + 1)
    row, time, amount, rate, compartment, steady, interval, repeated, past = (
        _padded(owner, number, values, shape, 0) for values in array[:, 1:].T
    )
    return Doses(
        given=_padded(owner, number, np.ones(len(array)), shape, 0) > 0,
        row=row.long(),
        time=time,
        amount=amount,
        rate=rate,
        compartment=compartment.long(),
        steady_state=steady.long(),
        interval=interval,
        repeated=repeated > 0,
        past=past > 0,
    )


def _written_out(
    patient: int, row: int, last: float, time: float, amount: float, rate: float, compartment: int,
    steady: int, interval: float, additional: int,
) -> list[list[float]]:  # fmt: skip
    """Return a dose, those that repeat it, and those before it at steady state: patient, then the fields of Doses."""
    given = 0.0 if np.isnan(amount) else amount
    own = [patient, row, time, given, rate, compartment, steady, interval, 0, 0]
    if interval <= 0:
        return [own]
    later = range(1, min(int(additional), int((last - time) / interval)) + 1)
    past = range(1, _past_doses(given, rate, interval) + 1 if steady else 1)
    return [
        own,
        *([patient, row, time + n * interval, given, rate, compartment, 0, interval, 1, 0] for n in later),
        *([patient, row, time - n * interval, given, rate, compartment, 0, interval, 0, 1] for n in past),
    ]


def _past_doses(amount: float, rate: float, interval: float) -> int:
    """Count the earlier doses of a steady state that may still act: they are late or their infusion lasts."""
    return PAST + (int(np.ceil(amount / rate / interval)) if rate > 0 else 0)


def _padded(
    row: np.ndarray, column: np.ndarray, values: np.ndarray, shape: tuple[int, int], fill: float
) -> Tensor:
    table = np.full(shape, fill, float)
    table[row, column] = values
    return torch.from_numpy(table)


def _last_repeated(values: Tensor) -> Tensor:
    """Replace the padding (NaN) by the last value of its row."""
    frame = pd.DataFrame(values.numpy()).ffill(axis=1).bfill(axis=1).fillna(0.0)
    return torch.from_numpy(frame.to_numpy(copy=True))
