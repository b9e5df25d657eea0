"""Read plain tables: csv, tsv (also with gzip) and parquet, with one row per patient and ids in one column."""

from __future__ import annotations

import csv
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.common.registry import resolve
from omics.readers import CELLS, COMPANIONS, FOLDERS, PGX, READERS
from omics.readers.matrix import check_unique_patients
from omics.readers.signatures import format_of_text
from omics.readers.sizes import check_parquet

__all__ = [
    "check_first_bytes",
    "read_columns",
    "read_parquet",
    "read_table",
    "table_files",
    "table_format",
]


def read_table(
    path: Path,
    index: str | None = None,
    file_format: str | None = None,
    options: Mapping[str, Any] | None = None,
    unique: bool = True,
) -> pd.DataFrame:
    """Read a table of any format in READERS.

    Parameters
    ----------
    path
        The file, or the folder for a format of FOLDERS.
    index
        The column of patient ids; the first column if left out.
    file_format
        A name in READERS; taken from the ending of the file if left out.
    options
        Options of the reader, as :func:`read_columns` takes them.
    unique
        Whether an id that appears twice is an error.

    Returns
    -------
    DataFrame
        Indexed by id (str), in the order of the file, columns as in the file.

    Raises
    ------
    CohortError
        If the file is missing or cannot be read, its ending is unknown, the id column is missing, or ids are empty or
        appear twice.
    """
    kind = table_format(path, file_format)
    checked = {"unique": True} if unique and kind in CHECKED_IDS else {}
    frame = read_columns(path, file_format, {**(options or {}), **checked}, index)
    if index is not None and kind in (".h5ad", ".zarr", "metabolon"):
        index = None  # the reader has put the ids first
    indexed = _indexed(frame, index, str(path), unique)
    indexed.attrs.update(frame.attrs)
    return indexed


def read_columns(
    path: Path,
    file_format: str | None = None,
    options: Mapping[str, Any] | None = None,
    index: str | None = None,
) -> pd.DataFrame:
    """Read a table as :func:`read_table` does, but leave the ids as a column and do not check them.

    Parameters
    ----------
    path
        The file, or the folder for a format of FOLDERS.
    file_format
        A name in READERS; taken from the ending of the file if left out.
    options
        Keywords of the reader, such as ``{"layer": "counts"}``.
    index
        Column of ids, which stays text; the first column if left out.

    Returns
    -------
    DataFrame
        Columns as in the file.

    Raises
    ------
    CohortError
        If the file is missing or cannot be read, or its ending is unknown.
    """
    kind = table_format(path, file_format)
    if kind not in READERS:
        what = "format" if file_format else "ending"
        raise CohortError(
            f"unknown {what} '{kind}'; {nearest(kind, (*READERS, CELLS))}", "unknown_format", file=str(path)
        )
    what, exists = ("folder", path.is_dir()) if kind in FOLDERS else ("file", path.is_file())
    exists |= kind == PGX and path.is_dir()
    if not exists:
        raise CohortError(f"no such {what}; correct the path in cohort.yaml", "missing_file", file=str(path))
    if path.is_file():
        check_first_bytes(path)
    try:
        keywords = {**(options or {}), **({"ids": index} if kind in NAMED_IDS else {})}
        frame: pd.DataFrame = resolve(READERS, kind, "file format")(path, **keywords)
    except UnicodeDecodeError as error:
        raise CohortError(
            f"the file is not utf-8 text (byte {error.object[error.start]:#04x}); save the table as utf-8",
            "not_utf8",
            file=str(path),
        ) from None
    except MemoryError:
        raise CohortError(
            "there is not enough memory to read it; keep fewer features or patients, or use a larger machine",
            "too_large",
            file=str(path),
        ) from None
    except (ValueError, OSError, EOFError, csv.Error, zlib.error) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CohortError(
            f"cannot be read as {kind} ({reason}); save the table again", "unreadable_file", file=str(path)
        ) from None
    return frame


def table_files(path: Path, file_format: str | None = None) -> list[Path]:
    """List every file that :func:`read_table` reads: the table and its companions.

    Parameters
    ----------
    path
        The table.
    file_format
        A name in READERS; taken from the ending of the file if left out.

    Returns
    -------
    list of Path
        The table first.

    Examples
    --------
    >>> [file.name for file in table_files(Path("germline.bed"))]
    ['germline.bed', 'germline.bim', 'germline.fam']
    """
    companions = COMPANIONS.get(table_format(path, file_format), ())
    return [path, *map(path.with_suffix, companions)]


STAND_INS = {
    b"version https://git-lfs": "the file is a pointer of Git LFS and not the table; run `git lfs pull`",
    b"<!doctype html": "the file is a web page and not the table; download the table itself",
    b"<html": "the file is a web page and not the table; download the table itself",
}
"""First bytes, in lower case, of the file that a failed download leaves -> error."""


def check_first_bytes(path: Path) -> None:
    """Raise :class:`CohortError` if a file is what a failed download leaves."""
    with path.open("rb") as file:
        start = file.read(32).lower()
    for first_bytes, sentence in STAND_INS.items():
        if start.startswith(first_bytes):
            raise CohortError(sentence, "stand_in", file=str(path))


def table_format(path: Path, file_format: str | None = None) -> str:
    """Name of the format of a table in READERS.

    Parameters
    ----------
    path
        The table.
    file_format
        Its declared format; needed for names without a dot.

    Returns
    -------
    str
        The declared format, or the longest ending in READERS that the file has; for ``.txt`` the program that wrote it,
        by its header.
    """
    if file_format:
        return file_format
    # Programs for Windows write endings in capitals.
    name = path.name.lower()
    known = (one for one in READERS if one.startswith(".") and name.endswith(one.lower()))
    ending = max(known, key=len, default=path.suffix)
    if ending not in READERS and path.name.removesuffix(".gz").endswith(".txt") and path.is_file():
        return format_of_text(path) or ending
    return ending


NAMED_IDS = (
    ".csv",
    ".csv.gz",
    ".tsv",
    ".tsv.gz",
    ".xlsx",
    ".h5ad",
    ".h5mu",
    ".zarr",
    "clinical",
    "metabolon",
    "metabolon_samples",
)
"""Formats whose readers take the name of the column of ids."""

CHECKED_IDS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
"""Formats whose readers compare ids while they read."""


def read_parquet(path: Path) -> pd.DataFrame:
    """Read parquet; an index that pandas saved becomes a column, except a plain numbering of rows."""
    check_parquet(path)
    frame = pd.read_parquet(path)
    is_numbering = isinstance(frame.index, pd.RangeIndex) and not frame.index.name
    return frame if is_numbering else frame.reset_index()


def _indexed(frame: pd.DataFrame, index: str | None, file: str, unique: bool) -> pd.DataFrame:
    column = frame.columns[0] if index is None else index
    if column not in frame.columns:
        raise CohortError(
            f"no such column; {nearest(str(column), map(str, frame.columns))}",
            "missing_column",
            file=file,
            column=str(column),
        )
    if not len(frame):
        raise CohortError("the table has a header and no rows; was it cut short?", "no_patient", file=file)
    ids = frame.pop(column)
    empty = ids.isna() | (ids == "")
    if empty.any():
        raise CohortError(
            f"row {int(empty.to_numpy().argmax()) + 1} has no patient id; give every row an id",
            "empty_id",
            file=file,
            column=str(column),
        )
    if ids.dtype.kind == "f" and (ids % 1 == 0).all():
        ids = ids.astype("int64")
    ids = ids.astype(str)
    if unique:
        check_unique_patients(pd.Index(ids), file, str(column))
    frame.index = pd.Index(ids, name="sample_id")  # in place: a large table is not copied
    return frame
