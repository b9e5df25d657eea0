"""Prediction: what is foretold of patients, as two saved tables; numpy and parquet, no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.censoring import StepFunction
from omics.files import read_parquet, write_parquet

__all__ = ["Curves", "Prediction"]

Array = NDArray[np.float64]


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
        A row per patient and repeat: sample_id, repeat, fold, risk (higher means earlier event) and
        risk_sd (spread of the members, absent for single models).
    survival
        Long: sample_id, repeat, fold, time, survival. S(t) is right-continuous, 1 before the first
        time, and keeps its last value afterwards.
    """

    patients: pd.DataFrame
    survival: pd.DataFrame

    @classmethod
    def of_fold(
        cls,
        sample_ids: NDArray[np.str_],
        risk: Array,
        times: Array,
        survival: Array,
        risk_sd: Array | None = None,
        *,
        repeat: int = 0,
        fold: int = 0,
    ) -> Self:
        """Build from arrays: risk (n,), times (t,), survival (n, t)."""
        patients = pd.DataFrame({"sample_id": sample_ids, "repeat": repeat, "fold": fold, "risk": risk})
        if risk_sd is not None:
            patients["risk_sd"] = risk_sd
        curves = pd.DataFrame(
            {
                "sample_id": np.repeat(sample_ids, len(times)),
                "repeat": repeat,
                "fold": fold,
                "time": np.tile(times, len(sample_ids)),
                "survival": survival.ravel(),
            }
        )
        return cls(patients, curves)

    @classmethod
    def concatenate(cls, parts: Iterable[Prediction]) -> Self:
        """Put folds together, in order of repeat and fold whatever order they come in."""
        ordered = sorted(parts, key=lambda p: tuple(p.patients[["repeat", "fold"]].to_numpy()[0]))
        patients = pd.concat([p.patients for p in ordered], ignore_index=True)
        return cls(patients, pd.concat([p.survival for p in ordered], ignore_index=True))

    def at(self, repeat: int, fold: int) -> Prediction:
        """Label all rows as those of one repeat and fold."""
        return Prediction(
            self.patients.assign(repeat=repeat, fold=fold), self.survival.assign(repeat=repeat, fold=fold)
        )

    def curves(self) -> Iterator[Curves]:
        """Survival curves, one fold after the other."""
        for _, long in self.survival.groupby(["repeat", "fold"], sort=True):
            repeat, fold = (int(label) for label in long[["repeat", "fold"]].to_numpy()[0])
            table = long.pivot(index="sample_id", columns="time", values="survival")
            steps = StepFunction(table.columns.to_numpy(dtype=np.float64), table.to_numpy())
            yield Curves(repeat, fold, table.index.to_numpy(dtype=str), steps)

    def save(self, folder: Path) -> None:
        """Write ``predictions.parquet`` and ``survival.parquet``."""
        folder.mkdir(parents=True, exist_ok=True)
        write_parquet(folder / "predictions.parquet", self.patients)
        write_parquet(folder / "survival.parquet", self.survival)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        return cls(read_parquet(folder / "predictions.parquet"), read_parquet(folder / "survival.parquet"))
