"""Tables inside containers: Excel workbooks (.xlsx) and AnnData (.h5ad, .zarr)."""

from __future__ import annotations

import datetime
import json
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import measured
from omics.readers.matrix import check_named, check_unique, patient_table
from omics.readers.optional_packages import require

__all__ = ["open_store", "read_h5ad", "read_xlsx", "read_zarr", "stored_names"]

DATES = (datetime.date, datetime.time, datetime.timedelta)
X_ENCODINGS = ("array", "csr_matrix", "csc_matrix")
NAME_ENCODINGS = ("string-array", "nullable-string-array", "array", "categorical")
METADATA = ("zarr.json", ".zarray", ".zmetadata")


def read_xlsx(path: Path) -> pd.DataFrame:
    """Read the first sheet of a workbook; its first row names the columns, its first column the patients.

    Parameters
    ----------
    path
        An Office Open XML workbook; the extra ``xlsx`` reads it.

    Returns
    -------
    DataFrame
        Columns as in the sheet, with the types that a csv file would have: a column with text stays text, so
        that a samples table may be a sheet, and a view refuses it. An empty cell is not measured, a formula
        counts by the value that was stored with it, a date by its text.

    Raises
    ------
    CohortError
        Not a workbook, a column without a name or with that of another, a name that is a date, a formula
        without a stored value, a cell that shows an error.

    Notes
    -----
    ECMA-376, https://ecma-international.org/publications-and-standards/standards/ecma-376/. Spreadsheets turn
    gene names such as SEPT2 into dates: Ziemann et al. 2016, doi 10.1186/s13059-016-1044-7.
    """
    rows = [row for row in _cells(path) if any(value is not None for value in row)]
    if not rows:
        raise CohortError("the first sheet is empty; move the table there", "empty_table", file=str(path))
    width = max(place for row in rows for place, value in enumerate(row, start=1) if value is not None)
    header, *body = [(row + [None] * width)[:width] for row in rows]
    names = [_name(value, path) or "" for value in header]
    check_named(names, "column", "empty_feature", str(path))
    check_unique(names, str(path))
    named = [[_name(row[0], path), *map(_plain, row[1:])] for row in body]
    frame = pd.DataFrame(named, columns=names)
    empty = frame.columns[1:][frame.iloc[:, 1:].isna().all()]
    return frame.astype(dict.fromkeys(empty, np.float64))


def _cells(path: Path) -> list[list[Any]]:
    openpyxl = require("openpyxl", "xlsx", "xlsx")
    content = path.read_bytes()  # openpyxl leaves a file open whose content it cannot read
    try:
        with (
            warnings.catch_warnings(action="ignore"),  # about styles and extensions, which hold no values
            closing(openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)) as stored,
            closing(openpyxl.load_workbook(BytesIO(content), read_only=True)) as written,
        ):
            sheets = [book.worksheets[0] for book in (stored, written)]
            for sheet in sheets:
                # Programs that stream a sheet may state a size that is too small, and rows would be lost.
                sheet.reset_dimensions()
            return [
                [_value(cell, formula, path) for cell, formula in zip(*pair, strict=True)]
                for pair in zip(*(sheet.iter_rows() for sheet in sheets), strict=True)
            ]
    except (zipfile.BadZipFile, KeyError, IndexError, SyntaxError) as error:
        raise CohortError(
            f"not a readable workbook ({error}); save it again as .xlsx", "unreadable_file", file=str(path)
        ) from None


def _value(cell: Any, formula: Any, path: Path) -> Any:
    value = cell.value
    if cell.data_type == "e":
        raise CohortError(
            f"the cell {cell.coordinate} shows {value}; correct or empty it", "error_cell", file=str(path)
        )
    # A formula that shows nothing stores an empty text (t="str"); one never calculated stores nothing.
    if value is None and formula.data_type == "f" and cell.data_type == "n":
        raise CohortError(
            f"the formula in {formula.coordinate} has no stored value; open the workbook in a spreadsheet "
            "program and save it",
            "formula_without_value",
            file=str(path),
        )
    if isinstance(value, str):
        return measured(value)
    return value


def _name(value: Any, path: Path) -> str | None:
    if isinstance(value, DATES):
        raise CohortError(
            f"the name {_plain(value)} is a date, perhaps once a gene; write it as text",
            "date_for_name",
            file=str(path),
        )
    # A sheet knows no integers: the id 7 may be stored as 7.0.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    # pandas would silently make nanoseconds of dates and durations where a number belongs.
    return str(value) if isinstance(value, DATES) else value


def read_h5ad(path: Path) -> pd.DataFrame:
    """Read ``X`` of an AnnData file, dense or sparse; observations are patients.

    Parameters
    ----------
    path
        An h5ad file of anndata 0.7 or newer.

    Returns
    -------
    DataFrame
        ``sample_id``, then (observations x variables); layers, raw and annotations stay behind.

    Raises
    ------
    CohortError
        No X, no names of observations or variables, another shape than theirs, a repeated variable.

    Notes
    -----
    https://anndata.readthedocs.io/en/stable/fileformat-prose.html.
    """
    store = open_store(path)
    try:
        return _anndata(store, str(path))
    finally:
        store.close()


def read_zarr(path: Path) -> pd.DataFrame:
    """Read ``X`` of an AnnData store in a folder, as :func:`read_h5ad` does.

    Raises
    ------
    CohortError
        As :func:`read_h5ad`; and a store whose arrays ask for pickle, which is never loaded.
    """
    return _anndata(open_store(path), str(path))


def open_store(path: Path) -> Any:
    """Open an AnnData file (h5py.File) or folder (zarr.Group) for reading.

    Raises
    ------
    CohortError
        A folder that is no zarr store, or one whose arrays ask for pickle.
    """
    if path.is_file():
        import h5py

        return h5py.File(path, "r")
    import zarr

    _refuse_pickle(path)
    try:
        return zarr.open_group(path, mode="r")
    except FileNotFoundError:
        raise CohortError("the folder is no zarr store", "unreadable_file", file=str(path)) from None


def _refuse_pickle(folder: Path) -> None:
    # zarr 3.1 knows no pickled data type, but that is no promise of the next release; this is ours.
    for path in (found for name in METADATA for found in folder.rglob(name)):
        if any("pickle" in name for name in _codecs(json.loads(path.read_text(encoding="utf-8")))):
            raise CohortError(
                "the store keeps an array as pickle, which could run code and is never loaded; "
                "write it again with anndata",
                "pickle",
                file=str(path),
            )


def _codecs(metadata: Any) -> Iterator[str]:
    """Every ``id`` (zarr 2) and ``name`` (zarr 3), at any depth."""
    inner = metadata.values() if isinstance(metadata, dict) else metadata
    if isinstance(metadata, dict):
        yield from (str(metadata[key]) for key in ("id", "name") if key in metadata)
    if isinstance(metadata, dict | list):
        for part in inner:
            yield from _codecs(part)


def stored_names(store: Any, file: str) -> tuple[list[str], list[str]]:
    """Names of the observations and of the variables of an open AnnData."""
    with _anndata_errors(file):
        patients, features = (
            [str(name) for name in _read(group[group.attrs["_index"]], NAME_ENCODINGS)]
            for group in (store["obs"], store["var"])
        )
    return patients, features


@contextmanager
def _anndata_errors(file: str) -> Iterator[None]:
    try:
        yield
    except (KeyError, AttributeError, IndexError, TypeError) as error:
        raise CohortError(
            f"not an AnnData with X, obs and var ({error}); write it with anndata 0.7 or newer",
            "not_anndata",
            file=file,
        ) from None
    except RuntimeError as error:  # of zarr's decompressors
        raise CohortError(
            f"the store is damaged ({error}); copy it again", "unreadable_file", file=file
        ) from None


def _anndata(store: Any, file: str) -> pd.DataFrame:
    patients, features = stored_names(store, file)
    with _anndata_errors(file):
        values = _read(store["X"], X_ENCODINGS)
    values = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    if values.shape != (len(patients), len(features)):
        raise CohortError(
            f"X is {' x '.join(map(str, values.shape))} and has {len(patients)} observations x "
            f"{len(features)} variables; write it again",
            "wrong_shape",
            file=file,
        )
    return patient_table(patients, features, values, file)


def _read(element: Any, encodings: tuple[str, ...]) -> Any:
    from anndata.io import read_elem

    encoding = element.attrs["encoding-type"]
    if encoding not in encodings:
        raise TypeError(f"'{encoding}' is none of {', '.join(encodings)}")
    return read_elem(element)
