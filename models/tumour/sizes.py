"""Sizes of patients' tumours as padded tensors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

__all__ = ["TumourSizes", "sizes_of"]


@dataclass(frozen=True)
class TumourSizes:
    """Up to r sizes of each of n patients, each (n, r).

    Parameters
    ----------
    patients
        (n,) ids.
    time
        Weeks since treatment began.
    level
        Sizes in mm; only where measured above the limit.
    observed
        Bool: there is a size.
    censored
        Bool: the size is below the limit.
    limit
        Smallest size that can be measured, in mm.
    """

    patients: pd.Index
    time: Tensor
    level: Tensor
    observed: Tensor
    censored: Tensor
    limit: Tensor

    def __len__(self) -> int:
        """Return the number of patients."""
        return len(self.patients)

    def take(self, rows: Tensor) -> TumourSizes:
        """Select patients by position; one may be taken several times."""
        tensors = {name: value[rows] for name, value in vars(self).items() if name != "patients"}
        return TumourSizes(self.patients[rows.numpy()], **tensors)

    def until(self, landmark: Tensor) -> TumourSizes:
        """Keep the sizes up to a time of each patient, (n, 1); others stay as times, but do not count."""
        fields = {**vars(self), "observed": self.observed & (self.time <= landmark)}
        return TumourSizes(**fields)


def sizes_of(table: pd.DataFrame, patients: pd.Index) -> TumourSizes:
    """Write a table of sizes into padded tensors.

    Parameters
    ----------
    table
        Columns ``patient``, ``time`` (weeks), ``size`` (mm, the limit where it is below it), ``censored``.
    patients
        Ids, in the order wanted; a patient without rows has no size.

    Returns
    -------
    TumourSizes
        The sizes of `patients`.
    """
    own = table[table["patient"].isin(patients)]
    row = patients.get_indexer(pd.Index(own["patient"]))
    place = own.groupby("patient", sort=False).cumcount().to_numpy()
    shape = (len(patients), int(place.max(initial=0)) + 1)

    def filled(values: pd.Series, empty: float | bool) -> Tensor:
        array = np.full(shape, empty)
        array[row, place] = values
        return torch.from_numpy(array)

    observed = filled(pd.Series(True, own.index), False)
    size = filled(own["size"].astype(float), 1.0)
    return TumourSizes(
        patients, filled(own["time"].astype(float), 0.0), size, observed, filled(own["censored"], False), size
    )
