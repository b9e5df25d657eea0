"""What is read of an AnnData of cells: columns of ``obs``, ``var`` and the matrix of counts, in memory or on disk."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from omics.cells.count_matrix import CountMatrix, DenseCounts, SparseColumns, SparseRows
from omics.common.errors import CohortError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anndata import AnnData

__all__ = ["CellSource", "CellsInMemory", "StoredCells"]

IN_MEMORY = "the cells"
"""Takes the place of a file name in error messages."""

WHOLE_OBS = "0.1.0"
"""Version of ``obs`` of anndata 0.7, whose categories are not stored with their column."""


class CellSource(Protocol):
    """An AnnData of cells; `file` is named in errors."""

    @property
    def file(self) -> str:
        """Named in errors."""
        ...

    @property
    def names(self) -> list[str]:
        """Names of the columns of ``obs``."""
        ...

    @property
    def var(self) -> pd.DataFrame:
        """Annotation of the genes."""
        ...

    def __len__(self) -> int:
        """Count the cells."""
        ...

    def column(self, name: str) -> pd.Series[Any]:
        """Column of ``obs``."""
        ...

    def counts(self, layer: str | None) -> CountMatrix:
        """X, or a layer."""
        ...

    def name_of(self, cell: int) -> str:
        """Name of the cell at a position."""
        ...


class CellsInMemory:
    """An AnnData; if it is backed, X stays on disk."""

    file = IN_MEMORY

    def __init__(self, cells: AnnData) -> None:
        self._cells = cells

    @property
    def names(self) -> list[str]:
        """Names of the columns of ``obs``."""
        return [str(name) for name in self._cells.obs.columns]

    @property
    def var(self) -> pd.DataFrame:
        """Annotation of the genes."""
        frame: pd.DataFrame = self._cells.var
        return frame

    def __len__(self) -> int:
        return int(self._cells.n_obs)

    def column(self, name: str) -> pd.Series[Any]:
        """Column of ``obs``."""
        column: pd.Series[Any] = self._cells.obs[name]
        return column

    def counts(self, layer: str | None) -> CountMatrix:
        """X, or a layer."""
        if layer is not None:
            _check_layer(layer, self._cells.layers, self.file)
            return _matrix(self._cells.layers[layer], self.file)
        # The X of a backed view would not be read in blocks either, since it is a selection of cells.
        if self._cells.isbacked and not self._cells.is_view:
            return _stored_matrix(self._cells.file["X"])
        return _matrix(self._cells.X, self.file)

    def name_of(self, cell: int) -> str:
        """Name of the cell at a position."""
        return str(self._cells.obs_names[cell])


class StoredCells:
    """An open h5ad file (h5py.File) or zarr folder (zarr.Group)."""

    def __init__(self, store: Any, file: str) -> None:
        self._store, self.file = store, file

    @property
    def names(self) -> list[str]:
        """Names of the columns of ``obs``."""
        return [str(name) for name in self._store["obs"].attrs["column-order"]]

    @cached_property
    def var(self) -> pd.DataFrame:
        """Annotation of the genes."""
        frame: pd.DataFrame = _read(self._store["var"])
        return frame

    def __len__(self) -> int:
        index = self._index
        return int(index.shape[0]) if hasattr(index, "shape") else len(_read(index))

    @property
    def layers(self) -> list[str]:
        """Names of the layers."""
        return [str(name) for name in self._store.get("layers", {})]

    def column(self, name: str) -> pd.Series[Any]:
        """Column of ``obs``."""
        if self._store["obs"].attrs["encoding-version"] == WHOLE_OBS:
            return self._obs[name]
        return pd.Series(_read(self._store["obs"][name]))

    def counts(self, layer: str | None) -> CountMatrix:
        """X, or a layer."""
        if layer is None:
            return _stored_matrix(self._store["X"])
        _check_layer(layer, self.layers, self.file)
        return _stored_matrix(self._store["layers"][layer])

    def name_of(self, cell: int) -> str:
        """Name of the cell at a position."""
        index = self._index
        name = index[cell] if hasattr(index, "shape") else _read(index)[cell]
        return name.decode() if isinstance(name, bytes) else str(name)

    @property
    def _index(self) -> Any:
        return self._store["obs"][self._store["obs"].attrs["_index"]]

    @cached_property
    def _obs(self) -> pd.DataFrame:
        frame: pd.DataFrame = _read(self._store["obs"])
        return frame


def _read(element: Any) -> Any:
    from anndata.io import read_elem

    with warnings.catch_warnings():
        # Files of anndata 0.7 can be read; the warning would ask to write them again.
        warnings.filterwarnings("ignore", "(?s).*written without encoding metadata")
        return read_elem(element)


def _check_layer(layer: str, layers: Iterable[str], file: str) -> None:
    names = list(map(str, layers))
    if layer not in names:
        advice = nearest(layer, names) if names else "the table has X only: leave layer out"
        raise CohortError(f"there is no layer '{layer}'; {advice}", "missing_layer", file=file)


def _stored_matrix(element: Any) -> CountMatrix:
    encoding = str(element.attrs["encoding-type"])
    if encoding == "array":
        return DenseCounts(element, _shape(element.shape))
    if encoding not in ("csr_matrix", "csc_matrix"):
        raise TypeError(f"'{encoding}' is not one of array, csr_matrix, csc_matrix")
    kind = SparseRows if encoding == "csr_matrix" else SparseColumns
    starts = np.asarray(element["indptr"][:], dtype=np.int64)
    return kind(starts, element["indices"], element["data"], _shape(element.attrs["shape"]))


def _matrix(values: Any, file: str) -> CountMatrix:
    from scipy.sparse import issparse

    if issparse(values) and values.format in ("csr", "csc"):
        kind = SparseRows if values.format == "csr" else SparseColumns
        starts = np.asarray(values.indptr, dtype=np.int64)
        return kind(starts, values.indices, values.data, _shape(values.shape))
    if isinstance(values, np.ndarray):
        return DenseCounts(np.asarray(values), _shape(values.shape))
    raise CohortError(
        f"the counts are of type {type(values).__name__}; give a numpy array, or a CSR or CSC matrix",
        "not_anndata",
        file=file,
    )


def _shape(shape: Any) -> tuple[int, int]:
    cells, genes = (int(size) for size in shape)
    return cells, genes
