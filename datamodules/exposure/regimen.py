"""Regimen: one dose that is repeated, and the events that it means for patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from omics.events.event_table import DOSE, OTHER, EventTable

__all__ = ["Regimen", "regimen_events"]


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


def regimen_events(
    regimen: Regimen, covariates: pd.DataFrame, times: np.ndarray, *, steady_state: bool
) -> EventTable:
    """Write the events of a regimen for patients.

    Parameters
    ----------
    regimen
        The dose and its interval.
    covariates
        One row per patient, in the units of the model; they stay as they are.
    times
        Times after the first dose at which a prediction is wanted, from small to large.
    steady_state
        Whether the dose at time 0 is one of many before it, or the first.

    Returns
    -------
    EventTable
        A dose at time 0, its repetitions up to the last of `times`, and an event at each of `times`.
    """
    size, count = len(covariates), len(times) + 1
    factor = covariates[regimen.per].to_numpy(float) if regimen.per else np.ones(size)
    amount = regimen.amount * factor
    first = np.tile(np.arange(count) == 0, size)
    repeats = 0 if steady_state else int(np.ceil(times[-1] / regimen.interval))
    table = covariates.loc[covariates.index.repeat(count)].reset_index(drop=True)
    rate = amount / regimen.infusion if regimen.infusion > 0 else np.zeros(size)
    events = pd.DataFrame(
        {
            "patient": np.repeat(covariates.index.astype(str), count),
            "time": np.tile(np.r_[0.0, times], size),
            "amount": np.where(first, np.repeat(amount, count), np.nan),
            "rate": np.where(first, np.repeat(rate, count), 0.0),
            "kind": np.where(first, DOSE, OTHER),
            "compartment": regimen.compartment,
            "level": np.nan,
            "observed": False,
            "additional": np.where(first, repeats, 0),
            "interval": np.where(first, regimen.interval, 0.0),
            "steady_state": np.where(first & steady_state, 1, 0),
            "censored": False,
            "limit": np.nan,
            "occasion": 0,
            "row": 0,
        }
    )
    return EventTable(pd.concat([events, table], axis=1), tuple(covariates.columns))
