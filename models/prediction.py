"""Prediction: predicted risks, curves and probabilities as tables; numpy and parquet, no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.lazy_tables import LazyTables, table_parts
from models.survival.kaplan_meier import StepFunction
from omics.common.errors import DataError
from omics.common.files import read_parquet, write_parquet

__all__ = ["LONG", "MEASURED_SHARE", "RECEIVED", "Curves", "Prediction"]

Array = NDArray[np.float64]

LONG = {"survival": "risk", "response": "response_probability"}
"""Name of each long table -> the column of `patients` that is present if and only if the table is."""


MEASURED_SHARE = "measured_share."
"""How columns begin that have the share of the features used of a view that a new patient has."""

RECEIVED = "received"
"""Name of the arm in rows with predictions under the treatment that each patient received."""


@dataclass(frozen=True)
class Curves:
    """Survival curves of the patients of one fold: ``sample_ids`` (n,), ``survival`` with values (n, t)."""

    repeat: int
    fold: int
    sample_ids: NDArray[np.str_]
    survival: StepFunction


@dataclass(frozen=True)
class Prediction:
    """Out-of-fold predictions, or predictions for new patients.

    Attributes
    ----------
    patients
        One row per patient and repeat: sample_id, repeat, fold, and columns that depend on the endpoints: risk (higher
        means earlier event), response_probability (of the positive class), risk_sd and response_sd (standard deviation
        over members, absent for single models).
    long
        Tables with several rows per patient; a table is absent if there is no such endpoint. ``survival``: sample_id,
        repeat, fold, time, survival. S(t) is right-continuous, 1 before the first time, and keeps its last value
        afterwards. With competing risks, S(t) is event-free survival, and the table has the columns cause (1, 2, ...)
        and cumulative_incidence. ``response``: sample_id, repeat, fold, endpoint, class, probability. For a cohort
        with arms, both tables have a column ``arm``: received, control, treated.
    """

    patients: pd.DataFrame
    long: Mapping[str, pd.DataFrame]

    @classmethod
    def of_survival(
        cls,
        sample_ids: NDArray[np.str_],
        risk: Array,
        times: Array,
        survival: Array,
        risk_sd: Array | None = None,
    ) -> Self:
        """Build from arrays: risk (n,), times (t,), survival (n, t)."""
        patients = _patients(sample_ids, {"risk": risk, "risk_sd": risk_sd})
        curves = pd.DataFrame(
            {
                "sample_id": np.repeat(sample_ids, len(times)),
                "repeat": 0,
                "fold": 0,
                "time": np.tile(times, len(sample_ids)),
                "survival": survival.ravel(),
            }
        )
        return cls(patients, {"survival": curves})

    @classmethod
    def of_competing_risks(
        cls,
        sample_ids: NDArray[np.str_],
        risk: Array,
        times: Array,
        survival: Array,
        incidence: Array,
        risk_sd: Array | None = None,
    ) -> Self:
        """Build as :meth:`of_survival`, with the cumulative incidence (causes, n, t) of each cause."""
        plain = cls.of_survival(sample_ids, risk, times, survival, risk_sd)
        causes = [
            plain.survival.assign(cause=number, cumulative_incidence=values.ravel())
            for number, values in enumerate(incidence, 1)
        ]
        return cls(plain.patients, {"survival": pd.concat(causes, ignore_index=True)})

    @classmethod
    def of_response(
        cls, sample_ids: NDArray[np.str_], endpoint: str, probability: Array, sd: Array | None = None
    ) -> Self:
        """Build from the probability (n,) of the positive class of a binary endpoint.

        Examples
        --------
        >>> Prediction.of_response(np.array(["a"]), "response", np.array([0.75])).response["probability"].tolist()
        [0.25, 0.75]
        """
        both = np.column_stack([1.0 - probability, probability])
        names, positive = ("negative", "positive"), np.array([False, True])
        return cls.of_levels(sample_ids, endpoint, names, both, positive, sd)

    @classmethod
    def of_levels(
        cls,
        sample_ids: NDArray[np.str_],
        endpoint: str,
        levels: Sequence[str],
        probability: Array,
        positive: NDArray[np.bool_],
        sd: Array | None = None,
    ) -> Self:
        """Build from the probabilities (n, levels) of `levels`; `positive` (levels,) marks the positive levels."""
        # The sum of a single column is this column, to the bit.
        response = probability[:, positive].sum(axis=1)
        patients = _patients(sample_ids, {"response_probability": response, "response_sd": sd})
        classes = pd.DataFrame(
            {
                "sample_id": np.repeat(sample_ids, len(levels)),
                "repeat": 0,
                "fold": 0,
                "endpoint": endpoint,
                "class": np.tile(list(levels), len(sample_ids)),
                "probability": probability.ravel(),
            }
        )
        return cls(patients, {"response": classes})

    @classmethod
    def combine_endpoints(cls, parts: Sequence[Prediction]) -> Self:
        """Join predictions of several endpoints of the same patients; the first response gives the columns."""
        patients = parts[0].patients
        long: dict[str, pd.DataFrame] = {}
        for part in parts:
            new = [column for column in part.patients if column not in patients]
            patients = pd.concat([patients, part.patients[new]], axis=1)
            for name, table in part.long.items():
                long[name] = pd.concat([long[name], table], ignore_index=True) if name in long else table
        return cls(patients, long)

    def with_columns(self, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Return these predictions with additional columns (n,) in the table of patients."""
        return type(self)(self.patients.assign(**columns), self.long)

    @classmethod
    def under_arms(cls, arms: Mapping[str, Prediction], benefit: Array, benefit_sd: Array) -> Self:
        """Join predictions of the same patients under each arm (one is RECEIVED), and add the benefit (n,)."""
        received = arms[RECEIVED]
        patients = received.patients.assign(benefit=benefit, benefit_sd=benefit_sd)
        tables = {
            name: [part.long[name].assign(arm=arm) for arm, part in arms.items()] for name in received.long
        }
        return cls(patients, {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()})

    @classmethod
    def concatenate(cls, parts: Iterable[Prediction]) -> Self:
        """Concatenate folds, sorted by repeat and fold."""
        ordered = sorted(parts, key=lambda p: tuple(p.patients[["repeat", "fold"]].to_numpy()[0]))
        patients = pd.concat([p.patients for p in ordered], ignore_index=True)
        names = ordered[0].long
        return cls(
            patients, LazyTables({k: [r for p in ordered for r in table_parts(p.long, k)] for k in names})
        )

    def at(self, repeat: int, fold: int) -> Prediction:
        """Set repeat and fold of all rows."""
        long = {name: table.assign(repeat=repeat, fold=fold) for name, table in self.long.items()}
        return Prediction(self.patients.assign(repeat=repeat, fold=fold), long)

    @property
    def survival(self) -> pd.DataFrame:
        """The long table of survival curves."""
        return self._table("survival")

    @property
    def response(self) -> pd.DataFrame:
        """The long table of class probabilities."""
        return self._table("response")

    def _table(self, name: str) -> pd.DataFrame:
        self._check(name)
        return self.long[name]

    def _check(self, name: str) -> None:
        if name not in self.long:
            raise DataError(f"these predictions have no {name} endpoint; they have {', '.join(self.long)}")

    def curves(self) -> Iterator[Curves]:
        """Yield the survival curves under the treatment received, one fold after the other."""
        self._check("survival")
        for read in table_parts(self.long, "survival"):
            yield from _curves(read())

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and a parquet file for each long table."""
        folder.mkdir(parents=True, exist_ok=True)
        write_parquet(folder / "predictions.parquet", self.patients)
        for name, table in self.long.items():
            write_parquet(folder / f"{name}.parquet", table)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote; long tables are read when needed."""
        patients = read_parquet(folder / "predictions.parquet")
        names = [name for name, column in LONG.items() if column in patients]
        return cls(
            patients,
            LazyTables({name: [partial(read_parquet, folder / f"{name}.parquet")] for name in names}),
        )


def _curves(table: pd.DataFrame) -> Iterator[Curves]:
    """Yield the curves of each fold of a table, without copies of large arrays."""
    wanted = np.ones(len(table), dtype=np.bool_)
    if "arm" in table:
        wanted &= (table["arm"] == RECEIVED).to_numpy()
    # With competing risks, S(t) is the same for each cause.
    if "cause" in table:
        wanted &= (table["cause"] == 1).to_numpy()
    places = table[["repeat", "fold"]].to_numpy()
    for repeat, fold in np.unique(places, axis=0):
        part = table.iloc[np.flatnonzero(wanted & (places == (repeat, fold)).all(axis=1))]
        wide = part.pivot(index="sample_id", columns="time", values="survival")
        steps = StepFunction(wide.columns.to_numpy(dtype=np.float64), wide.to_numpy())
        yield Curves(int(repeat), int(fold), wide.index.to_numpy(dtype=str), steps)


def _patients(sample_ids: NDArray[np.str_], columns: Mapping[str, Array | None]) -> pd.DataFrame:
    known = {name: values for name, values in columns.items() if values is not None}
    return pd.DataFrame({"sample_id": sample_ids, "repeat": 0, "fold": 0, **known})
