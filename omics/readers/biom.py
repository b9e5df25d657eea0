"""Read BIOM tables of observations by samples, version 1.0 (json) and 2.1 (HDF5)."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.common.memory import check_table_size
from omics.readers.matrix import check_nonnegative, patient_table
from omics.readers.sizes import check_stored

__all__ = ["parse_biom", "read_biom"]

HDF5 = b"\x89HDF\r\n\x1a\n"
Values = NDArray[np.float64]


def read_biom(path: Path) -> pd.DataFrame:
    """Read a BIOM table of either kind.

    Parameters
    ----------
    path
        BIOM 1.0 (json) or 2.1 (HDF5), which is detected from the content.

    Returns
    -------
    DataFrame
        ``sample_id``, then (samples x observations) counts or proportions by observation id. Metadata such
        as taxonomy are not read.

    Raises
    ------
    CohortError
        If the content is not BIOM, sizes contradict each other, a value lies outside the table, a cell has two
        values, a value is negative, or an observation appears twice.

    Notes
    -----
    McDonald et al. 2012, doi 10.1186/2047-217X-1-7; https://biom-format.org.
    """
    return parse_biom(path.read_bytes(), str(path))


def parse_biom(content: bytes, file: str) -> pd.DataFrame:
    """Read a BIOM table from memory.

    Parameters
    ----------
    content
        Bytes of the file.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        As from :func:`read_biom`.

    Raises
    ------
    CohortError
        As :func:`read_biom`.
    """
    parse = _parse_hdf5 if content.startswith(HDF5) else _parse_json
    try:
        observations, samples, values = parse(content, file)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = str(error).strip("'\"")
        raise CohortError(f"not a BIOM table ({reason}); export it again", "not_biom", file=file) from None
    return check_nonnegative(
        patient_table(samples, observations, values.T, file), "count or proportion", file
    )


def _parse_json(content: bytes, file: str) -> tuple[list[str], list[str], Values]:
    table = json.loads(content)
    observations = [str(row["id"]) for row in table["rows"]]
    samples = [str(column["id"]) for column in table["columns"]]
    shape = (len(observations), len(samples))
    _check_shape(table["shape"], shape, file)
    data = _floats(table["data"], file)
    if table["matrix_type"] == "dense":
        _check_shape(data.shape, shape, file)
        return observations, samples, data
    if data.size and data.shape[1:] != (3,):
        raise CohortError(
            "a sparse BIOM table lists [row, column, value]; export it again", "not_biom", file=file
        )
    rows, columns, values = data.reshape(-1, 3).T
    return observations, samples, _dense(rows, columns, values, shape, file)


def _parse_hdf5(content: bytes, file: str) -> tuple[list[str], list[str], Values]:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as table:
        check_stored(table, file)
        observations: list[str] = list(table["observation/ids"].asstr()[:])
        samples: list[str] = list(table["sample/ids"].asstr()[:])
        matrix = table["observation/matrix"]
        values, columns, bounds = (matrix[name][:] for name in ("data", "indices", "indptr"))
        shape = (len(observations), len(samples))
        _check_shape(table.attrs["shape"], shape, file)
    sizes = np.diff(bounds)
    fits = len(bounds) == shape[0] + 1 and (sizes >= 0).all() and bounds[0] == 0
    if not fits or not bounds[-1] == len(values) == len(columns):
        raise CohortError("the matrix contradicts its own size; export it again", "wrong_shape", file=file)
    rows = np.repeat(np.arange(shape[0]), sizes)
    return observations, samples, _dense(rows, columns, _floats(values, file), shape, file)


def _floats(data: Any, file: str) -> Values:
    try:
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise CohortError(
            "the data are not numbers in rows of equal length; export it again", "text_for_number", file=file
        ) from None


def _check_shape(declared: Sequence[int], actual: tuple[int, int], file: str) -> None:
    if tuple(declared) != actual:
        raise CohortError(
            f"the table declares {' x '.join(map(str, declared))} and has {actual[0]} observations x {actual[1]} "
            "samples; export it again",
            "wrong_shape",
            file=file,
        )


def _dense(
    rows: NDArray[Any], columns: NDArray[Any], values: Values, shape: tuple[int, int], file: str
) -> Values:
    check_table_size(*shape, file)
    for places, size in zip((rows, columns), shape, strict=True):
        if ((places < 0) | (places >= size) | (places % 1 != 0)).any():
            raise CohortError("a value lies outside the table; export it again", "wrong_shape", file=file)
    places = rows.astype(np.int64) * shape[1] + columns.astype(np.int64)
    if len(np.unique(places)) < len(places):
        raise CohortError("a cell has two values; export it again", "repeated_value", file=file)
    dense = np.zeros(shape)
    dense.flat[places] = values
    return dense
