"""The shape that every reader hands over: ids first, then a column of numbers a feature; and its checks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.not_numbers import not_a_number

__all__ = [
    "check_named",
    "check_unique",
    "check_unique_patients",
    "file_stem",
    "numbers",
    "patient_table",
    "refuse_negative",
]


def patient_table(
    ids: Sequence[str | None], features: Sequence[str | None], values: Any, file: str
) -> pd.DataFrame:
    """Join values with their names.

    Parameters
    ----------
    ids, features
        Names of the rows and of the columns. That no patient stands twice is checked by
        :func:`omics.readers.plain_tables.read_table`.
    values
        (patients x features) numbers, or their texts; NaN or None where not measured.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        ``sample_id`` (str) first, then a float64 column a feature.

    Raises
    ------
    CohortError
        No patient, no feature, one without a name, a feature that stands twice, text or infinity where
        a number belongs.

    Examples
    --------
    >>> patient_table(["P1"], ["Leucine", "Valine"], [["1.5", None]], "table")
      sample_id  Leucine  Valine
    0        P1      1.5     NaN
    """
    for what, names in (("patient", ids), ("feature", features)):
        if not names:
            raise CohortError(f"the file holds no {what}; was it cut short?", f"no_{what}", file=file)
    check_named(ids, "patient", "empty_id", file)
    check_named(features, "feature", "empty_feature", file)
    check_unique(["sample_id", *map(str, features)], file)
    frame = numbers(pd.DataFrame(values, index=list(ids), columns=list(features)), file)
    frame.insert(0, "sample_id", pd.Series(ids, index=frame.index, dtype=object))
    return frame.reset_index(drop=True)


def check_named(names: Sequence[str | None], what: str, code: str, file: str) -> None:
    """Raise :class:`CohortError` where a patient, a feature or a column has no name."""
    nameless = next((place for place, name in enumerate(names, start=1) if not name), None)
    if nameless is not None:
        raise CohortError(f"{what} {nameless} of the file has no name; name it or remove it", code, file=file)


def check_unique(names: Sequence[str], file: str) -> None:
    """Raise :class:`CohortError` where a column or a feature stands twice."""
    twice = pd.Series(names, dtype=object).duplicated()
    if twice.any():
        raise CohortError(
            "the name stands twice; keep one of the two or rename it",
            "duplicate_column",
            file=file,
            column=names[int(twice.to_numpy().argmax())],
        )


def check_unique_patients(ids: pd.Index, file: str, column: str | None) -> None:
    """Raise :class:`CohortError` where a patient stands twice."""
    if ids.has_duplicates:
        raise CohortError(
            "the patient id stands twice; keep one row a patient",
            "duplicate_patient",
            file=file,
            column=column,
            patient=str(ids[ids.duplicated()][0]),
        )


def numbers(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Turn every column into float64; empty cells become NaN.

    Raises
    ------
    CohortError
        Text or an infinite value where a number belongs, with its column and patient.
    """
    for name, kind in frame.dtypes.items():
        if kind.kind in "mM":
            raise CohortError(
                "dates are not numbers; give days since a date of your choice",
                "date_for_number",
                file=file,
                column=str(name),
            )
    wrong = [name for name, kind in frame.dtypes.items() if kind.kind not in "fiub"]
    for name in wrong:
        column = frame[name]
        as_numbers = pd.to_numeric(column, errors="coerce")
        text = as_numbers.isna() & column.notna()
        if text.any():
            raise CohortError(
                not_a_number(str(column[text].iloc[0])),
                "text_for_number",
                file=file,
                column=str(name),
                patient=str(column.index[int(text.to_numpy().argmax())]),
            )
    if wrong:
        frame = frame.assign(**{str(name): pd.to_numeric(frame[name]) for name in wrong})
    values = frame.to_numpy(dtype=np.float64)
    _refuse(
        frame,
        np.isinf(values),
        "an infinite value; correct the cell or leave it empty",
        "infinite_value",
        file,
    )
    return pd.DataFrame(values, index=frame.index, columns=frame.columns.astype(str))


def refuse_negative(table: pd.DataFrame, what: str, file: str) -> pd.DataFrame:
    """Hand a patient table on unless a number in it is below zero, which no `what` can be."""
    frame = table.set_index("sample_id")
    sentence = f"a negative {what}; give the values as measured, before any logarithm or centring"
    _refuse(frame, frame.to_numpy() < 0, sentence, "negative_value", file)
    return table


def _refuse(frame: pd.DataFrame, wrong: Any, sentence: str, code: str, file: str) -> None:
    if wrong.any():
        row, column = (int(i[0]) for i in wrong.nonzero())
        raise CohortError(
            sentence, code, file=file, column=str(frame.columns[column]), patient=str(frame.index[row])
        )


def file_stem(name: str, endings: str) -> str:
    r"""Name of a file without its path (Windows or not) and without `endings`, a regular expression.

    Examples
    --------
    >>> file_stem(r"D:\runs\P.01.raw", "raw|mzml"), file_stem("bam/P-2.sorted.bam", "sorted|bam")
    ('P.01', 'P-2')
    """
    return re.sub(rf"(\.({endings}))+$", "", PureWindowsPath(name).name, flags=re.IGNORECASE)
