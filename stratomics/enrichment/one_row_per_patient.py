"""One row per patient: choose rows of a table, and refuse a table that counts patients twice."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from omics.cohort.copies import PATIENT
from omics.cohort.stated_columns import same_label
from omics.common.errors import ConfigError, InputError, nearest

__all__ = ["refuse_repeated_patients", "rows_where"]

SHOWN = 10
"""Values of a column that an error names."""


def rows_where(table: pd.DataFrame, condition: str) -> pd.DataFrame:
    """Choose the rows with one value in a column.

    Parameters
    ----------
    table
        A table.
    condition
        ``COLUMN=VALUE``.

    Returns
    -------
    pandas.DataFrame
        These rows.

    Raises
    ------
    ConfigError
        If the condition has another form, or there is no such column or no such row.

    Examples
    --------
    >>> rows_where(pd.DataFrame({"etype": [1, 2], "time": [3, 4]}), "etype=2")["time"].tolist()
    [4]
    """
    column, equals, value = condition.partition("=")
    if not equals:
        raise ConfigError(f"--where is '{condition}'; write COLUMN=VALUE, such as etype=1")
    if column not in table:
        raise ConfigError(f"--where: no column '{column}'; {nearest(column, table.columns)}")
    rows = table[same_label(table[column], value)]
    if rows.empty:
        values = ", ".join(map(str, pd.unique(table[column].dropna())[:SHOWN]))
        raise ConfigError(f"--where: no row has '{value}' in column '{column}', which has {values}")
    return rows.reset_index(drop=True)


def refuse_repeated_patients(table: pd.DataFrame, declared: str | None, used: Iterable[str]) -> None:
    """Refuse a table with several rows of a patient, whose intervals would be too narrow.

    Parameters
    ----------
    table
        Rows of a trial.
    declared
        Column of the ids; None to look for one, such as ``id`` or ``patient_id``.
    used
        Columns of score and arm. Repeated values are those of patients only if these do not differ within them.

    Raises
    ------
    ConfigError
        If the declared column is absent.
    InputError
        If a patient has several rows.
    """
    if declared is not None and declared not in table:
        raise ConfigError(f"--id: no column '{declared}'; {nearest(declared, table.columns)}")
    used = [column for column in used if column in table]
    for name in map(str, table.columns) if declared is None else [declared]:
        if name in used or (declared is None and not _names_patients(name)):
            continue
        rows = table[table[name].notna()]
        repeated = rows[rows.duplicated(name, keep=False)]
        if repeated.empty or (declared is None and _differ(repeated, name, used)):
            continue
        raise InputError(
            f"{repeated[name].nunique()} values of column '{name}' have several rows, and a patient counts once; "
            f"{_advice(repeated, name, used)}"
        )


def _differ(repeated: pd.DataFrame, name: str, used: list[str]) -> bool:
    """Whether rows with one id differ in score or arm, so that they are no rows of a patient."""
    return len(repeated[[name, *used]].drop_duplicates()) > repeated[name].nunique()


def _names_patients(name: str) -> bool:
    """Whether a column has the name of an id of patients."""
    words = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    parts = re.split(r"[^a-z]+", words.replace("usubjid", "subject").replace("subjid", "subject"))
    rest = [part for part in parts if part not in ("", "id", "no", "nr", "number", "identifier")]
    return (not rest and "id" in parts) or (bool(rest) and all(part in PATIENT for part in rest))


def _advice(repeated: pd.DataFrame, name: str, used: list[str]) -> str:
    """Name a value that one row of every patient has in some column."""
    patients = repeated[name].nunique()
    for column in (one for one in map(str, repeated.columns) if one not in (name, *used)):
        for value, rows in repeated.groupby(column):
            if len(rows) == patients == rows[name].nunique():
                return f"choose rows, such as --where {column}={value}"
    return "keep one row per patient, or rename the column if it is no id of patients"
