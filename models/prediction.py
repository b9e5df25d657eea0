"""Prediction: what is foretold of patients, as saved tables; numpy and parquet, no torch."""

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

__all__ = ["LONG", "RECEIVED", "Curves", "Prediction"]

Array = NDArray[np.float64]

LONG = {"survival": "risk", "response": "response_probability"}
"""The long tables, each with the column of `patients` that never comes without it."""


RECEIVED = "received"
"""The arm of rows that are predicted under what each patient received."""


@dataclass(frozen=True)
class Curves:
    """Survival curves of the patients of one fold: ``sample_ids`` (n,), ``survival`` (n, t) in steps."""

    repeat: int
    fold: int
    sample_ids: NDArray[np.str_]
    survival: StepFunction


@dataclass(frozen=True)
class Prediction:
    """Predictions for patients that the models in question never saw.

    Attributes
    ----------
    patients
        A row per patient and repeat: sample_id, repeat, fold, and what the endpoints allow: risk (higher
        means earlier event), response_probability (of the positive class), and risk_sd, response_sd (spread
        of the members, absent for single models).
    long
        Tables of several rows a patient; one that the endpoints do not allow is absent. ``survival``:
        sample_id, repeat, fold, time, survival; S(t) is right-continuous, 1 before the first time, and keeps
        its last value afterwards; of competing risks S(t) is without any event, with cause (1, 2, ...) and
        cumulative_incidence beside it. ``response``: sample_id, repeat, fold, endpoint, class, probability.
        Of a cohort with arms both have a column ``arm``: received, control, treated.
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
        """Build from arrays as :meth:`of_survival` does, and the cumulative incidence (causes, n, t) of each cause."""
        plain = cls.of_survival(sample_ids, risk, times, survival, risk_sd)
        causes = [
            plain.survival.assign(cause=number, cumulative_incidence=own.ravel())
            for number, own in enumerate(incidence, 1)
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
        """Build from the probabilities (n, levels) of `levels`, of which `positive` (levels,) count as a response."""
        # What is one column stays it to the bit.
        whole = probability[:, positive].sum(axis=1)
        patients = _patients(sample_ids, {"response_probability": whole, "response_sd": sd})
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
    def together(cls, parts: Sequence[Prediction]) -> Self:
        """Put endpoints of the same patients beside each other; of two responses the first gives the columns."""
        patients = parts[0].patients
        long: dict[str, pd.DataFrame] = {}
        for part in parts:
            new = [column for column in part.patients if column not in patients]
            patients = pd.concat([patients, part.patients[new]], axis=1)
            for name, table in part.long.items():
                long[name] = pd.concat([long[name], table], ignore_index=True) if name in long else table
        return cls(patients, long)

    def having(self, columns: Mapping[str, NDArray[Any]]) -> Self:
        """Add columns (n,) to the rows of patients."""
        return type(self)(self.patients.assign(**columns), self.long)

    @classmethod
    def under_arms(cls, arms: Mapping[str, Prediction], benefit: Array, benefit_sd: Array) -> Self:
        """Join predictions of the same patients under each arm, of which one is RECEIVED, and say the benefit (n,)."""
        own = arms[RECEIVED]
        patients = own.patients.assign(benefit=benefit, benefit_sd=benefit_sd)
        tables = {name: [part.long[name].assign(arm=arm) for arm, part in arms.items()] for name in own.long}
        return cls(patients, {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()})

    @classmethod
    def concatenate(cls, parts: Iterable[Prediction]) -> Self:
        """Put folds together, in order of repeat and fold whatever order they come in."""
        ordered = sorted(parts, key=lambda p: tuple(p.patients[["repeat", "fold"]].to_numpy()[0]))
        patients = pd.concat([p.patients for p in ordered], ignore_index=True)
        names = ordered[0].long
        return cls(
            patients, LazyTables({k: [r for p in ordered for r in table_parts(p.long, k)] for k in names})
        )

    def at(self, repeat: int, fold: int) -> Prediction:
        """Label all rows as those of one repeat and fold."""
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
            raise DataError(f"these predictions are of no {name} endpoint; they hold {', '.join(self.long)}")

    def curves(self) -> Iterator[Curves]:
        """Survival curves under the arm that each patient received, one fold after the other."""
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
        """Read what :meth:`save` wrote; long tables are read when they are asked for."""
        patients = read_parquet(folder / "predictions.parquet")
        names = [name for name, column in LONG.items() if column in patients]
        return cls(
            patients,
            LazyTables({name: [partial(read_parquet, folder / f"{name}.parquet")] for name in names}),
        )


def _curves(table: pd.DataFrame) -> Iterator[Curves]:
    """Curves of each fold of a table, of which nothing that is large is copied."""
    wanted = np.ones(len(table), dtype=np.bool_)
    if "arm" in table:
        wanted &= (table["arm"] == RECEIVED).to_numpy()
    # Of competing risks S(t) stands beside each cause, and is the same.
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
