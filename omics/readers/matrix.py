"""The table that every reader returns: ids, then one column of numbers per feature; and its checks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.not_numbers import not_a_number

__all__ = [
    "check_named",
    "check_nonnegative",
    "check_unique",
    "check_unique_patients",
    "file_stem",
    "numbers",
    "patient_table",
]

LISTED = 20
"""Further errors of a table that are listed."""


def patient_table(
    ids: Sequence[str | None], features: Sequence[str | None], values: Any, file: str
) -> pd.DataFrame:
    """Join values with the names of patients and features.

    Parameters
    ----------
    ids, features
        Names of the rows and of the columns. Repeated patients are detected later, by
        :func:`omics.readers.plain_tables.read_table`.
    values
        (patients x features) numbers, as numbers or text; NaN or None where not measured.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        ``sample_id`` (str) first, then one float64 column per feature.

    Raises
    ------
    CohortError
        If there is no patient or no feature, one of them has no name, a feature appears twice, or a value is text
        or infinite.

    Examples
    --------
    >>> patient_table(["P1"], ["Leucine", "Valine"], [["1.5", None]], "table")
      sample_id  Leucine  Valine
    0        P1      1.5     NaN
    """
    for what, names in (("patient", ids), ("feature", features)):
        if not names:
            raise CohortError(f"the file has no {what}; was it cut short?", f"no_{what}", file=file)
    check_named(ids, "patient", "empty_id", file)
    check_named(features, "feature", "empty_feature", file)
    check_unique(["sample_id", *map(str, features)], file)
    frame = numbers(pd.DataFrame(values, index=list(ids), columns=list(features)), file)
    frame.insert(0, "sample_id", pd.Series(ids, index=frame.index, dtype=object))
    return frame.reset_index(drop=True)


def check_named(names: Sequence[str | None], what: str, code: str, file: str) -> None:
    """Check that every patient, feature or column has a name.

    Parameters
    ----------
    names
        The names.
    what
        What they name, for the error.
    code
        Code of the error.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a name is missing or empty.
    """
    nameless = next((place for place, name in enumerate(names, start=1) if not name), None)
    if nameless is not None:
        raise CohortError(f"{what} {nameless} of the file has no name; name it or remove it", code, file=file)


def check_unique(names: Sequence[str], file: str) -> None:
    """Check that the names of columns or features differ.

    Parameters
    ----------
    names
        The names.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a name appears twice.
    """
    repeated = pd.Series(names, dtype=object).duplicated()
    if repeated.any():
        raise CohortError(
            "the name appears twice; keep one of the two or rename it",
            "duplicate_column",
            file=file,
            column=names[int(repeated.to_numpy().argmax())],
        )


def check_unique_patients(ids: pd.Index, file: str, column: str | None) -> None:
    """Check that the ids of patients differ.

    Parameters
    ----------
    ids
        The ids.
    file, column
        Where they are, for errors.

    Raises
    ------
    CohortError
        If an id appears twice.
    """
    if ids.has_duplicates:
        sentence = "the patient id appears twice; keep one row per patient"
        _raise_together(
            [
                CohortError(sentence, "duplicate_patient", file=file, column=column, patient=str(patient))
                for patient in ids[ids.duplicated()].unique()[: LISTED + 1]
            ]
        )


def numbers(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Convert every column to float64; empty cells become NaN.

    Parameters
    ----------
    frame
        One row per patient, indexed by id.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        Of the same shape.

    Raises
    ------
    CohortError
        If a value is text, a date or infinite; the error names its column and patient.
    """
    errors = [*_columns_without_numbers(frame, file)]
    wrong = [name for name, kind in frame.dtypes.items() if kind.kind not in "fiub"]
    if wrong:
        frame = frame.assign(**{str(name): pd.to_numeric(frame[name], errors="coerce") for name in wrong})
    values = frame.to_numpy(dtype=np.float64)
    errors += _wrong_values(
        frame,
        np.isinf(values),
        "an infinite value; correct the cell or leave it empty",
        "infinite_value",
        file,
    )
    _raise_together(errors)
    return pd.DataFrame(values, index=frame.index, columns=frame.columns.astype(str))


def _columns_without_numbers(frame: pd.DataFrame, file: str) -> Iterator[CohortError]:
    """Yield an error for each column with dates or text."""
    for name, kind in frame.dtypes.items():
        column = frame[name] if kind.kind not in "fiub" else None
        if kind.kind in "mM":
            sentence = "dates are not numbers; give days since a date of your choice"
            yield CohortError(sentence, "date_for_number", file=file, column=str(name))
        elif column is not None:
            text = pd.to_numeric(column, errors="coerce").isna() & column.notna()
            if text.any():
                yield CohortError(
                    not_a_number(str(column[text].iloc[0])),
                    "text_for_number",
                    file=file,
                    column=str(name),
                    patient=str(column.index[int(text.to_numpy().argmax())]),
                )


def _raise_together(errors: Sequence[CohortError]) -> None:
    """Raise the first error with the others, of which as many are listed as a person reads."""
    if errors:
        first, *others = errors
        raise first.with_also(others[:LISTED])


def check_nonnegative(table: pd.DataFrame, what: str, file: str) -> pd.DataFrame:
    """Return a patient table unchanged, or raise :class:`CohortError` if a value is negative.

    Parameters
    ----------
    table
        As from :func:`patient_table`.
    what
        What a value is, for the error, such as ``"count"``.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        `table`.
    """
    frame = table.set_index("sample_id")
    sentence = f"a negative {what}; give the values as measured, before any logarithm or centring"
    _raise_together(_wrong_values(frame, frame.to_numpy() < 0, sentence, "negative_value", file))
    return table


def _wrong_values(frame: pd.DataFrame, wrong: Any, sentence: str, code: str, file: str) -> list[CohortError]:
    """List an error for each column with a wrong value."""
    return [
        CohortError(
            sentence,
            code,
            file=file,
            column=str(frame.columns[column]),
            patient=str(frame.index[int(wrong[:, column].argmax())]),
        )
        for column in np.flatnonzero(wrong.any(axis=0))[: LISTED + 1]
    ]


def file_stem(name: str, endings: str) -> str:
    r"""Name of a file without its path, of any operating system, and without its endings.

    Parameters
    ----------
    name
        Path of the file.
    endings
        Endings to remove, without dots, separated by ``|``; case does not matter.

    Returns
    -------
    str
        The name.

    Examples
    --------
    >>> file_stem(r"D:\runs\P.01.raw", "raw|mzml"), file_stem("bam/P-2.sorted.bam", "sorted|bam")
    ('P.01', 'P-2')
    """
    return re.sub(rf"(\.({endings}))+$", "", PureWindowsPath(name).name, flags=re.IGNORECASE)
