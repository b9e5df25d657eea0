"""Groups of patients for subgroup analyses: sex, age, site and arm, from the table of patients."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["AGE", "NOT_RECORDED", "SEX", "covariate_column", "patient_groups"]

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
"""Name of a covariate of sex -> meaning of 0 and 1; None if its values are shown unchanged.

Names are compared in lower case, with each sequence of other characters replaced by an underscore:
``Age.at.diagnosis`` is ``age_at_diagnosis``."""

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
"""Names of a covariate of age, compared as those of `SEX`."""

NOT_RECORDED = "not recorded"

WIDE = 10.0
"""Range of ages above which the tertiles are rounded to whole numbers."""


def patient_groups(patients: pd.DataFrame) -> dict[str, pd.Categorical]:
    """Group patients by sex, tertile of age, site and arm, where recorded.

    Parameters
    ----------
    patients
        Rows of ``patients.parquet``.

    Returns
    -------
    dict
        Name -> level of each patient, with ordered levels; patients without a value have the last level,
        `NOT_RECORDED`. The tertiles of age are those of all rows.

    Examples
    --------
    >>> table = pd.DataFrame({"covariate.Age": [41.0, 52.0, 63.0], "covariate.female": [1.0, 0.0, np.nan]})
    >>> for name, levels in patient_groups(table).items():
    ...     print(name, list(levels))
    sex ['female', 'male', 'not recorded']
    age ['up to 48', 'above 48 to 56', 'above 56']
    """
    groups = {}
    sex, age = covariate_column(patients, SEX), covariate_column(patients, AGE)
    if sex is not None:
        groups["sex"] = _sex(patients[sex], SEX[_normalized(sex)])
    if age is not None:
        groups["age"] = _age(patients[age])
    return groups | {name: _levels(patients[name]) for name in ("site", "arm") if name in patients}


def covariate_column(patients: pd.DataFrame, names: Iterable[str]) -> str | None:
    """Find the column of a covariate by its possible names.

    Parameters
    ----------
    patients
        Rows of ``patients.parquet``, with columns ``covariate.NAME``.
    names
        Possible names in order of preference, such as `SEX` or `AGE`.

    Returns
    -------
    str or None
        Name of the column; None if there is none.

    Examples
    --------
    >>> covariate_column(pd.DataFrame(columns=["covariate.Age.at.diagnosis"]), AGE)
    'covariate.Age.at.diagnosis'
    """
    known = {_normalized(c): c for c in patients.columns if str(c).startswith("covariate.")}
    return next((str(known[name]) for name in names if name in known), None)


def _normalized(column: str) -> str:
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
    texts = [f"{edge:g}" for edge in edges]
    middle = [f"above {one} to {two}" for one, two in pairwise(texts)]
    levels = [f"up to {texts[0]}", *middle, f"above {texts[-1]}"]
    place = np.searchsorted(edges, np.where(np.isfinite(values), values, known.min()), side="left")
    labels = np.where(np.isfinite(values), np.array(levels, dtype=object)[place], NOT_RECORDED)
    return _ordered(labels, levels)


def _levels(column: pd.Series[Any]) -> pd.Categorical:
    labels = np.array([_label(value) for value in column.to_numpy(dtype=object)], dtype=object)
    values = sorted(column.dropna().unique(), key=lambda value: (isinstance(value, str), value))
    return _ordered(labels, list(dict.fromkeys(map(_label, values))))


def _label(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]  # the value of a cell is untyped
        return NOT_RECORDED
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ordered(labels: NDArray[np.object_], levels: list[str]) -> pd.Categorical:
    recorded = [level for level in levels if level != NOT_RECORDED]
    last = [NOT_RECORDED] if (labels == NOT_RECORDED).any() else []
    return pd.Categorical(labels, categories=[*recorded, *last], ordered=True)
