"""Large AnnData tables (.h5ad, .zarr, .h5mu) with values that stay on disk and are read in blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.containers import open_store, stored_names
from omics.readers.matrix import check_named, check_unique, check_unique_patients

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["LARGE", "is_large", "leave_on_disk", "read_large"]

LARGE = 2**27
"""Number of values above which a dense table stays on disk: 1 GiB of float64."""


def is_large(values: Any) -> bool:
    """Whether `values` is a dense array of h5py or zarr with more than `LARGE` values; sparse ones have no chunks."""
    return hasattr(values, "chunks") and values.ndim == 2 and values.size > LARGE  # noqa: PLR2004  # a table


def read_large(path: Path, file_format: str) -> AnnData | None:
    """Open a large dense AnnData and leave its values on disk.

    Parameters
    ----------
    path
        An ``.h5ad`` file or a ``.zarr`` folder.
    file_format
        Its name in READERS.

    Returns
    -------
    AnnData
        With an array of h5py or zarr as X; None where the table is not large or has another format.

    Raises
    ------
    CohortError
        If names are missing or appear twice, or X has another shape than they have.
    """
    if file_format not in (".h5ad", ".zarr") or not path.exists():
        return None
    try:
        store = open_store(path)
    except OSError:
        return None  # read_table reports what is wrong with the file
    if "X" not in store or store["X"].attrs.get("encoding-type") != "array" or not is_large(store["X"]):
        return None
    patients, features = stored_names(store, str(path))
    return leave_on_disk(store["X"], patients, features, str(path))


def leave_on_disk(values: Any, patients: Sequence[str], features: Sequence[str], file: str) -> AnnData:
    """Join an array on disk with its names.

    Parameters
    ----------
    values
        (patients x features) array of h5py or zarr.
    patients, features
        Names of its rows and columns.
    file
        Named in errors.

    Returns
    -------
    AnnData
        With `values` as X.

    Raises
    ------
    CohortError
        If names are missing or appear twice, or the shape is another.
    """
    from anndata import AnnData

    if values.shape != (len(patients), len(features)):
        raise CohortError(
            f"X is {' x '.join(map(str, values.shape))} and has {len(patients)} observations x "
            f"{len(features)} variables; write it again",
            "wrong_shape",
            file=file,
        )
    check_named(patients, "patient", "empty_id", file)
    check_named(features, "feature", "empty_feature", file)
    check_unique(features, file)
    ids = pd.Index(patients)
    check_unique_patients(ids, file, None)
    return AnnData(values, obs=pd.DataFrame(index=ids), var=pd.DataFrame(index=pd.Index(features)))
