"""Find responses that follow from the survival time, and so do not confirm a finding on survival."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival

__all__ = ["duplicate_endpoint_note"]


def duplicate_endpoint_note(outcome: Survival, patients: pd.DataFrame, name: str) -> list[str]:
    """Say which other endpoints follow from the survival time, such as being alive at 28 days.

    Parameters
    ----------
    outcome
        Survival of n patients.
    patients
        ``patients.parquet`` of the run, the same n rows.
    name
        Name of the primary endpoint.

    Returns
    -------
    list of str
        One sentence per endpoint.

    Examples
    --------
    >>> outcome = Survival(np.array([10.0, 50.0, 120.0, 365.0]), np.array([True, True, True, False]), np.ones(4, bool))
    >>> [note] = duplicate_endpoint_note(outcome, pd.DataFrame({"alive": [False, False, True, True]}), "os")
    >>> note
    "endpoint 'alive' is the same as 'os' beyond a time between 50 and 120: it does not confirm it"
    """
    notes = []
    for column in patients.columns:
        label = patients[column]
        if str(column).startswith(("view.", f"{name}.")) or not pd.api.types.is_bool_dtype(label):
            continue
        known = label.notna().to_numpy() & outcome.observed
        if gap := _gap(outcome.take(np.flatnonzero(known)), label[known].to_numpy(dtype=np.bool_)):
            notes.append(
                f"endpoint '{column}' is the same as '{name}' beyond a time between {gap[0]:g} and {gap[1]:g}: it does "
                "not confirm it"
            )
    return notes


def _gap(outcome: Survival, positive: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Find times between which all negative patients have had the event and no positive one has; None without any."""
    if positive.all() or not positive.any() or not outcome.event[~positive].all():
        return None
    low, high = float(outcome.time[~positive].max()), float(outcome.time[positive].min())
    return (low, high) if low < high else None
