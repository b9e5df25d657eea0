"""Rules on indicators in words: a level in place of a threshold between 0 and 1."""

from __future__ import annotations

import re

import pandas as pd

from stratomics.evaluation.patient_groups import SEX

__all__ = ["named_levels"]

HALF = re.compile(r"(?P<name>.+?) (?P<side>at most|above) 0\.5")


def named_levels(sentence: str, patients: pd.DataFrame) -> str:
    """Write the conditions of a rule on indicators, such as ``female at most 0.5``, as levels.

    Parameters
    ----------
    sentence
        Conditions joined by ``and``.
    patients
        Rows of ``patients.parquet``, with columns ``covariate.NAME``.

    Returns
    -------
    str

    Examples
    --------
    >>> patients = pd.DataFrame({"covariate.female": [0, 1], "covariate.mutated": [1, 0], "covariate.age": [40, 50]})
    >>> named_levels("age at most 45 and female at most 0.5", patients)
    'age at most 45 and male'
    >>> named_levels("mutated above 0.5", patients)
    'mutated'
    """
    return " and ".join(_level(part, patients) for part in sentence.split(" and "))


def _level(condition: str, patients: pd.DataFrame) -> str:
    found = HALF.fullmatch(condition)
    if found is None or not _is_indicator(patients, found["name"]):
        return condition
    name, above = found["name"], found["side"] == "above"
    meaning = SEX.get(name.lower())
    if meaning is not None:
        return meaning[above]
    return name if above else f"not {name}"


def _is_indicator(patients: pd.DataFrame, name: str) -> bool:
    column = f"covariate.{name}"
    return column in patients and set(patients[column].dropna().unique()) <= {0, 1}
