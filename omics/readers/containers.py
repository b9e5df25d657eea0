"""Read tables from AnnData (.h5ad, .zarr)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.common.memory import check_table_size
from omics.readers.matrix import patient_table
from omics.readers.sizes import check_stored

__all__ = [
    "anndata_errors",
    "modalities_of",
    "open_store",
    "read_h5ad",
    "read_h5mu",
    "read_zarr",
    "stored_names",
]

X_ENCODINGS = ("array", "csr_matrix", "csc_matrix")
NAME_ENCODINGS = ("string-array", "nullable-string-array", "array", "categorical")
METADATA = ("zarr.json", ".zarray", ".zmetadata")


def read_h5ad(path: Path, layer: str | None = None, ids: str | None = None) -> pd.DataFrame:
    """Read ``X`` of an AnnData file, dense or sparse; observations are patients.

    Parameters
    ----------
    path
        An h5ad file of anndata 0.7 or newer.
    layer
        Layer to read in place of ``X``, or ``raw`` for the values of ``.raw``.
    ids
        Column of ``obs`` with the ids; the names of the observations if left out.

    Returns
    -------
    DataFrame
        ``sample_id``, then (observations x variables); annotations are not read.

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
        return _anndata(store, str(path), layer, ids)
    finally:
        store.close()


def read_h5mu(
    path: Path, mod: str | None = None, layer: str | None = None, ids: str | None = None
) -> pd.DataFrame:
    """Read one table of a MuData file: the values of a modality, or ``obs``, which has the patients.

    Parameters
    ----------
    path
        An h5mu file of mudata.
    mod
        Name of the modality; ``obs`` of the whole file if left out.
    layer, ids
        As for :func:`read_h5ad`.

    Returns
    -------
    DataFrame
        As from :func:`read_h5ad`; of ``obs`` the ids first, then its columns without those of single modalities.

    Raises
    ------
    CohortError
        As :func:`read_h5ad`, and if there is no such modality.

    Notes
    -----
    https://mudata.readthedocs.io/stable/io/spec.html.
    """
    store, file = open_store(path), str(path)
    try:
        with anndata_errors(file):
            if mod is None:
                return _obs(store, file, ids)
            known = list(store["mod"])
            if mod in known:
                return _anndata(store["mod"][mod], file, layer, ids)
        raise CohortError(
            f"no modality '{mod}'; {nearest(mod, known)}", "missing_layer", file=file, column=mod
        )
    finally:
        store.close()


def modalities_of(path: Path) -> list[str]:
    """Names of the modalities of an h5mu file."""
    store = open_store(path)
    try:
        with anndata_errors(str(path)):
            return [str(name) for name in store["mod"]]
    finally:
        store.close()


def _obs(store: Any, file: str, ids: str | None) -> pd.DataFrame:
    """Patients and their annotation, the ids first."""
    from anndata.io import read_elem

    check_stored(store["obs"], file)
    stored: pd.DataFrame = read_elem(store["obs"])
    obs = stored[[name for name in stored.columns if ":" not in str(name)]]
    obs = obs.astype({name: object for name, kind in obs.dtypes.items() if kind == "category"})
    if ids is not None and ids in obs:
        return obs[[ids, *(name for name in obs if name != ids)]].reset_index(drop=True)
    return obs.rename_axis(ids or "sample_id").reset_index()


def read_zarr(path: Path, layer: str | None = None, ids: str | None = None) -> pd.DataFrame:
    """Read ``X`` of an AnnData store in a folder, as :func:`read_h5ad` does.

    Parameters
    ----------
    path
        A zarr folder.
    layer, ids
        As for :func:`read_h5ad`.

    Returns
    -------
    DataFrame
        As from :func:`read_h5ad`.

    Raises
    ------
    CohortError
        As :func:`read_h5ad`, and if an array of the store uses pickle, which is never loaded.
    """
    return _anndata(open_store(path), str(path), layer, ids)


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
            [str(name) for name in _read(group[group.attrs["_index"]], NAME_ENCODINGS, file)]
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


def _anndata(store: Any, file: str, layer: str | None, ids: str | None) -> pd.DataFrame:
    patients, features = stored_names(store, file)
    part = store
    if layer is not None:
        part, features = _layer(store, layer, features, file)
    if ids is not None:
        patients = _column_of_obs(store, ids, file)
    with anndata_errors(file):
        values = _read(part if layer is not None else store["X"], X_ENCODINGS, file)
    if values.shape != (len(patients), len(features)):
        raise CohortError(
            f"X is {' x '.join(map(str, values.shape))} and has {len(patients)} observations x "
            f"{len(features)} variables; write it again",
            "wrong_shape",
            file=file,
        )
    check_table_size(len(patients), len(features), file)
    dense = values.toarray() if hasattr(values, "toarray") else np.asarray(values)
    return patient_table(patients, features, dense, file)


def _layer(store: Any, layer: str, features: list[str], file: str) -> tuple[Any, list[str]]:
    """Find the stored values of a layer or of ``raw``, and the names of its variables."""
    layers = list(store["layers"]) if "layers" in store else []
    if layer in layers:
        return store["layers"][layer], features
    if layer == "raw" and "raw" in store:
        with anndata_errors(file):
            var = store["raw"]["var"]
            return store["raw"]["X"], [
                str(name) for name in _read(var[var.attrs["_index"]], NAME_ENCODINGS, file)
            ]
    known = [*layers, *(["raw"] if "raw" in store else [])]
    raise CohortError(
        f"no layer '{layer}'; {nearest(layer, known)}", "missing_layer", file=file, column=layer
    )


def _column_of_obs(store: Any, name: str, file: str) -> list[str]:
    from anndata.io import read_elem

    with anndata_errors(file):
        check_stored(store["obs"], file)
        obs = read_elem(store["obs"])
    if name not in obs:
        raise CohortError(
            f"obs has no such column; {nearest(name, map(str, obs.columns))}",
            "missing_column",
            file=file,
            column=name,
        )
    column = obs[name]
    return ["" if missing else str(value) for value, missing in zip(column, column.isna(), strict=True)]


def _read(element: Any, encodings: tuple[str, ...], file: str) -> Any:
    from anndata.io import read_elem

    encoding = element.attrs["encoding-type"]
    if encoding not in encodings:
        raise TypeError(f"'{encoding}' is not one of {', '.join(encodings)}")
    check_stored(element, file)
    return read_elem(element)
