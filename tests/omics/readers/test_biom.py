import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.biom import parse_biom, read_biom
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures" / "biom"
JSON = json.loads((FIXTURES / "sparse_1_0.biom").read_text())
HDF5 = FIXTURES / "counts_2_1.biom"
COUNTS = [[5, 0, 0, 7], [0, 2, 0, 0], [1, 0, 0, 11]]


def parse(**changes: Any):
    return parse_biom(json.dumps({**JSON, **changes}).encode(), "table.biom")


def code_of(read: Callable[[], Any]) -> str:
    with pytest.raises(CohortError) as caught:
        read()
    return caught.value.code


@pytest.mark.parametrize("name", ["sparse_1_0.biom", "counts_2_1.biom"])
def test_both_versions_hold_the_same_table(name: str) -> None:
    table = read_table(FIXTURES / name)
    assert list(table.index) == ["P01", "P02", "007"]
    assert list(table.columns) == ["OTU1", "OTU2", "OTU3", "OTU4"]
    np.testing.assert_array_equal(table.to_numpy(), COUNTS)


def test_dense_json() -> None:
    table = parse(matrix_type="dense", data=np.transpose(COUNTS).tolist())
    np.testing.assert_array_equal(table.iloc[:, 1:].to_numpy(), COUNTS)


def test_json_with_nothing_counted() -> None:
    assert parse(data=[]).iloc[:, 1:].to_numpy().sum() == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"shape": [4, 4]}, "wrong_shape"),
        ({"shape": 4}, "not_biom"),
        ({"data": [[4, 0, 1]]}, "wrong_shape"),
        ({"data": [[0, 3, 1]]}, "wrong_shape"),
        ({"data": [[-1, 0, 1]]}, "wrong_shape"),
        ({"data": [[0.5, 0, 1]]}, "wrong_shape"),
        ({"data": [[0, 0, 1], [0, 0, 2]]}, "repeated_value"),
        ({"data": [[0, 0, -1]]}, "negative_value"),
        ({"data": [[0, 0, "many"]]}, "text_for_number"),
        ({"data": [[0, 0]]}, "not_biom"),
        ({"data": [[0, 0, 1], [0, 0]]}, "text_for_number"),
        ({"data": [[0, 0, float("inf")]]}, "infinite_value"),
        ({"matrix_type": "dense", "data": [[1, 2, 3]]}, "wrong_shape"),
        ({"rows": [{"id": "a"}, {"id": "a"}, {"id": "b"}, {"id": "c"}]}, "duplicate_column"),
        ({"rows": "abcd"}, "not_biom"),
        ({"columns": [{"name": "P01"}] * 3}, "not_biom"),
        ({"columns": None}, "not_biom"),
    ],
)
def test_malformed_json(changes: dict[str, Any], code: str) -> None:
    assert code_of(lambda: parse(**changes)) == code


def test_ids_of_fixed_length_as_other_writers_of_hdf5_make_them(tmp_path: Path) -> None:
    path = tmp_path / "table.biom"
    path.write_bytes(HDF5.read_bytes())
    with h5py.File(path, "r+") as table:
        _replace(table, "sample/ids", np.array([b"P01", b"P02", b"007"]))
    assert list(read_table(path).index) == ["P01", "P02", "007"]


@pytest.mark.parametrize("content", [b"{}", b"[]", b"null", b"3", b"[" * 100_000])
def test_json_that_is_no_table(content: bytes) -> None:
    assert code_of(lambda: parse_biom(content, "table.biom")) == "not_biom"


def test_a_negative_count_names_its_place() -> None:
    with pytest.raises(CohortError) as caught:
        parse(data=[[3, 2, -4]])
    assert (caught.value.column, caught.value.patient) == ("OTU4", "007")


def test_a_repeated_sample(tmp_path: Path) -> None:
    path = tmp_path / "table.biom"
    path.write_text(json.dumps({**JSON, "columns": [{"id": "P01"}, {"id": "P02"}, {"id": "P01"}]}))
    assert code_of(lambda: read_table(path)) == "duplicate_patient"


def _replace(table: h5py.File, name: str, values: Any) -> None:
    del table[name]
    table[name] = values


MATRIX = "observation/matrix/"
EDITS: list[tuple[Callable[[h5py.File], None], str]] = [
    (lambda table: table.attrs.__setitem__("shape", [3, 4]), "wrong_shape"),
    (lambda table: _replace(table, MATRIX + "indices", [0, 2, 9, 0, 2]), "wrong_shape"),
    (lambda table: _replace(table, MATRIX + "indices", [0, 0, 1, 0, 2]), "repeated_value"),
    (lambda table: _replace(table, MATRIX + "indptr", [0, 2, 3, 3]), "wrong_shape"),
    (lambda table: _replace(table, MATRIX + "indptr", [0, 3, 2, 3, 5]), "wrong_shape"),
    (lambda table: _replace(table, MATRIX + "indptr", [0, 2, 3, 3, 4]), "wrong_shape"),
    (lambda table: _replace(table, MATRIX + "data", [5.0, 1, 2, 7]), "wrong_shape"),
    (lambda table: _replace(table, MATRIX + "data", [5.0, 1, -2, 7, 11]), "negative_value"),
    (lambda table: _replace(table, "sample/ids", [1, 2, 3]), "not_biom"),
    (lambda table: table.__delitem__(MATRIX + "data"), "not_biom"),
    (lambda table: table.__delitem__("observation"), "not_biom"),
    (lambda table: table.attrs.__delitem__("shape"), "not_biom"),
]


@pytest.mark.parametrize(("edit", "code"), EDITS)
def test_malformed_hdf5(tmp_path: Path, edit: Callable[[h5py.File], None], code: str) -> None:
    path = tmp_path / "table.biom"
    path.write_bytes(HDF5.read_bytes())
    with h5py.File(path, "r+") as table:
        edit(table)
    assert code_of(lambda: read_biom(path)) == code


@pytest.mark.parametrize("content", [HDF5.read_bytes()[:2000], b"#OTU ID\tP01\nOTU1\t5\n", b""])
def test_truncated_or_another_format(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.biom"
    path.write_bytes(content)
    assert code_of(lambda: read_table(path)) == "unreadable_file"
