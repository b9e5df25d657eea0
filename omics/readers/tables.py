"""Plain tables: csv, tsv (gzip too) and parquet, one row a patient, ids in one column."""

from __future__ import annotations

import zlib
from pathlib import Path

import pandas as pd

from omics.errors import CohortError, nearest
from omics.readers import READERS
from omics.tables import look_up

__all__ = ["numbers", "read_csv", "read_parquet", "read_table", "read_tsv"]


def read_table(path: Path, index: str | None = None) -> pd.DataFrame:
    """Read any table that READERS knows.

    Parameters
    ----------
    path
        The file; its ending chooses the reader.
    index
        The column of patient ids; the first column if left out.

    Returns
    -------
    DataFrame
        Indexed by id (str), in the order of the file, columns as in the file.

    Raises
    ------
    CohortError
        Missing or unreadable file, unknown ending, missing id column, empty or repeated ids.
    """
    if not path.is_file():
        raise CohortError("no such file; correct the path in cohort.yaml", "missing_file", file=str(path))
    ending = max((e for e in READERS if path.name.endswith(e)), key=len, default=path.suffix)
    if ending not in READERS:
        raise CohortError(
            f"unknown ending '{ending}'; {nearest(ending, READERS)}", "unknown_format", file=str(path)
        )
    try:
        frame: pd.DataFrame = look_up(READERS, ending, "file ending")(path)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CohortError(
            f"cannot be read as {ending} ({reason}); save the table again", "unreadable_file", file=str(path)
        ) from None
    return _indexed(frame, index, str(path))


def read_csv(path: Path) -> pd.DataFrame:
    """Comma-separated values, utf-8, gzip too."""
    return _read_delimited(path, ",")


def read_tsv(path: Path) -> pd.DataFrame:
    """Tab-separated values, utf-8, gzip too."""
    return _read_delimited(path, "\t")


def read_parquet(path: Path) -> pd.DataFrame:
    """Parquet; an index that pandas saved by name comes back as a column."""
    frame = pd.read_parquet(path)
    return frame.reset_index() if frame.index.name else frame


def _read_delimited(path: Path, separator: str) -> pd.DataFrame:
    # Ids such as 007 keep their zeros: the first column is never guessed to be a number, and the
    # header is read as data because pandas would silently rename a repeated column.
    header = pd.read_csv(path, sep=separator, nrows=1, header=None, dtype=str, encoding="utf-8-sig")
    names = header.iloc[0].fillna("").tolist()
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise CohortError(
            "the column name stands twice; rename one",
            "duplicate_column",
            file=str(path),
            column=repeated[0],
        )
    return pd.read_csv(path, sep=separator, dtype={names[0]: str}, encoding="utf-8-sig", low_memory=False)


def _indexed(frame: pd.DataFrame, index: str | None, file: str) -> pd.DataFrame:
    column = frame.columns[0] if index is None else index
    if column not in frame.columns:
        raise CohortError(
            f"no such column; {nearest(str(column), map(str, frame.columns))}",
            "missing_column",
            file=file,
            column=str(column),
        )
    ids = frame[column]
    if ids.isna().any():
        raise CohortError(
            f"row {int(ids.isna().to_numpy().argmax()) + 1} has no patient id; give every row its id",
            "empty_id",
            file=file,
            column=str(column),
        )
    ids = ids.astype(str)
    if ids.duplicated().any():
        raise CohortError(
            "the patient id stands twice; keep one row a patient",
            "duplicate_patient",
            file=file,
            column=str(column),
            patient=ids[ids.duplicated()].iloc[0],
        )
    return frame.drop(columns=column).set_axis(pd.Index(ids, name="sample_id"))


def numbers(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """Turn every column into float64; empty cells become NaN.

    Raises
    ------
    CohortError
        Text or an infinite value where a number belongs, with its column and patient.
    """
    for name in frame.columns[[frame[name].dtype.kind in "mM" for name in frame.columns]]:
        raise CohortError(
            "dates are not numbers; give days since a date of your choice",
            "date_for_number",
            file=file,
            column=str(name),
        )
    wrong = [name for name in frame.columns if frame[name].dtype.kind not in "fiub"]
    for name in wrong:
        column = frame[name]
        as_numbers = pd.to_numeric(column, errors="coerce")
        text = as_numbers.isna() & column.notna()
        if text.any():
            raise CohortError(
                f"'{column[text].iloc[0]}' is not a number; correct the cell or leave it empty",
                "text_for_number",
                file=file,
                column=str(name),
                patient=str(column.index[int(text.to_numpy().argmax())]),
            )
    if wrong:
        frame = frame.assign(**{str(name): pd.to_numeric(frame[name]) for name in wrong})
    values = frame.to_numpy(dtype="float64")
    infinite = (values == float("inf")) | (values == float("-inf"))
    if infinite.any():
        row, position = (int(i[0]) for i in infinite.nonzero())
        raise CohortError(
            "an infinite value; correct the cell or leave it empty",
            "infinite_value",
            file=file,
            column=str(frame.columns[position]),
            patient=str(frame.index[row]),
        )
    return pd.DataFrame(values, index=frame.index, columns=frame.columns.astype(str))
