"""Where a reader of samples and features ends: one checked table, a row a patient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from omics.errors import CohortError
from omics.readers.tables import numbers

__all__ = ["MISSING", "cell", "fields_under", "patient_table", "refuse_repeated"]

MISSING = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "NULL"})
"""Texts that stand for "not measured" where a format has none of its own."""


def cell(text: str, missing: frozenset[str] = MISSING) -> str | None:
    """Strip a cell's text; None where it says "not measured"."""
    text = text.strip()
    return None if text in missing else text


def refuse_repeated(names: Sequence[str], file: str) -> None:
    """Raise :class:`CohortError` where a column has no name, or the name of another."""
    seen: set[str] = set()
    for position, name in enumerate(names, start=1):
        if not name:
            raise CohortError(f"column {position} has no name; name it", "unnamed_column", file=file)
        if name in seen:
            raise CohortError(
                "the column name stands twice; rename one", "duplicate_column", file=file, column=name
            )
        seen.add(name)


def fields_under(header: Sequence[str], fields: list[str], file: str) -> list[str]:
    """Cut a row to the width of its header, or raise :class:`CohortError` where it has another.

    Empty fields beyond the header are what spreadsheets leave behind.
    """
    width = len(header)
    if len(fields) < width or any(field.strip() for field in fields[width:]):
        raise CohortError(
            f"row '{fields[0] if fields else ''}' has {len(fields)} fields under {width} names; "
            "keep a field for what was not measured",
            "ragged_row",
            file=file,
        )
    return fields[:width]


def patient_table(values: Any, ids: Sequence[str], features: Sequence[str], file: str) -> pd.DataFrame:
    """Join values with their names.

    Parameters
    ----------
    values
        (patients x features) numbers, or their texts; None where not measured.
    ids, features
        Names of the rows and of the columns.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        ``sample_id`` (str) first, then a float64 column a feature.

    Raises
    ------
    CohortError
        A feature without a name or with that of another; text or infinity where a number belongs.

    Examples
    --------
    >>> patient_table([["1.5", None]], ["P1"], ["Leucine", "Valine"], "table")
      sample_id  Leucine  Valine
    0        P1      1.5     NaN
    """
    refuse_repeated(features, file)
    frame = pd.DataFrame(values, index=list(ids), columns=list(features))
    frame = numbers(frame, file)
    frame.insert(0, "sample_id", list(ids))
    return frame.reset_index(drop=True)
