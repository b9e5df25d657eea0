"""Sums over groups of cells: equal to a loop, for every layout, in memory and on disk, and for blocks of any size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, csr_matrix

from omics.cells.count_matrix import CountMatrix, DenseCounts, SparseColumns, SparseRows, first_wrong
from omics.common.errors import CohortError

Array = NDArray[np.float64]


def layouts(table: Array) -> Iterator[CountMatrix]:
    rows, columns = csr_matrix(table), csc_matrix(table)
    yield DenseCounts(table, table.shape)
    yield SparseRows(rows.indptr.astype(np.int64), rows.indices, rows.data, table.shape)
    yield SparseColumns(columns.indptr.astype(np.int64), columns.indices, columns.data, table.shape)


def refuse(cell: int, gene: int, value: float) -> CohortError:
    return CohortError(f"{cell} {gene} {value}", "not_a_count")


def by_loop(table: Array, groups: NDArray[np.int64], count: int) -> Array:
    sums = np.zeros((count, table.shape[1]))
    for row, group in zip(table, groups, strict=True):
        if group >= 0:
            sums[group] += row
    return sums


@st.composite
def cases(draw: st.DrawFn) -> tuple[Array, NDArray[np.int64], int]:
    shape = draw(st.tuples(st.integers(1, 9), st.integers(1, 6)))
    values = draw(st.sampled_from([np.float32, np.float64, np.int32, np.uint8, np.int64]))
    table = draw(arrays(values, shape, elements=st.sampled_from([0, 0, 1, 2, 200])))
    count = draw(st.integers(1, 4))
    return table, draw(arrays(np.int64, shape[0], elements=st.integers(-1, count - 1))), count


@settings(deadline=None)
@given(case=cases(), block=st.integers(1, 70))
def test_blocks_of_any_size_give_the_bytes_of_a_loop(
    case: tuple[Array, NDArray[np.int64], int], block: int
) -> None:
    table, groups, count = case
    for matrix in layouts(table):
        sums = matrix.group_sums(groups, count, refuse, block)
        assert sums.dtype == np.float64
        assert sums.tobytes() == by_loop(table, groups, count).tobytes(), type(matrix).__name__


def test_arrays_on_disk_give_the_same_bytes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    table = rng.poisson(0.3, (50, 30)).astype(np.float32)
    groups = rng.integers(-1, 4, 50)
    rows = csr_matrix(table)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        stored = {
            name: file.create_dataset(name, data=values, chunks=(7,), compression="gzip")
            for name, values in {"indices": rows.indices, "data": rows.data}.items()
        }
        dense = file.create_dataset("dense", data=table, chunks=(3, 5))
        matrices = (
            SparseRows(rows.indptr.astype(np.int64), stored["indices"], stored["data"], table.shape),
            DenseCounts(dense, table.shape),
        )
        for matrix in matrices:
            for block in (1, 100, 10**6):
                assert (matrix.group_sums(groups, 4, refuse, block) == by_loop(table, groups, 4)).all()


def test_repeated_and_unsorted_entries_are_added() -> None:
    matrix = SparseRows(np.array([0, 3]), np.array([1, 0, 1]), np.array([5.0, 2.0, 7.0]), (1, 2))
    assert matrix.group_sums(np.array([0]), 1, refuse).tolist() == [[2, 12]]


@pytest.mark.parametrize("wrong", [-1.0, 0.5, np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_count_is_refused_with_its_place(wrong: float) -> None:
    table = np.ones((5, 4))
    table[3, 2] = wrong
    for matrix in layouts(table):
        for block in (1, 3, 1000):
            # Cells without a group are checked, too.
            with pytest.raises(CohortError) as caught:
                matrix.group_sums(np.full(5, -1), 1, refuse, block)
            assert caught.value.sentence == f"3 2 {wrong}", type(matrix).__name__


def test_whole_numbers_of_every_type_are_counts() -> None:
    for kind in (bool, np.uint8, np.int16, np.int64, np.float32, np.float64):
        assert first_wrong(np.array([0, 1, 1], dtype=kind)) is None
    assert first_wrong(np.array([0, -3], dtype=np.int8)) == 1
    assert first_wrong(np.array([])) is None


def test_half_precision_is_summed_in_double() -> None:
    table = np.full((3000, 1), 1.0, dtype=np.float16)
    rows = csr_matrix(table.astype(np.float32))
    half = SparseRows(rows.indptr.astype(np.int64), rows.indices, table[:, 0], table.shape)
    for matrix in (DenseCounts(table, table.shape), half):
        assert matrix.group_sums(np.arange(3000) % 1, 1, refuse).item() == 3000


def test_a_damaged_sparse_matrix_is_not_summed() -> None:
    for kind in (SparseRows, SparseColumns):
        matrix = kind(np.array([0, 1]), np.array([9]), np.array([1.0]), (1, 1))
        with pytest.raises(ValueError, match="not between 0 and 0"):
            matrix.group_sums(np.array([0]), 1, refuse)


def test_some_values_are_read_from_the_beginning() -> None:
    table = np.arange(1, 13, dtype=np.float64).reshape(4, 3)
    for matrix in layouts(table):
        assert set(matrix.some_values(3)) <= set(table.ravel())
        assert 0 < len(matrix.some_values(3)) <= 3
