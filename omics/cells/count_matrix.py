"""Sums of raw counts over groups of cells, from a dense or sparse matrix in memory or on disk, in blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import CohortError

__all__ = ["BLOCK", "CountMatrix", "DenseCounts", "SparseColumns", "SparseRows", "first_wrong"]

Array = NDArray[Any]
Groups = NDArray[np.int64]
Refuse = Callable[[int, int, float], CohortError]
"""Error for a value that is no count: (cell, gene, value) -> the error."""

BLOCK = 2**23
"""Number of values that are read together: some hundred megabytes with everything that is computed from them."""

CACHED = 2**18
"""Number of values that are added together, so that they stay in the cache of the processor."""


class CountMatrix(Protocol):
    """A matrix of counts, cells x genes."""

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of cells and of genes."""
        ...

    def group_sums(self, groups: Groups, count: int, refuse: Refuse, block: int = BLOCK) -> Array:
        """Sum the counts of each group of cells.

        Parameters
        ----------
        groups
            (cells,) number of the group of each cell; -1 for a cell that is in none, whose counts are checked only.
        count
            Number of groups.
        refuse
            Makes the error for a value that is negative, not whole or not finite.
        block
            Number of values that are read together; it does not change the result.

        Returns
        -------
        array
            (count, genes) float64, exact up to 2^53.

        Raises
        ------
        CohortError
            If a value is no count.
        """
        ...

    def some_values(self, most: int) -> Array:
        """Read at most about `most` values from the beginning."""
        ...


@dataclass(frozen=True)
class DenseCounts:
    """A dense matrix: a numpy array, or an array of h5py or zarr."""

    values: Any
    shape: tuple[int, int]

    def group_sums(self, groups: Groups, count: int, refuse: Refuse, block: int = BLOCK) -> Array:
        """Sum as :meth:`CountMatrix.group_sums` does."""
        cells, genes = self.shape
        sums, size = np.zeros((count, genes)), max(1, block // max(genes, 1))
        for first in range(0, cells, size):
            values = _in_memory(self.values[first : first + size])
            if (wrong := first_wrong(values.ravel())) is not None:
                row, gene = divmod(wrong, genes)
                raise refuse(first + row, gene, float(values[row, gene]))
            owner, order = _by_group(groups[first : first + size])
            if len(order):
                starts = np.flatnonzero(np.diff(owner, prepend=-1))
                sums[owner[starts]] += np.add.reduceat(values[order], starts, axis=0, dtype=np.float64)
        return sums

    def some_values(self, most: int) -> Array:
        """Read as :meth:`CountMatrix.some_values` does."""
        return np.asarray(self.values[: max(1, most // max(self.shape[1], 1))]).ravel()


@dataclass(frozen=True)
class SparseRows:
    """A compressed sparse matrix with one row per cell (CSR); its arrays may be on disk, except `starts`."""

    starts: NDArray[np.int64]
    genes: Any
    values: Any
    shape: tuple[int, int]

    def group_sums(self, groups: Groups, count: int, refuse: Refuse, block: int = BLOCK) -> Array:
        """Sum as :meth:`CountMatrix.group_sums` does."""
        from scipy.sparse import csr_matrix

        sums = np.zeros((count, self.shape[1]))
        for first, last in _pieces(self.starts, block):
            place = slice(int(self.starts[first]), int(self.starts[last]))
            genes, values = _in_memory(self.genes[place]), _in_memory(self.values[place])
            starts = self.starts[first : last + 1] - place.start
            _check_range(genes, self.shape[1])
            if (wrong := first_wrong(values)) is not None:
                raise refuse(first + _line(starts, wrong), int(genes[wrong]), float(values[wrong]))
            # Cells of the same group are brought together: their sums then stay in the cache.
            owner, order = _by_group(groups[first:last])
            if not np.array_equal(order, np.arange(last - first)):
                rows = csr_matrix((values, genes, starts), shape=(last - first, self.shape[1]))[order]
                starts, genes, values = rows.indptr.astype(np.int64), rows.indices, rows.data
            _add(sums, owner, starts, genes, values)
        return sums

    def some_values(self, most: int) -> Array:
        """Read as :meth:`CountMatrix.some_values` does."""
        return np.asarray(self.values[:most])


@dataclass(frozen=True)
class SparseColumns:
    """A compressed sparse matrix with one column per gene (CSC); its arrays may be on disk, except `starts`."""

    starts: NDArray[np.int64]
    cells: Any
    values: Any
    shape: tuple[int, int]

    def group_sums(self, groups: Groups, count: int, refuse: Refuse, block: int = BLOCK) -> Array:
        """Sum as :meth:`CountMatrix.group_sums` does."""
        sums = np.zeros((count, self.shape[1]))
        for first, last in _pieces(self.starts, block, most=max(1, block // max(count, 1))):
            place = slice(int(self.starts[first]), int(self.starts[last]))
            cells, values = _in_memory(self.cells[place]), _in_memory(self.values[place])
            starts = self.starts[first : last + 1] - place.start
            _check_range(cells, self.shape[0])
            if (wrong := first_wrong(values)) is not None:
                raise refuse(int(cells[wrong]), first + _line(starts, wrong), float(values[wrong]))
            owner = groups[cells]
            inside = owner >= 0
            gene = np.repeat(np.arange(last - first), np.diff(starts))
            part = np.zeros((last - first) * count)
            np.add.at(part, gene[inside] * count + owner[inside], values[inside].astype(np.float64))
            sums[:, first:last] = part.reshape(last - first, count).T
        return sums

    def some_values(self, most: int) -> Array:
        """Read as :meth:`CountMatrix.some_values` does."""
        return np.asarray(self.values[:most])


def _add(
    sums: NDArray[np.float64], owner: Groups, starts: NDArray[np.int64], genes: Array, values: Array
) -> None:
    """Add rows of a sparse matrix to the rows `owner` of `sums`."""
    flat, width = sums.reshape(-1), sums.shape[1]
    for first, last in _pieces(starts, CACHED):
        place = slice(int(starts[first]), int(starts[last]))
        at = np.repeat(owner[first:last] * width, np.diff(starts[first : last + 1]))
        np.add.at(flat, at + genes[place], values[place].astype(np.float64))


def _by_group(groups: Groups) -> tuple[Groups, NDArray[np.intp]]:
    """Sort cells by group, without those in none: their groups, and their positions."""
    order = np.argsort(groups, kind="stable")
    order = order[int((groups < 0).sum()) :]
    return groups[order], order


def _pieces(starts: NDArray[np.int64], values: int, most: int | None = None) -> Iterator[tuple[int, int]]:
    """Split lines of a sparse matrix into pieces of at most `values` values and `most` lines, but at least one line."""
    first, lines = 0, len(starts) - 1
    while first < lines:
        last = int(np.searchsorted(starts, starts[first] + values, side="right")) - 1
        last = min(max(last, first + 1), lines, lines if most is None else first + most)
        yield first, last
        first = last


def _line(starts: NDArray[np.int64], position: int) -> int:
    """Line of a sparse matrix that holds the value at `position`."""
    return int(np.searchsorted(starts, position, side="right")) - 1


def _in_memory(values: Any) -> Array:
    array = np.asarray(values)
    # scipy has no sparse matrices of half precision.
    return array.astype(np.float32) if array.dtype == np.float16 else array


def _check_range(positions: Array, size: int) -> None:
    if len(positions) and not (positions.min() >= 0 and positions.max() < size):
        raise ValueError(f"a position of the sparse matrix is not between 0 and {size - 1}")


def first_wrong(values: Array) -> int | None:
    """Position of the first value that is negative, not whole or not finite, if any."""
    if values.dtype.kind in "ub" or not len(values):
        return None
    # A comparison with NaN is false.
    if values.min() >= 0 and values.max() < np.inf and (values.dtype.kind == "i" or _whole(values)):
        return None
    with np.errstate(invalid="ignore"):
        fine = (values >= 0) & (values < np.inf) & (values == np.rint(values))
    return int((~fine).argmax())


def _whole(values: Array) -> bool:
    return bool((values == np.rint(values)).all())
