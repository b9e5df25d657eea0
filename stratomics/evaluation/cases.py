"""Cases: saved predictions with observed outcomes of the same patients, as metrics take them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
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
from stratomics.evaluation.follow_up import main_horizon

__all__ = ["POINTS", "Cases", "ResponseCases", "SurvivalCases", "cases_of"]

Array = NDArray[np.float64]

POINTS = 100


@dataclass(frozen=True)
class SurvivalCases:
    """n patients with an observed survival endpoint, predicted once per repeat.

    Attributes
    ----------
    event, time
        (n,) each; event is True if it occurred.
    risk
        (repeats, n); higher means earlier event.
    fold
        (repeats, n) number of the fold in which the patient was predicted.
    grid
        (100,) times strictly inside the follow-up of the evaluated patients.
    horizon
        Time at which curves are evaluated when a metric needs a single time; :func:`main_horizon` chooses it.
    curves
        One step function per repeat: S(t) of the n patients.
    end
        (repeats, n) last time of each patient's predicted curve, which keeps its last value afterwards.
    bound
        (repeats, n) lower bound on the time; None if no bounds were predicted.
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
    def survival_at_observed_time(self) -> Array:
        """(repeats, n) S(t) of each patient at their observed time."""
        return np.stack([curve.rowwise(self.time) for curve in self.curves])

    @property
    def beyond_curve(self) -> NDArray[np.bool_]:
        """(repeats, n) whether the patient was followed beyond the end of their predicted curve."""
        return self.time > self.end

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Select patients by position, in any order and repeatedly; grid and horizon stay."""
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
        """Select one repeat."""
        return dataclasses.replace(
            self,
            risk=self.risk[[number]],
            fold=self.fold[[number]],
            curves=(self.curves[number],),
            end=self.end[[number]],
            bound=None if self.bound is None else self.bound[[number]],
        )

    @classmethod
    def of(
        cls,
        prediction: Prediction,
        sample_ids: NDArray[np.str_],
        survival: Survival,
        horizons: Sequence[float] = (),
    ) -> Self:
        """Join a prediction with a survival endpoint.

        Parameters
        ----------
        prediction
            Predictions of at least the patients with the endpoint.
        sample_ids
            (n,) ids of the patients of `survival`.
        survival
            Endpoint of n patients; those without it are left out.
        horizons
            Times of the configuration; see :func:`stratomics.evaluation.follow_up.main_horizon`.

        Returns
        -------
        SurvivalCases
            The patients with the endpoint.

        Raises
        ------
        DataError
            If a patient with the endpoint was not predicted in every repeat.
        """
        rows = np.flatnonzero(survival.observed)
        ids, observed = pd.Index(sample_ids[rows]), survival.take(rows)
        bounds = "survival_bound" in prediction.patients
        wide = _wide(prediction, ids, ["risk", "survival_bound"] if bounds else ["risk"])
        grid = np.linspace(observed.time.min(), observed.time.max(), POINTS + 2)[1:-1]
        parts: dict[int, list[Curves]] = {int(repeat): [] for repeat in wide.index}
        for part in prediction.curves():
            parts[part.repeat].append(part)
        joined = [_join_curves(of_repeat, ids) for of_repeat in parts.values()]
        return cls(
            observed.event,
            observed.time,
            wide["risk"][ids].to_numpy(dtype=np.float64),
            wide["fold"][ids].to_numpy(dtype=np.int64),
            grid,
            main_horizon(observed, horizons),
            tuple(curve for curve, _ in joined),
            np.stack([end for _, end in joined]),
            wide["survival_bound"][ids].to_numpy(dtype=np.float64) if bounds else None,
        )


@dataclass(frozen=True)
class ResponseCases:
    """n patients with an observed binary response, predicted once per repeat.

    Attributes
    ----------
    positive
        (n,) whether the response is positive.
    probability
        (repeats, n) predicted probability of a positive response.
    fold
        (repeats, n) number of the fold in which the patient was predicted.
    sets
        (repeats, n, 2) whether the response set contains the negative and the positive class; None if no sets were
        predicted. In saved tables ``response_set`` lists the classes of the set, joined by ``|``: ``negative``,
        ``positive``, ``negative|positive``, or nothing.
    marginal_sets
        The same for ``response_set_marginal``. Marginal sets have 90% coverage over all patients; `sets` have it
        within each class.
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
        """The same cases with marginal sets in place of `sets`."""
        return dataclasses.replace(self, sets=self.marginal_sets)

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Select patients by position, in any order and repeatedly."""
        return dataclasses.replace(
            self,
            positive=self.positive[rows],
            probability=self.probability[:, rows],
            fold=self.fold[:, rows],
            sets=None if self.sets is None else self.sets[:, rows],
            marginal_sets=None if self.marginal_sets is None else self.marginal_sets[:, rows],
        )

    def of_repeat(self, number: int) -> Self:
        """Select one repeat."""
        return dataclasses.replace(
            self,
            probability=self.probability[[number]],
            fold=self.fold[[number]],
            sets=None if self.sets is None else self.sets[[number]],
            marginal_sets=None if self.marginal_sets is None else self.marginal_sets[[number]],
        )

    @classmethod
    def of(cls, prediction: Prediction, sample_ids: NDArray[np.str_], response: Response) -> Self:
        """Join a prediction with a binary response.

        Parameters
        ----------
        prediction
            Predictions of at least the patients with the response.
        sample_ids
            (n,) ids of the patients of `response`.
        response
            Response of n patients; those without it are left out.

        Returns
        -------
        ResponseCases
            The patients with the response.

        Raises
        ------
        DataError
            If a patient with the response was not predicted in every repeat, or a response set is not valid.
        """
        rows = np.flatnonzero(response.observed)
        ids = pd.Index(sample_ids[rows])
        columns = [c for c in ("response_set", "response_set_marginal") if c in prediction.patients]
        wide = _wide(prediction, ids, ["response_probability", *columns])
        sets = {column: _classes_in(wide[column][ids].to_numpy(), column) for column in columns}
        return cls(
            response.positive[rows],
            wide["response_probability"][ids].to_numpy(dtype=np.float64),
            wide["fold"][ids].to_numpy(dtype=np.int64),
            sets.get("response_set"),
            sets.get("response_set_marginal"),
        )


Cases = SurvivalCases | ResponseCases


def cases_of(
    prediction: Prediction,
    sample_ids: NDArray[np.str_],
    endpoint: Survival | Response,
    horizons: Sequence[float] = (),
) -> Cases:
    """Join a prediction with an endpoint of either kind.

    Parameters
    ----------
    prediction
        Predictions of at least the patients with the endpoint.
    sample_ids
        (n,) ids of the patients of `endpoint`.
    endpoint
        Endpoint of n patients; those without it are left out.
    horizons
        Times of the configuration for a survival endpoint.

    Returns
    -------
    SurvivalCases or ResponseCases
        The patients with the endpoint.
    """
    if isinstance(endpoint, Survival):
        return SurvivalCases.of(prediction, sample_ids, endpoint, horizons)
    return ResponseCases.of(prediction, sample_ids, endpoint)


def _wide(prediction: Prediction, ids: pd.Index, values: list[str]) -> pd.DataFrame:
    """One row per repeat, with columns ``(value, id)`` and ``(fold, id)``."""
    table = prediction.patients[prediction.patients["sample_id"].isin(ids)]
    wide = table.pivot(index="repeat", columns="sample_id", values=[*values, "fold"])
    if len(table) != len(wide) * len(ids):
        raise DataError("not every patient is predicted in every repeat, so methods cannot be compared")
    return wide


def _join_curves(parts: list[Curves], ids: pd.Index) -> tuple[StepFunction, Array]:
    """Curves of the patients `ids` on the times of all folds of a repeat, and the end (n,) of each patient's curve."""
    times = np.unique(np.concatenate([part.survival.times for part in parts]))
    values, end = np.full((len(ids), len(times)), np.nan), np.full(len(ids), np.nan)
    for part in parts:
        known = np.isin(part.sample_ids, ids)
        rows = ids.get_indexer(pd.Index(part.sample_ids[known]))
        values[rows], end[rows] = part.survival(times)[known], part.survival.times[-1]
    return StepFunction(times, values), end


def _classes_in(sets: NDArray[np.object_], column: str) -> NDArray[np.bool_]:
    """(repeats, n, 2) classes of the sets (repeats, n) of a column."""
    known = {
        "": (False, False),
        "negative": (True, False),
        "positive": (False, True),
        "negative|positive": (True, True),
    }
    for value in pd.unique(sets.ravel()):
        if value not in known:
            raise DataError(f"{column} '{value}' is none of {', '.join(repr(k) for k in known)}")
    return np.array([[known[value] for value in row] for row in sets], dtype=np.bool_)
