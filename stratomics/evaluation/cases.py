"""Cases: saved predictions laid beside what happened, ready for any metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.endpoints import Response, Survival
from omics.errors import DataError

__all__ = ["Cases", "ResponseCases", "SurvivalCases", "cases_of"]

Array = NDArray[np.float64]

POINTS = 100


@dataclass(frozen=True)
class SurvivalCases:
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

    def __len__(self) -> int:
        return len(self.time)

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
        wide = _wide(prediction, ids, "risk")
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


@dataclass(frozen=True)
class ResponseCases:
    """n patients with an observed binary response, each predicted once a repeat.

    Attributes
    ----------
    positive
        (n,) bool.
    probability
        (repeats, n) of the positive class.
    fold
        (repeats, n) number of the fold whose models predicted.
    """

    positive: NDArray[np.bool_]
    probability: Array
    fold: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.positive)

    @classmethod
    def of(cls, prediction: Prediction, sample_ids: NDArray[np.str_], response: Response) -> Self:
        """Lay `prediction` beside the response of the patients `sample_ids` (n,).

        Raises
        ------
        DataError
            If a patient with the endpoint was not predicted in every repeat.
        """
        rows = np.flatnonzero(response.observed)
        ids = pd.Index(sample_ids[rows])
        wide = _wide(prediction, ids, "response_probability")
        return cls(
            response.positive[rows],
            wide["response_probability"][ids].to_numpy(dtype=np.float64),
            wide["fold"][ids].to_numpy(dtype=np.int64),
        )


Cases = SurvivalCases | ResponseCases


def cases_of(prediction: Prediction, sample_ids: NDArray[np.str_], endpoint: Survival | Response) -> Cases:
    """Lay `prediction` beside an endpoint of whichever kind."""
    if isinstance(endpoint, Survival):
        return SurvivalCases.of(prediction, sample_ids, endpoint)
    return ResponseCases.of(prediction, sample_ids, endpoint)


def _wide(prediction: Prediction, ids: pd.Index, value: str) -> pd.DataFrame:
    """Lay out a row a repeat, columns ``(value, id)`` and ``(fold, id)``."""
    table = prediction.patients[prediction.patients["sample_id"].isin(ids)]
    wide = table.pivot(index="repeat", columns="sample_id", values=[value, "fold"])
    if len(table) != len(wide) * len(ids):
        raise DataError("not every patient is predicted in every repeat, so methods cannot be compared")
    return wide
