"""Cases: saved predictions laid beside what happened, ready for any metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.endpoints import Survival
from omics.errors import DataError

__all__ = ["Cases"]

Array = NDArray[np.float64]

POINTS = 100


@dataclass(frozen=True)
class Cases:
    """n patients with an observed endpoint, each predicted once a repeat.

    Attributes
    ----------
    event, time
        (n,) each.
    risk
        (repeats, n), higher means earlier event.
    fold
        (repeats, n) number of the fold whose models predicted.
    grid
        (100,) times strictly inside the follow-up of the evaluated patients.
    survival
        (repeats, n, 100) S(t) on the grid.
    """

    event: NDArray[np.bool_]
    time: Array
    risk: Array
    fold: NDArray[np.int64]
    grid: Array
    survival: Array

    @classmethod
    def of(cls, prediction: Prediction, sample_ids: NDArray[np.str_], survival: Survival) -> Self:
        """Lay `prediction` beside the endpoint of the patients `sample_ids` (n,).

        Raises
        ------
        DataError
            If a patient with the endpoint was not predicted in every repeat.
        """
        rows = np.flatnonzero(survival.observed)
        ids, seen = pd.Index(sample_ids[rows]), survival.take(rows)
        table = prediction.patients[prediction.patients["sample_id"].isin(ids)]
        wide = table.pivot(index="repeat", columns="sample_id", values=["risk", "fold"])
        if len(table) != len(wide) * len(ids):
            raise DataError("not every patient is predicted in every repeat, so methods cannot be compared")
        grid = np.linspace(seen.time.min(), seen.time.max(), POINTS + 2)[1:-1]
        curves = np.full((len(wide), len(ids), POINTS), np.nan)
        repeats = list(wide.index)
        for part in prediction.curves():
            known = np.isin(part.sample_ids, ids)
            columns = ids.get_indexer(pd.Index(part.sample_ids[known]))
            curves[repeats.index(part.repeat), columns] = part.survival(grid)[known]
        return cls(
            seen.event,
            seen.time,
            wide["risk"][ids].to_numpy(dtype=np.float64),
            wide["fold"][ids].to_numpy(dtype=np.int64),
            grid,
            curves,
        )
