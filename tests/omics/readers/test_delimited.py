"""What all readers of matrices share: the returned table, and errors of any text format."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError, InputError
from omics.common.registry import resolve
from omics.readers import READERS
from omics.readers.delimited import Header, read_cells
from omics.readers.matrix import patient_table
from omics.readers.plain_tables import read_table
from omics.readers.text_files import read_lines

FIXTURES = Path(__file__).parent / "fixtures"
EXAMPLES = [
    ("featurecounts", "counts/featurecounts.txt"),
    ("salmon", "counts/salmon"),
    ("tximport", "counts/tximport_counts.csv"),
    ("tximport", "counts/tximport_counts.tsv"),
    (".gct", "gct/v12.gct"),
    (".gct.gz", "gct/v13.gct"),
    ("proteingroups", "maxquant/proteinGroups.txt"),
    ("diann", "diann/report.pg_matrix.tsv"),
    ("diann", "diann/report.pr_matrix.tsv"),
    ("olink", "olink/explore.csv"),
    ("olink", "olink/explore_ht.csv"),
    (".adat", "somascan/toy.adat"),
]
FILES = [(key, name) for key, name in EXAMPLES if key != "salmon"]


@pytest.mark.parametrize(("key", "name"), EXAMPLES)
def test_the_promise_of_a_reader(key, name):
    frame = resolve(READERS, key, "format")(FIXTURES / name)
    assert frame.columns[0] == "sample_id"
    assert all(isinstance(cell, str) and cell for cell in frame["sample_id"])
    assert frame.columns.is_unique
    assert all(isinstance(column, str) for column in frame.columns)
    assert (frame.dtypes.iloc[1:] == np.float64).all()
    assert frame.shape[1] > 2
    assert frame.index.tolist() == list(range(len(frame)))


@pytest.mark.parametrize(("key", "name"), FILES)
def test_a_truncated_gzip_is_refused(tmp_path, key, name):
    path = tmp_path / (Path(name).name + ".gz")
    path.write_bytes(gzip.compress((FIXTURES / name).read_bytes())[:-10])
    with pytest.raises((InputError, EOFError)):
        resolve(READERS, key, "format")(path)


@pytest.mark.parametrize(("key", "name"), FILES)
def test_an_empty_file_is_refused(tmp_path, key, name):
    path = tmp_path / Path(name).name
    path.write_text("")
    with pytest.raises(InputError):
        resolve(READERS, key, "format")(path)


@pytest.mark.parametrize(("key", "name"), FILES)
def test_a_header_without_rows_is_refused(tmp_path, key, name):
    lines = (FIXTURES / name).read_text().splitlines(keepends=True)
    first = {".adat": 28, "featurecounts": 2, ".gct": 3, ".gct.gz": 5}.get(key, 1)
    path = tmp_path / Path(name).name
    path.write_text("".join(lines[:first]))
    with pytest.raises(InputError):
        resolve(READERS, key, "format")(path)


def test_read_table_turns_a_broken_stream_into_a_sentence(tmp_path):
    path = tmp_path / "toy.adat.gz"
    path.write_bytes(b"no gzip at all")
    with pytest.raises(InputError, match=r"cannot be read as \.adat\.gz"):
        read_table(path)


def test_lines_beyond_the_end_are_empty(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\n")
    assert read_lines(path, 3) == ["one", "", ""]


def test_only_missing_marks_are_missing(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("id\tx\na\t\nb\tNA\nc\tNaN\nd\t1e-3\ne\tN/A\n")
    values = read_cells(path, Header(["id", "x"]), ["x"]).numbers(["x"])[:, 0]
    np.testing.assert_array_equal(values, [np.nan, np.nan, np.nan, 0.001, np.nan])


@pytest.mark.parametrize("cell", ["x", "1,5", "1_0", " 5", "5 ", "0x10", "na", "-"])
def test_what_is_no_number(tmp_path, cell):
    path = tmp_path / "a.tsv"
    path.write_text(f"id\tx\na\t\nb\t1\nc\t{cell}\n")
    with pytest.raises(CohortError, match=rf"line 4 \('c'\): '{cell}' is not a number") as caught:
        read_cells(path, Header(["id", "x"]), ["x"]).numbers(["x"])
    assert (caught.value.code, caught.value.column) == ("text_for_number", "x")


def test_numbers_keep_every_bit(tmp_path):
    numbers = [0.1, 1 / 3, 2.0**-1074, 1.7976931348623157e308, 123456789.123456789]
    path = tmp_path / "a.tsv"
    path.write_text("id\tx\n" + "".join(f"r{i}\t{x!r}\n" for i, x in enumerate(numbers)))
    assert read_cells(path, Header(["id", "x"]), ["x"]).numbers(["x"])[:, 0].tolist() == numbers


def test_a_feature_may_not_be_called_as_the_ids():
    with pytest.raises(InputError):
        patient_table(["a"], ["sample_id"], np.ones((1, 1)), "f")
