"""Plain tables: csv, tsv (gzip too) and parquet, one row a patient, ids in one column."""

from __future__ import annotations

import csv
import zlib
from dataclasses import replace
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.common.registry import resolve
from omics.readers import COMPANIONS, FOLDERS, READERS
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import check_named, check_unique_patients

__all__ = [
    "read_columns",
    "read_csv",
    "read_parquet",
    "read_table",
    "read_tsv",
    "table_files",
    "table_format",
]


def read_table(path: Path, index: str | None = None, file_format: str | None = None) -> pd.DataFrame:
    """Read any table that READERS knows.

    Parameters
    ----------
    path
        The file, or the folder for a format of FOLDERS.
    index
        The column of patient ids; the first column if left out.
    file_format
        A name in READERS; the ending of the file chooses if left out.

    Returns
    -------
    DataFrame
        Indexed by id (str), in the order of the file, columns as in the file.

    Raises
    ------
    CohortError
        Missing or unreadable file, unknown ending, missing id column, empty or repeated ids.
    """
    return _indexed(read_columns(path, file_format), index, str(path))


def read_columns(path: Path, file_format: str | None = None) -> pd.DataFrame:
    """Read a table as :func:`read_table` does, its ids still a column, as yet unchecked."""
    kind = table_format(path, file_format)
    if kind not in READERS:
        what = "format" if file_format else "ending"
        raise CohortError(
            f"unknown {what} '{kind}'; {nearest(kind, READERS)}", "unknown_format", file=str(path)
        )
    what, found = ("folder", path.is_dir()) if kind in FOLDERS else ("file", path.is_file())
    if not found:
        raise CohortError(f"no such {what}; correct the path in cohort.yaml", "missing_file", file=str(path))
    if path.is_file():
        _refuse_stand_in(path)
    try:
        frame: pd.DataFrame = resolve(READERS, kind, "file format")(path)
    except UnicodeDecodeError as error:
        raise CohortError(
            f"the file is not utf-8 text (byte {error.object[error.start]:#04x}); save the table as utf-8",
            "not_utf8",
            file=str(path),
        ) from None
    except (ValueError, OSError, EOFError, csv.Error, zlib.error) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CohortError(
            f"cannot be read as {kind} ({reason}); save the table again", "unreadable_file", file=str(path)
        ) from None
    return frame


def table_files(path: Path, file_format: str | None = None) -> list[Path]:
    """List every file that :func:`read_table` reads: the table itself, and its companions.

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
"""First bytes, in lower case, of what is left where a download failed -> what to do."""


def _refuse_stand_in(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(32).lower()
    for sign, sentence in STAND_INS.items():
        if start.startswith(sign):
            raise CohortError(sentence, "stand_in", file=str(path))


def table_format(path: Path, file_format: str | None = None) -> str:
    """Give the declared format, or the longest ending of READERS that the file has.

    Names without a dot are chosen by ``format`` alone.
    """
    if file_format:
        return file_format
    known = (name for name in READERS if name.startswith(".") and path.name.endswith(name))
    return max(known, key=len, default=path.suffix)


SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}


def read_csv(path: Path) -> pd.DataFrame:
    """Comma-separated values, utf-8, gzip too."""
    return _read_delimited(path, ",")


def read_tsv(path: Path) -> pd.DataFrame:
    """Tab-separated values, utf-8, gzip too."""
    return _read_delimited(path, "\t")


def read_parquet(path: Path) -> pd.DataFrame:
    """Parquet; an index that pandas saved comes back as a column, but for one that only counts rows."""
    frame = pd.read_parquet(path)
    counts = isinstance(frame.index, pd.RangeIndex) and not frame.index.name
    return frame if counts else frame.reset_index()


def _read_delimited(path: Path, separator: str) -> pd.DataFrame:
    header = replace(read_header(path, separators=separator, comment=""), quote='"')
    other = next((mark for mark in SEPARATORS if mark in header.names[0]), None)
    if len(header.names) == 1 and other:
        raise CohortError(
            f"cells are separated by {SEPARATORS[other]}, and by {SEPARATORS[separator]} is what the ending of the "
            "file says; save the table again",
            "other_separator",
            file=str(path),
        )
    # Programs leave the name above the ids empty.
    check_named(["ids", *header.names[1:]], "column", "empty_feature", str(path))
    ids, *others = header.names
    cells = read_cells(path, header, header.names)
    # Ids such as 007 keep their zeros: the first column is never guessed to be a number.
    named = pd.DataFrame({ids: pd.Series([name or None for name in cells.text(ids)], dtype=object)})
    return pd.concat([named, cells.guessed(others)], axis="columns")


def _indexed(frame: pd.DataFrame, index: str | None, file: str) -> pd.DataFrame:
    column = frame.columns[0] if index is None else index
    if column not in frame.columns:
        raise CohortError(
            f"no such column; {nearest(str(column), map(str, frame.columns))}",
            "missing_column",
            file=file,
            column=str(column),
        )
    if not len(frame):
        raise CohortError("the table has a header and no row; was it cut short?", "no_patient", file=file)
    ids = frame[column]
    empty = ids.isna() | (ids == "")
    if empty.any():
        raise CohortError(
            f"row {int(empty.to_numpy().argmax()) + 1} has no patient id; give every row its id",
            "empty_id",
            file=file,
            column=str(column),
        )
    ids = ids.astype(str)
    check_unique_patients(pd.Index(ids), file, str(column))
    return frame.drop(columns=column).set_axis(pd.Index(ids, name="sample_id"))
