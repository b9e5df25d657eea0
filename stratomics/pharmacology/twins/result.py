"""What twins are: tables of the exposure and the predictions of patients under several regimens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from datamodules.exposure import NOT_FOR_DOSING
from omics.common.errors import InputError, nearest
from omics.common.table_writer import table_writer

__all__ = ["CAUSAL", "LEVEL", "POSTERIOR", "PRIOR", "Twins"]

CAUSAL = "Model-based; causal only where the dose was randomised."

LEVEL = 0.9
"""Level of all intervals."""

PRIOR, POSTERIOR = "prior, no levels", "posterior"

TABLES = ("exposure", "predictions", "differences", "curves", "arms")


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
    arms
        Mean S(t) over the patients by regimen and member of the ensemble; members differ as they and the candidates do.
    regimens
        Names of the regimens; the first is the reference.
    unit
        Unit of the times.
    """

    exposure: pd.DataFrame
    predictions: pd.DataFrame
    differences: pd.DataFrame
    curves: pd.DataFrame
    arms: pd.DataFrame
    regimens: tuple[str, ...]
    unit: str = "days"

    note = f"{CAUSAL} {NOT_FOR_DOSING}"
    """What every output says."""

    @property
    def patients(self) -> list[str]:
        """Ids of the patients."""
        return list(dict.fromkeys(self.exposure["patient"]))

    def of(self, patient: str) -> Self:
        """Select one patient; :attr:`arms` stay those of all.

        Raises
        ------
        InputError
            There is no such patient.
        """
        if patient not in self.patients:
            raise InputError(f"there are no twins of patient {patient}; {nearest(patient, self.patients)}")
        chosen = {
            name: table[table["patient"] == patient].reset_index(drop=True)
            for name in TABLES[:-1]
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
            for name in ("exposure", "differences", "curves")
        }
        written = [path for path, table in tables.items() if len(table)]
        for path in written:
            with table_writer(path) as writer:
                writer.add(tables[path].assign(note=self.note))
        return written

    @classmethod
    def joined(cls, parts: Sequence[Twins]) -> Self:
        """Join blocks of patients; the arms are means over all patients."""
        together = {
            name: pd.concat([getattr(part, name) for part in parts], ignore_index=True) for name in TABLES
        }
        arms = together["arms"]
        if len(arms):
            weighted = arms.assign(survival=arms["survival"] * arms["patients"])
            keys = ["regimen", "member", "time"]
            sums = weighted.groupby(keys, sort=False)[["patients", "survival"]].sum().reset_index()
            together["arms"] = sums.assign(survival=sums["survival"] / sums["patients"])
        return cls(**together, regimens=parts[0].regimens, unit=parts[0].unit)
