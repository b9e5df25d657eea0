"""Cases: saved predictions laid beside what happened, ready for any metric."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.prediction import Curves, Prediction
from models.survival.kaplan_meier import StepFunction
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError

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
    horizon
        The one time at which curves are evaluated where one has to do: the median time of an event among the evaluated
        patients, or of everybody if nobody had it.
    curves
        A function a repeat: S(t) of the n patients, in steps.
    end
        (repeats, n) last time of each patient's own curve, after which it keeps its last value.
    bound
        (repeats, n) lower bound on the time; None where none was predicted.
    """

    event: NDArray[np.bool_]
    time: Array
    risk: Array
    fold: NDArray[np.int64]
    grid: Array
    horizon: float
    curves: tuple[StepFunction, ...]
    end: Array
    bound: Array | None = None

    def __len__(self) -> int:
        return len(self.time)

    @cached_property
    def survival(self) -> Array:
        """(repeats, n, 100) S(t) on the grid."""
        return np.stack([curve(self.grid) for curve in self.curves])

    @cached_property
    def probability(self) -> Array:
        """(repeats, n) predicted probability of an event by the horizon."""
        at = np.array([self.horizon])
        return np.stack([1.0 - curve(at)[:, 0] for curve in self.curves])

    @cached_property
    def at_own_time(self) -> Array:
        """(repeats, n) S(t) of each patient at his own time."""
        return np.stack([curve.own(self.time) for curve in self.curves])

    @property
    def beyond(self) -> NDArray[np.bool_]:
        """(repeats, n) who was followed beyond the end of his curve."""
        return self.time > self.end

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Cases of some patients, in any order, one as often as he is named; evaluated at the same times."""
        return dataclasses.replace(
            self,
            event=self.event[rows],
            time=self.time[rows],
            risk=self.risk[:, rows],
            fold=self.fold[:, rows],
            curves=tuple(StepFunction(c.times, c.values[rows], c.before) for c in self.curves),
            end=self.end[:, rows],
            bound=None if self.bound is None else self.bound[:, rows],
        )

    def of_repeat(self, number: int) -> Self:
        """Cases of one repeat alone."""
        return dataclasses.replace(
            self,
            risk=self.risk[[number]],
            fold=self.fold[[number]],
            curves=(self.curves[number],),
            end=self.end[[number]],
            bound=None if self.bound is None else self.bound[[number]],
        )

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
        bounds = "survival_bound" in prediction.patients
        wide = _wide(prediction, ids, ["risk", "survival_bound"] if bounds else ["risk"])
        grid = np.linspace(seen.time.min(), seen.time.max(), POINTS + 2)[1:-1]
        parts: dict[int, list[Curves]] = {int(repeat): [] for repeat in wide.index}
        for part in prediction.curves():
            parts[part.repeat].append(part)
        together = [_joined(of_repeat, ids) for of_repeat in parts.values()]
        return cls(
            seen.event,
            seen.time,
            wide["risk"][ids].to_numpy(dtype=np.float64),
            wide["fold"][ids].to_numpy(dtype=np.int64),
            grid,
            float(np.median(seen.time[seen.event] if seen.event.any() else seen.time)),
            tuple(curve for curve, _ in together),
            np.stack([end for _, end in together]),
            wide["survival_bound"][ids].to_numpy(dtype=np.float64) if bounds else None,
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
    sets
        (repeats, n, 2) whether the set of responses holds the negative and the positive class; None where
        no sets were predicted. In the tables ``response_set`` names the classes it holds, joined by ``|``:
        ``negative``, ``positive``, ``negative|positive``, or nothing.
    marginal_sets
        The same of ``response_set_marginal``: sets that promise their coverage to all patients together, where
        `sets` promise it to each class.
    """

    positive: NDArray[np.bool_]
    probability: Array
    fold: NDArray[np.int64]
    sets: NDArray[np.bool_] | None = None
    marginal_sets: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.positive)

    @property
    def marginal(self) -> Self:
        """The same cases, evaluated by their marginal sets."""
        return dataclasses.replace(self, sets=self.marginal_sets)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Cases of some patients, in any order, one as often as he is named."""
        return dataclasses.replace(
            self,
            positive=self.positive[rows],
            probability=self.probability[:, rows],
            fold=self.fold[:, rows],
            sets=None if self.sets is None else self.sets[:, rows],
            marginal_sets=None if self.marginal_sets is None else self.marginal_sets[:, rows],
        )

    def of_repeat(self, number: int) -> Self:
        """Cases of one repeat alone."""
        return dataclasses.replace(
            self,
            probability=self.probability[[number]],
            fold=self.fold[[number]],
            sets=None if self.sets is None else self.sets[[number]],
            marginal_sets=None if self.marginal_sets is None else self.marginal_sets[[number]],
        )

    @classmethod
    def of(cls, prediction: Prediction, sample_ids: NDArray[np.str_], response: Response) -> Self:
        """Lay `prediction` beside the response of the patients `sample_ids` (n,).

        Raises
        ------
        DataError
            If a patient with the endpoint was not predicted in every repeat, or a set names no class.
        """
        rows = np.flatnonzero(response.observed)
        ids = pd.Index(sample_ids[rows])
        written = [c for c in ("response_set", "response_set_marginal") if c in prediction.patients]
        wide = _wide(prediction, ids, ["response_probability", *written])
        sets = {column: _classes_in(wide[column][ids].to_numpy(), column) for column in written}
        return cls(
            response.positive[rows],
            wide["response_probability"][ids].to_numpy(dtype=np.float64),
            wide["fold"][ids].to_numpy(dtype=np.int64),
            sets.get("response_set"),
            sets.get("response_set_marginal"),
        )


Cases = SurvivalCases | ResponseCases


def cases_of(prediction: Prediction, sample_ids: NDArray[np.str_], endpoint: Survival | Response) -> Cases:
    """Lay `prediction` beside an endpoint of whichever kind."""
    if isinstance(endpoint, Survival):
        return SurvivalCases.of(prediction, sample_ids, endpoint)
    return ResponseCases.of(prediction, sample_ids, endpoint)


def _wide(prediction: Prediction, ids: pd.Index, values: list[str]) -> pd.DataFrame:
    """Lay out a row a repeat, columns ``(value, id)`` and ``(fold, id)``."""
    table = prediction.patients[prediction.patients["sample_id"].isin(ids)]
    wide = table.pivot(index="repeat", columns="sample_id", values=[*values, "fold"])
    if len(table) != len(wide) * len(ids):
        raise DataError("not every patient is predicted in every repeat, so methods cannot be compared")
    return wide


def _joined(parts: list[Curves], ids: pd.Index) -> tuple[StepFunction, Array]:
    """One function of the patients `ids` on all times of a repeat's folds, and the end (n,) of each one's curve."""
    times = np.unique(np.concatenate([part.survival.times for part in parts]))
    values, end = np.full((len(ids), len(times)), np.nan), np.full(len(ids), np.nan)
    for part in parts:
        known = np.isin(part.sample_ids, ids)
        rows = ids.get_indexer(pd.Index(part.sample_ids[known]))
        values[rows], end[rows] = part.survival(times)[known], part.survival.times[-1]
    return StepFunction(times, values), end


def _classes_in(sets: NDArray[np.object_], column: str) -> NDArray[np.bool_]:
    """(repeats, n, 2) of the sets (repeats, n) written in a column."""
    known = {
        "": (False, False),
        "negative": (True, False),
        "positive": (False, True),
        "negative|positive": (True, True),
    }
    for written in pd.unique(sets.ravel()):
        if written not in known:
            raise DataError(f"{column} '{written}' is none of {', '.join(repr(k) for k in known)}")
    return np.array([[known[written] for written in row] for row in sets], dtype=np.bool_)
