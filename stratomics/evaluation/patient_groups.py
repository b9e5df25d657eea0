"""Groups of patients of whom one asks who differs: sex, age, site and arm, found in the table of patients."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["AGE", "NOT_RECORDED", "SEX", "column_named", "patient_groups"]

SEX: dict[str, tuple[str, str] | None] = {
    "sex": None,
    "gender": None,
    "female": ("male", "female"),
    "male": ("female", "male"),
    "is_female": ("male", "female"),
    "is_male": ("female", "male"),
    "sex_female": ("male", "female"),
    "sex_male": ("female", "male"),
}
"""Name of a covariate that holds the sex -> what 0 and 1 mean in it; None where its values are told as they stand.

Names are compared in lower case, with any run of other marks as one underline: ``Age.at.diagnosis`` is
``age_at_diagnosis``."""

AGE = (
    "age",
    "age_years",
    "age_at_diagnosis",
    "age_at_baseline",
    "age_at_enrolment",
    "age_at_enrollment",
    "age_at_inclusion",
    "age_at_entry",
    "patient_age",
)
"""Names of a covariate that holds the age, compared as those of `SEX`."""

NOT_RECORDED = "not recorded"

WIDE = 10.0
"""Span of ages from which on the edges of thirds are whole numbers."""


def patient_groups(patients: pd.DataFrame) -> dict[str, pd.Categorical]:
    """Sex, age in thirds, site and arm of each patient, those that are recorded.

    Parameters
    ----------
    patients
        Rows of ``patients.parquet``.

    Returns
    -------
    dict
        Name -> level of each patient, the levels in their order; who has no value is `NOT_RECORDED`, the last level.
        The edges of age are those of all rows.

    Examples
    --------
    >>> table = pd.DataFrame({"covariate.Age": [41.0, 52.0, 63.0], "covariate.female": [1.0, 0.0, np.nan]})
    >>> for name, levels in patient_groups(table).items():
    ...     print(name, list(levels))
    sex ['female', 'male', 'not recorded']
    age ['up to 48', 'above 48 to 56', 'above 56']
    """
    groups = {}
    sex, age = column_named(patients, SEX), column_named(patients, AGE)
    if sex is not None:
        groups["sex"] = _sex(patients[sex], SEX[_bare(sex)])
    if age is not None:
        groups["age"] = _age(patients[age])
    return groups | {name: _levels(patients[name]) for name in ("site", "arm") if name in patients}


def column_named(patients: pd.DataFrame, names: dict[str, Any] | tuple[str, ...]) -> str | None:
    """Give the covariate's column that has the first of these names; None where there is none.

    Examples
    --------
    >>> column_named(pd.DataFrame(columns=["covariate.Age.at.diagnosis"]), AGE)
    'covariate.Age.at.diagnosis'
    """
    known = {_bare(c): c for c in patients.columns if str(c).startswith("covariate.")}
    return next((str(known[name]) for name in names if name in known), None)


def _bare(column: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(column).removeprefix("covariate.").lower()).strip("_")


def _sex(column: pd.Series[Any], meaning: tuple[str, str] | None) -> pd.Categorical:
    numbers = pd.to_numeric(column, errors="coerce")
    coded = numbers.isin([0, 1]) | column.isna()
    if meaning is None or not coded.all():
        return _levels(column)
    return _levels(numbers.map(dict(enumerate(meaning))))


def _age(column: pd.Series[Any]) -> pd.Categorical:
    if not pd.api.types.is_numeric_dtype(column):
        return _levels(column)
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = values[np.isfinite(values)]
    if not len(known):
        return _ordered(np.full(len(values), NOT_RECORDED, dtype=object), [])
    digits = 0 if np.ptp(known) > WIDE else 2
    edges = np.unique(np.round(np.quantile(known, [1 / 3, 2 / 3]), digits))
    edges = edges[(edges >= known.min()) & (edges < known.max())]
    if not len(edges):
        return _ordered(np.where(np.isfinite(values), "all", NOT_RECORDED).astype(object), ["all"])
    told = [f"{edge:g}" for edge in edges]
    middle = [f"above {one} to {two}" for one, two in pairwise(told)]
    levels = [f"up to {told[0]}", *middle, f"above {told[-1]}"]
    place = np.searchsorted(edges, np.where(np.isfinite(values), values, known.min()), side="left")
    labels = np.where(np.isfinite(values), np.array(levels, dtype=object)[place], NOT_RECORDED)
    return _ordered(labels, levels)


def _levels(column: pd.Series[Any]) -> pd.Categorical:
    words = np.array([_word(value) for value in column.to_numpy(dtype=object)], dtype=object)
    values = sorted(column.dropna().unique(), key=lambda value: (isinstance(value, str), value))
    return _ordered(words, list(dict.fromkeys(map(_word, values))))


def _word(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return NOT_RECORDED
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ordered(labels: NDArray[np.object_], levels: list[str]) -> pd.Categorical:
    there = [level for level in levels if level != NOT_RECORDED]
    last = [NOT_RECORDED] if (labels == NOT_RECORDED).any() else []
    return pd.Categorical(labels, categories=[*there, *last], ordered=True)
