"""GCT 1.2 and 1.3."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures" / "gct"


def refusal(path: Path) -> CohortError:
    with pytest.raises(CohortError) as caught:
        read_table(path)
    return caught.value


@pytest.mark.parametrize("name", ["v13.gct", "v13_nometa.gct"])
def test_version_13_as_cmappy_writes_it(name):
    frame = read_table(FIXTURES / name)
    assert frame.index.tolist() == ["P-01", "P-02", "P-03"]
    assert list(frame.columns) == ["TP53", "EGFR", "KRAS", "MYC"]
    expected = [[7.25, 3.0, 0.0, 5.5], [-1.5, 2.5, 0.001, 6.75], [0.125, np.nan, 12.5, 8.0]]
    np.testing.assert_array_equal(frame, expected)


def test_version_12():
    frame = read_table(FIXTURES / "v12.gct")
    assert frame.index.tolist() == ["P-01", "P-02"]
    assert list(frame.columns) == ["1007_s_at", "1053_at", "117_at"]
    np.testing.assert_array_equal(frame, [[-0.214548, 0.868853, 1.124814], [-0.18069, -1.330921, np.nan]])


def test_zipped_with_windows_line_ends_and_byte_order_mark(tmp_path):
    path = tmp_path / "m.gct.gz"
    text = (FIXTURES / "v12.gct").read_text().replace("\n", "\r\n")
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert read_table(path).equals(read_table(FIXTURES / "v12.gct"))


def test_truncated_gzip(tmp_path):
    path = tmp_path / "m.gct.gz"
    path.write_bytes(gzip.compress((FIXTURES / "v13.gct").read_bytes())[:-12])
    assert refusal(path).code == "unreadable_file"


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("v12.gct", "#1.2", "#1.1", "unsupported_version"),
        ("v12.gct", "#1.2\n", "", "unsupported_version"),
        ("v12.gct", "3\t2\n", "3\n", "wrong_shape"),
        ("v12.gct", "3\t2\n", "3\ttwo\n", "wrong_shape"),
        ("v12.gct", "3\t2\n", "3\t3\n", "wrong_shape"),
        ("v12.gct", "3\t2\n", "4\t2\n", "wrong_shape"),
        ("v12.gct", "3\t2\n", "0\t2\n", "empty_table"),
        ("v13.gct", "4\t3\t2\t2", "4\t3\t1\t2", "wrong_shape"),
        ("v13.gct", "4\t3\t2\t2", "4\t3\t2\t1", "wrong_shape"),
        ("v13.gct", "4\t3\t2\t2", "4\t3", "wrong_shape"),
        ("v12.gct", "\t-1.330921", "", "ragged_row"),
        ("v12.gct", "-1.330921", "low", "text_for_number"),
        ("v12.gct", "1053_at", "1007_s_at", "duplicate_column"),
        ("v12.gct", "\tP-02\n", "\tP-01\n", "duplicate_column"),
        ("v13_nometa.gct", "\tP-02\t", "\t\t", "empty_id"),
    ],
)
def test_damaged(tmp_path, name, old, new, code):
    text = (FIXTURES / name).read_text()
    assert old in text
    path = tmp_path / name
    path.write_text(text.replace(old, new, 1))
    assert refusal(path).code == code


def test_a_cohort_with_a_view_in_gct(tmp_path):
    (tmp_path / "expression.gct").write_text((FIXTURES / "v13.gct").read_text())
    (tmp_path / "outcome.csv").write_text("sample_id,time,event\nP-03,5,1\nP-01,7,0\nP-02,9,1\n")
    (tmp_path / "cohort.yaml").write_text(
        "name: toy\nsamples: {file: outcome.csv}\n"
        "views: {rna: {modality: transcriptomics, file: expression.gct, scale: log}}\n"
        "endpoints: {survival: {time: time, event: event}}\n"
    )
    view = read_cohort(tmp_path)["rna"]
    assert view["P-02"].X.ravel().tolist() == [-1.5, 2.5, 0.001, 6.75]


def test_a_column_of_ids_before_the_names_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.gct"
    path.write_text("#1.2\n2\t2\nid\tName\tDescription\tP1\tP2\n0\tg1\tx\t1\t2\n1\tg2\ty\t3\t4\n")
    assert read_table(path).to_dict("list") == {"g1": [1, 2], "g2": [3, 4]}
