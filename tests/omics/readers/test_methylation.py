"""Beta matrices, with and without detection p-values."""

import csv
import gzip
import zlib
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.common.registry import resolve
from omics.readers import READERS
from omics.readers.methylation import read_beta_matrix

FIXTURES = Path(__file__).parent / "fixtures" / "methylation"


def written(tmp_path, text, name="x.tsv"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("name", ["beta.csv", "beta.tsv.gz"])
def test_matrix_of_r(name):
    with (FIXTURES / "beta.csv").open() as file:
        rows = list(csv.reader(file))
    frame = read_beta_matrix(FIXTURES / name)
    assert frame["sample_id"].tolist() == rows[0][1:]
    assert frame.columns.tolist() == ["sample_id", *(row[0] for row in rows[1:])]
    for probe, *values in rows[1:]:
        expected = [np.nan if value == "NA" else float(value) for value in values]
        np.testing.assert_array_equal(frame[probe], expected)


def test_bare_companions_belong_to_the_column_left_of_them():
    frame = read_beta_matrix(FIXTURES / "geo_processed.txt").set_index("sample_id")
    assert frame.index.tolist() == ["Sample 1", "Sample 2", "Sample 3"]
    expected = [[0.5127, np.nan, 0], [0.4801, np.nan, 1], [np.nan, 0.9611, 0.8702]]
    np.testing.assert_array_equal(frame, expected)
    assert frame.loc["Sample 2", "cg00000029"] == 0.4801, "p = 0.01 itself is detected"


def test_genomestudio_names():
    frame = read_beta_matrix(FIXTURES / "genomestudio.txt.gz").set_index("sample_id")
    assert frame.index.tolist() == ["9247377093_R01C01", "9247377093_R02C01"]
    np.testing.assert_array_equal(frame, [[np.nan, 0.9532], [0.4801, np.nan]])


def test_suffixed_companions_wherever_they_stand(tmp_path):
    expected = read_beta_matrix(FIXTURES / "suffixed.csv")
    np.testing.assert_array_equal(expected.iloc[:, 1:], [[np.nan, np.nan], [0.2, 0.4]])
    rows = [line.split(",") for line in (FIXTURES / "suffixed.csv").read_text().splitlines()]
    moved = "\n".join(",".join(row[i] for i in (0, 4, 2, 1, 3)) for row in rows)
    frame = read_beta_matrix(written(tmp_path, moved))
    assert frame.set_index("sample_id").equals(expected.set_index("sample_id"))


@pytest.mark.parametrize(
    "companion",
    [
        *("S1_detection pval", "S1_Detection Pval", "S1 Detection Pval", "S1.Detection.Pval"),
        *("S1 Detection p-value", "S1_DetectionPval", "Detection Pval", "Detection Pval.1", "detection_p"),
    ],
)
def test_spellings_of_the_companion(tmp_path, companion):
    frame = read_beta_matrix(written(tmp_path, f"ID_REF\tS1\t{companion}\ncg1\t0.2\t0.02\ncg2\t0.3\t0\n"))
    assert frame["sample_id"].tolist() == ["S1"]
    np.testing.assert_array_equal(frame[["cg1", "cg2"]], [[np.nan, 0.3]])


def test_the_bare_name_of_the_format():
    assert resolve(READERS, "beta_matrix", "format") is read_beta_matrix


def test_the_bounds_are_beta_values(tmp_path):
    frame = read_beta_matrix(written(tmp_path, "p\tS1\tS2\ncg1\t0\t1\ncg2\t0.0\t1.0\n"))
    np.testing.assert_array_equal(frame[["cg1", "cg2"]], [[0, 0], [1, 1]])


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("p\tS1\ncg1\t1.01\n", "outside_unit_interval", "S1"),
        ("p\tS1\ncg1\t-0.01\n", "outside_unit_interval", "S1"),
        ("p\tS1\ncg1\tinf\n", "outside_unit_interval", "S1"),
        ("p\tS1\tS1 Detection Pval\ncg1\t0.5\t1.5\n", "outside_unit_interval", "S1 Detection Pval"),
        ("p\tS1\ncg1\tlow\n", "text_for_number", "S1"),
        ("p\tS1\tS1\ncg1\t0.1\t0.2\n", "duplicate_column", "S1"),
        ("p\tS1\ncg1\t0.1\ncg1\t0.2\n", "duplicate_column", "cg1"),
        ("p\tS1\n\t0.1\n", "empty_feature", None),
        ("p\tS1\t\ncg1\t0.1\t0.2\n", "empty_id", None),
        ("p\tS1\tS2_Detection Pval\ncg1\t0.1\t0\n", "orphan_detection", "S2_Detection Pval"),
        ("p\tDetection Pval\tS1\ncg1\t0.1\t0\n", "orphan_detection", "p Detection Pval"),
        ("p\ncg1\n", "no_patient", None),
        ("p\tS1\n", "no_feature", None),
        ("", "empty_file", None),
    ],
)
def test_malformed_matrix(tmp_path, text, code, column):
    with pytest.raises(CohortError) as caught:
        read_beta_matrix(written(tmp_path, text))
    assert (caught.value.code, caught.value.column) == (code, column)


def test_an_outlier_is_named_with_its_probe(tmp_path):
    with pytest.raises(CohortError, match="probe 'cg2' is 12"):
        read_beta_matrix(written(tmp_path, "p\tS1\tS2\ncg1\t0.1\t0.1\ncg2\t0.2\t12\n"))


@pytest.mark.parametrize("row", ["cg2\t0.1", "cg2\t0.1\t0.2\t0.3", "cg2"])
def test_ragged_row(tmp_path, row):
    with pytest.raises(CohortError, match=r"line 3 has \d cells and not 3"):
        read_beta_matrix(written(tmp_path, f"p\tS1\tS2\ncg1\t0.1\t0.2\n{row}\n"))


def test_byte_order_mark_and_windows_lines(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xef\xbb\xbfID_REF,S1\r\ncg1,0.25\r\n")
    frame = read_beta_matrix(path)
    assert frame["sample_id"].tolist() == ["S1"]
    assert frame["cg1"].tolist() == [0.25]


@pytest.mark.parametrize("lost", [1, 8, 60])
def test_cut_gzip(tmp_path, lost):
    path = tmp_path / "x.tsv.gz"
    path.write_bytes((FIXTURES / "beta.tsv.gz").read_bytes()[:-lost])
    with pytest.raises((EOFError, OSError, zlib.error)):
        read_beta_matrix(path)


def test_damaged_gzip(tmp_path):
    content = bytearray(gzip.compress(b"p\tS1\n" + b"".join(b"cg%d\t0.%d\n" % (i, i) for i in range(900))))
    content[-6] ^= 0xFF
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(content)
    with pytest.raises((OSError, zlib.error)):
        read_beta_matrix(path)
