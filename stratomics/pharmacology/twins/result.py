"""What twins are: tables of the exposure and the predictions of patients under several regimens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from datamodules.exposure import NOT_FOR_DOSING
from omics.common.errors import InputError, nearest
from omics.common.table_writer import table_writer

__all__ = ["CAUSAL", "LEVEL", "POSTERIOR", "PRIOR", "TAILS", "Twins"]

CAUSAL = "Model-based; causal only where the dose was randomised."

LEVEL = 0.9
"""Level of all intervals."""

TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)

PRIOR, POSTERIOR = "prior, no levels", "posterior"

OF_PATIENTS = ("exposure", "predictions", "differences", "curves")


@dataclass(frozen=True)
class Twins:
    """Patients under several regimens.

    Parameters
    ----------
    exposure
        One row per patient, regimen and measure: ``estimate`` (the posterior mean of the logarithm, as
        a value, which the prediction uses), ``low`` and ``high`` (90% interval),
        ``levels`` and ``basis`` (posterior, or prior where a patient has no level), ``training_low`` and
        ``training_high`` (the range among the training patients) and ``outside`` of this range.
    predictions
        One row per patient, regimen, endpoint and time (missing for a response): ``quantity`` (``survival``, S(t), or
        ``probability`` of a response), ``estimate``, ``low`` and ``high``, ``survival_bound`` (the conformal lower
        bound on the survival time) or ``response_set``, and whether any exposure of the patient is ``outside``.
    differences
        The same for each regimen minus the first one, ``reference``.
    curves
        S(t) on a grid of times with its interval: one row per patient, regimen and time.
    means
        Mean prediction over the patients: one row per regimen, endpoint, draw (of the effect and the member) and time.
    effects
        The effect of exposure that all differences rest on, one row per endpoint: ``ratio`` of hazards or odds for a
        ``step`` of ``measure`` with its 90% interval, and what it was ``learned_from``: ``doses`` that differ between
        training patients, or ``patients``, where doses were alike and only clearance differed.
    regimens
        Names of the regimens; the first is the reference.
    unit
        Unit of the times.
    """

    exposure: pd.DataFrame
    predictions: pd.DataFrame
    differences: pd.DataFrame
    curves: pd.DataFrame
    means: pd.DataFrame
    effects: pd.DataFrame
    regimens: tuple[str, ...]
    unit: str = "days"

    note = f"{CAUSAL} {NOT_FOR_DOSING}"
    """What every output says."""

    @property
    def patients(self) -> list[str]:
        """Ids of the patients."""
        return list(dict.fromkeys(self.exposure["patient"]))

    @property
    def mean_differences(self) -> pd.DataFrame:
        """Mean difference over the patients: one row per regimen other than the first, endpoint and time.

        The 90% interval has the uncertainty of the effect and the spread of members and candidates. It is about these
        patients: other patients differ from them by chance too.
        """
        if not len(self.differences):
            return pd.DataFrame()
        keys = ["regimen", "reference", "endpoint", "quantity", "time"]
        estimates = self.differences.groupby(keys, sort=False, dropna=False)["estimate"].mean().reset_index()
        first = self.means[self.means["regimen"] == self.regimens[0]].drop(columns=["regimen", "patients"])
        both = self.means.merge(first, on=["endpoint", "quantity", "draw", "time"], suffixes=("", "_first"))
        both["difference"] = both["value"] - both["value_first"]
        by = both.groupby(["regimen", "endpoint", "time"], dropna=False)["difference"]
        ends = by.quantile(np.array(TAILS)).unstack().set_axis(["low", "high"], axis=1).reset_index()
        table = estimates.merge(ends, on=["regimen", "endpoint", "time"])
        return table.assign(
            low=table[["low", "estimate"]].min(axis=1), high=table[["high", "estimate"]].max(axis=1)
        )

    def of(self, patient: str) -> Self:
        """Select one patient; :attr:`means` stay those of all.

        Raises
        ------
        InputError
            There is no such patient.
        """
        if patient not in self.patients:
            raise InputError(f"there are no twins of patient {patient}; {nearest(patient, self.patients)}")
        chosen = {
            name: table[table["patient"] == patient].reset_index(drop=True)
            for name in OF_PATIENTS
            if "patient" in (table := getattr(self, name))
        }
        return type(self)(**{**vars(self), **chosen})

    def write(self, out: Path) -> list[Path]:
        """Write the predictions, and each other table beside them, such as ``NAME.exposure.csv``.

        Parameters
        ----------
        out
            Path that ends in ``.csv`` or ``.parquet``. Each row has the column ``note`` with the limits of use.

        Returns
        -------
        list of Path
            The files.
        """
        tables = {out: self.predictions} | {
            out.with_name(f"{out.stem}.{name}{out.suffix}"): getattr(self, name)
            for name in ("exposure", "differences", "mean_differences", "effects", "curves")
        }
        written = [path for path, table in tables.items() if len(table)]
        for path in written:
            with table_writer(path) as writer:
                writer.add(tables[path].assign(note=self.note))
        return written

    @classmethod
    def joined(cls, parts: Sequence[Twins]) -> Self:
        """Join blocks of patients; the means are over all patients."""
        tables = {
            name: pd.concat([getattr(part, name) for part in parts], ignore_index=True)
            for name in (*OF_PATIENTS, "means")
        }
        means = tables["means"]
        keys = ["regimen", "endpoint", "quantity", "draw", "time"]
        weighted = means.assign(value=means["value"] * means["patients"])
        sums = weighted.groupby(keys, sort=False, dropna=False)[["patients", "value"]].sum().reset_index()
        tables["means"] = sums.assign(value=sums["value"] / sums["patients"])
        return cls(**tables, effects=parts[0].effects, regimens=parts[0].regimens, unit=parts[0].unit)
