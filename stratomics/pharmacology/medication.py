"""Drugs of patients: which they take at baseline, and for which guidance is sought."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.readers.plain_tables import read_columns
from stratomics.pharmacology.guidelines import check_drug

__all__ = ["USES", "checked_medication", "read_medication"]

USES = ("taken", "planned")
"""A drug taken at baseline converts phenotypes; guidance is given for drugs of both kinds."""


def read_medication(path: Path, patients: Collection[str]) -> pd.DataFrame:
    """Read a table of drugs.

    Parameters
    ----------
    path
        Table with the patient in the first column, a column ``drug`` and, optionally, ``use``.
    patients
        Patients of the cohort.

    Returns
    -------
    DataFrame
        As from :func:`checked_medication`.

    Raises
    ------
    CohortError
        If the table, a patient, a drug or a use is wrong.
    """
    table = read_columns(path)
    return checked_medication(table.rename(columns={table.columns[0]: "patient"}), patients, str(path))


def checked_medication(table: pd.DataFrame, patients: Collection[str], file: str) -> pd.DataFrame:
    """Check a table of drugs.

    Parameters
    ----------
    table
        Columns ``patient``, ``drug`` and, optionally, ``use``: ``taken`` at baseline or ``planned``; both without it.
    patients
        Patients of the cohort.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        ``patient``, ``drug`` in lower case, ``use`` (empty for both).

    Raises
    ------
    CohortError
        If a column is missing, a patient is not in the cohort, or a drug or a use is unknown.
    """
    if "drug" not in table:
        raise CohortError(
            f"no column 'drug'; {nearest('drug', map(str, table.columns))}",
            "missing_column",
            file=file,
            column="drug",
        )
    use = table["use"].fillna("").astype(str).str.strip().str.lower() if "use" in table else ""
    checked = pd.DataFrame(
        {"patient": table["patient"].astype(str), "drug": table["drug"].astype(str).str.strip().str.lower()}
    ).assign(use=use)
    for patient, drug, how in checked.itertuples(index=False):
        if patient not in patients:
            raise CohortError(
                "the patient is not in the cohort; correct the id",
                "unknown_patient",
                file=file,
                patient=str(patient),
            )
        check_drug(str(drug), file, str(patient))
        if how not in ("", *USES):
            raise CohortError(
                f"unknown use '{how}'; write taken or planned", "unknown_use", file=file, column="use"
            )
    return checked
