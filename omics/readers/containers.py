"""Read tables from Excel workbooks (.xlsx) and AnnData (.h5ad, .zarr)."""

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
from omics.readers.delimited import missing_to_none
from omics.readers.matrix import check_named, check_unique, patient_table
from omics.readers.optional_packages import require_package

__all__ = ["anndata_errors", "open_store", "read_h5ad", "read_xlsx", "read_zarr", "stored_names"]

DATES = (datetime.date, datetime.time, datetime.timedelta)
X_ENCODINGS = ("array", "csr_matrix", "csc_matrix")
NAME_ENCODINGS = ("string-array", "nullable-string-array", "array", "categorical")
METADATA = ("zarr.json", ".zarray", ".zmetadata")


def read_xlsx(path: Path) -> pd.DataFrame:
    """Read the first sheet of a workbook; the first row has the names of the columns, the first column the ids.

    Parameters
    ----------
    path
        An Office Open XML workbook; needs the extra ``xlsx``.

    Returns
    -------
    DataFrame
        Columns as in the sheet, with the types that a csv file would have: a column with text stays text, which a
        samples table allows and a view does not. An empty cell is not measured; a formula gives its stored value, a
        date its text.

    Raises
    ------
    CohortError
        If the file is not a workbook, a column has no name or the name of another column, a name is a date, a formula
        has no stored value, or a cell shows an error.

    Notes
    -----
    ECMA-376, https://ecma-international.org/publications-and-standards/standards/ecma-376/. Spreadsheets convert
    gene names such as SEPT2 to dates: Ziemann et al. 2016, doi 10.1186/s13059-016-1044-7.
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
    openpyxl = require_package("openpyxl", "xlsx", "xlsx")
    content = path.read_bytes()  # openpyxl does not close a file that it cannot read
    try:
        with (
            warnings.catch_warnings(
                action="ignore"
            ),  # they are about styles and extensions, not about values
            closing(openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)) as stored,
            closing(openpyxl.load_workbook(BytesIO(content), read_only=True)) as written,
        ):
            sheets = [book.worksheets[0] for book in (stored, written)]
            for sheet in sheets:
                # Programs that stream a sheet may declare a size that is too small, and rows would be lost.
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
    # A formula with an empty result stores an empty text (t="str"); one that was never calculated stores nothing.
    if value is None and formula.data_type == "f" and cell.data_type == "n":
        raise CohortError(
            f"the formula in {formula.coordinate} has no stored value; open the workbook in a spreadsheet "
            "program and save it",
            "formula_without_value",
            file=str(path),
        )
    if isinstance(value, str):
        return missing_to_none(value)
    return value


def _name(value: Any, path: Path) -> str | None:
    if isinstance(value, DATES):
        raise CohortError(
            f"the name {_plain(value)} is a date and perhaps was a gene; write it as text",
            "date_for_name",
            file=str(path),
        )
    # A sheet does not distinguish integers: the id 7 may be stored as 7.0.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    # pandas would silently convert dates and durations to nanoseconds where a number is expected.
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
        ``sample_id``, then (observations x variables); layers, raw and annotations are not read.

    Raises
    ------
    CohortError
        If X or the names of observations or variables are missing, X has another shape than they have, or a variable
        appears twice.

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
        As :func:`read_h5ad`, and if an array of the store uses pickle, which is never loaded.
    """
    return _anndata(open_store(path), str(path))


def open_store(path: Path) -> Any:
    """Open an AnnData file (h5py.File) or folder (zarr.Group) for reading.

    Raises
    ------
    CohortError
        If the folder is not a zarr store, or an array of it uses pickle.
    """
    if path.is_file():
        import h5py

        return h5py.File(path, "r")
    import zarr

    _refuse_pickle(path)
    try:
        return zarr.open_group(path, mode="r")
    except FileNotFoundError:
        raise CohortError("the folder is not a zarr store", "unreadable_file", file=str(path)) from None


def _refuse_pickle(folder: Path) -> None:
    # zarr 3.1 has no pickled data type, but a later release may add one.
    for path in (file for name in METADATA for file in folder.rglob(name)):
        if any("pickle" in name for name in _codecs(json.loads(path.read_text(encoding="utf-8")))):
            raise CohortError(
                "the store keeps an array as pickle, which could run code and is never loaded; "
                "write it again with anndata",
                "pickle",
                file=str(path),
            )


def _codecs(metadata: Any) -> Iterator[str]:
    """Yield every ``id`` (zarr 2) and ``name`` (zarr 3) at any depth of the metadata."""
    inner = metadata.values() if isinstance(metadata, dict) else metadata
    if isinstance(metadata, dict):
        yield from (str(metadata[key]) for key in ("id", "name") if key in metadata)
    if isinstance(metadata, dict | list):
        for part in inner:
            yield from _codecs(part)


def stored_names(store: Any, file: str) -> tuple[list[str], list[str]]:
    """Names of the observations and variables of an open AnnData.

    Parameters
    ----------
    store
        As from :func:`open_store`.
    file
        Named in errors.

    Returns
    -------
    tuple of list
        Names of the observations, and of the variables.
    """
    with anndata_errors(file):
        patients, features = (
            [str(name) for name in _read(group[group.attrs["_index"]], NAME_ENCODINGS)]
            for group in (store["obs"], store["var"])
        )
    return patients, features


@contextmanager
def anndata_errors(file: str) -> Iterator[None]:
    """Turn errors about a missing or wrong part of an AnnData into one sentence."""
    try:
        yield
    except (KeyError, AttributeError, IndexError, TypeError) as error:
        raise CohortError(
            f"not an AnnData with X, obs and var ({error}); write it with anndata 0.7 or newer",
            "not_anndata",
            file=file,
        ) from None
    except RuntimeError as error:  # raised by the decompressors of zarr
        raise CohortError(
            f"the store is damaged ({error}); copy it again", "unreadable_file", file=file
        ) from None


def _anndata(store: Any, file: str) -> pd.DataFrame:
    patients, features = stored_names(store, file)
    with anndata_errors(file):
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
        raise TypeError(f"'{encoding}' is not one of {', '.join(encodings)}")
    return read_elem(element)
