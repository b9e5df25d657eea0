"""Whether a response is survival in other words, and so no second confirmation of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival

__all__ = ["duplicate_endpoint_note"]


def duplicate_endpoint_note(outcome: Survival, patients: pd.DataFrame, name: str) -> list[str]:
    """Give a sentence for each other endpoint that is told by the time of this one.

    Parameters
    ----------
    outcome
        Survival of n patients.
    patients
        ``patients.parquet`` of the run, the same n rows.
    name
        Of the deciding endpoint.

    Examples
    --------
    >>> outcome = Survival(np.array([10.0, 50.0, 120.0, 365.0]), np.array([True, True, True, False]), np.ones(4, bool))
    >>> [said] = duplicate_endpoint_note(outcome, pd.DataFrame({"alive": [False, False, True, True]}), "os")
    >>> said
    "endpoint 'alive' says who outlived a time between 50 and 120 by 'os': it is no second confirmation of it"
    """
    said = []
    for column in patients.columns:
        label = patients[column]
        if str(column).startswith(("view.", f"{name}.")) or not pd.api.types.is_bool_dtype(label):
            continue
        known = label.notna().to_numpy() & outcome.observed
        if gap := _gap(outcome.take(np.flatnonzero(known)), label[known].to_numpy(dtype=np.bool_)):
            said.append(
                f"endpoint '{column}' says who outlived a time between {gap[0]:g} and {gap[1]:g} by '{name}': it is no "
                "second confirmation of it"
            )
    return said


def _gap(outcome: Survival, positive: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Give times between which all negative patients have died and no positive one has; None if there are none."""
    if positive.all() or not positive.any() or not outcome.event[~positive].all():
        return None
    low, high = float(outcome.time[~positive].max()), float(outcome.time[positive].min())
    return (low, high) if low < high else None
