"""Regimens: doses that are repeated, and the events that they mean for patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.events.event_table import DOSE, OTHER, RESET_AND_DOSE, EventTable

__all__ = ["DOSES", "Regimen", "doses_given", "regimen_events"]

DOSES = ("amount", "interval", "infusion", "compartment")
"""Columns of a table of doses, one row per patient, as in :class:`Regimen`."""


@dataclass(frozen=True)
class Regimen:
    """A dose that is repeated.

    Parameters
    ----------
    amount
        Amount of each dose, in the unit of the model.
    interval
        Time between doses, in the time unit of the model.
    infusion
        Length of the infusion of each dose; 0 for a bolus or an oral dose.
    per
        Covariate that the amount is multiplied by (a weight or body surface), or None.
    compartment
        Number of the compartment, from 1; 0 for the model's default.
    """

    amount: float
    interval: float
    infusion: float = 0.0
    per: str | None = None
    compartment: int = 0

    def doses(self, covariates: pd.DataFrame) -> pd.DataFrame:
        """Return the doses of patients with `covariates`: one row per patient, the columns of DOSES."""
        factor = covariates[self.per] if self.per else pd.Series(1.0, covariates.index)
        return pd.DataFrame(
            {
                "amount": self.amount * factor,
                "interval": self.interval,
                "infusion": self.infusion,
                "compartment": self.compartment,
            }
        )


def doses_given(events: EventTable, *, last: bool) -> pd.DataFrame:
    """Return the first or last dose of each patient as a regimen.

    Parameters
    ----------
    events
        Doses and levels.
    last
        Whether the last dose counts, or the first.

    Returns
    -------
    pd.DataFrame
        One row per patient: the columns of DOSES, and the covariates of the row of the dose. The interval is that of
        the dose (II), else the time to the next dose, or since the one before; it is missing for a single dose.
        Patients without a dose have missing values.
    """
    table = events.table[events.table["kind"].isin([DOSE, RESET_AND_DOSE])]
    by_patient = table.groupby("patient", sort=False)
    apart = by_patient["time"].diff().where(lambda gap: gap > 0)
    after = by_patient["time"].diff(-1).abs().where(lambda gap: gap > 0)
    interval = table["interval"].where(table["interval"] > 0)
    rate = table["rate"].where(table["rate"] > 0)
    doses = table.assign(
        interval=interval.fillna(apart if last else after).fillna(after if last else apart),
        infusion=(table["amount"] / rate).fillna(0.0),
    )
    one = (
        doses.groupby("patient", sort=False).tail(1) if last else doses.groupby("patient", sort=False).head(1)
    )
    return one.set_index("patient")[[*DOSES, *events.covariates]].reindex(events.patients)


def regimen_events(
    doses: pd.DataFrame, covariates: pd.DataFrame, times: NDArray[np.float64], *, steady_state: bool
) -> EventTable:
    """Write the events of regimens.

    Parameters
    ----------
    doses
        One row per patient, with the columns of DOSES.
    covariates
        One row per patient, in the units of the model; they stay as they are.
    times
        (n, g) times after the first dose at which a prediction is wanted, from small to large.
    steady_state
        Whether the dose at time 0 is one of many before it, or the first.

    Returns
    -------
    EventTable
        Of each patient a dose at time 0, its repetitions before the last of `times` (which is a trough), and an event
        at each of `times`.
    """
    size, count = times.shape[0], times.shape[1] + 1
    first = np.zeros((size, count), bool)
    first[:, 0] = True
    amount, interval, infusion, compartment = (doses[name].to_numpy(float)[:, None] for name in DOSES)
    rate = np.divide(amount, infusion, out=np.zeros_like(amount), where=infusion > 0)
    repeats = 0.0 if steady_state else np.maximum(np.ceil(times[:, -1:] / interval) - 1, 0)
    columns = {
        "time": np.concatenate([np.zeros((size, 1)), times], axis=1),
        "amount": np.where(first, amount, np.nan),
        "rate": np.where(first, rate, 0.0),
        "kind": np.where(first, DOSE, OTHER),
        "compartment": np.broadcast_to(compartment.astype(int), first.shape),
        "additional": np.where(first, repeats, 0).astype(int),
        "interval": np.where(first, interval, 0.0),
        "steady_state": (first & steady_state).astype(int),
    }
    events = pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}).assign(
        patient=np.repeat(covariates.index.astype(str), count),
        level=np.nan, observed=False, censored=False, limit=np.nan, occasion=0, row=0,
    )  # fmt: skip
    constant = covariates.loc[covariates.index.repeat(count)].reset_index(drop=True)
    return EventTable(pd.concat([events, constant], axis=1), tuple(covariates.columns))
