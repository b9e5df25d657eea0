"""ADAT of SomaScan."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table

TOY = Path(__file__).parent / "fixtures" / "somascan" / "toy.adat"


def damaged(tmp_path: Path, old: str, new: str) -> Path:
    text = TOY.read_bytes().decode()
    assert old in text
    path = tmp_path / TOY.name
    path.write_bytes(text.replace(old, new).encode())
    return path


def refusal(path: Path) -> CohortError:
    with pytest.raises(CohortError) as caught:
        read_table(path)
    return caught.value


def test_samples_only_with_flags_kept(caplog):
    with caplog.at_level(logging.INFO):
        frame = read_table(TOY)
    assert frame.index.tolist() == ["P-01", "P-02", "P-03"]
    assert list(frame.columns) == ["10000-28", "10001-7", "10003-15", "10006-25", "10008-43"]
    # As somadata 1.2.6 reads the same file back; P-02 and 10003-15 carry a FLAG.
    expected = [
        [417.5, 1571.4, 1373.0, 242.2, 299.5],
        [1932.5, 366.3, 796.6, 351.9, 276.1],
        [178.7, 252.8, 122.3, 90.7, 418.5],
    ]
    np.testing.assert_array_equal(frame, expected)
    for kind in ("Calibrator", "QC", "Buffer"):
        assert f"1 sample(s) of type {kind} left out" in caplog.text


def test_zipped_with_unix_line_ends(tmp_path):
    path = tmp_path / "toy.adat.gz"
    path.write_bytes(gzip.compress(TOY.read_bytes().replace(b"\r\n", b"\n")))
    assert read_table(path).equals(read_table(TOY))


def test_fields_without_exclamation_marks(tmp_path):
    # Version 2.0 of the format has no !Checksum.
    text = TOY.read_bytes().replace(b"!Checksum\r\n", b"").replace(b"!", b"")
    (tmp_path / "toy.adat").write_bytes(text)
    assert read_table(tmp_path / "toy.adat").equals(read_table(TOY))


def test_version_3_names_and_a_missing_measurement(tmp_path):
    text = TOY.read_bytes().replace(b"10000-28\t", b"10000-28_3\t").replace(b"\t1571.4", b"\tNA")
    (tmp_path / "toy.adat").write_bytes(text)
    frame = read_table(tmp_path / "toy.adat")
    assert frame.columns[0] == "10000-28_3"
    assert np.argwhere(frame.isna().to_numpy()).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("old", "new", "code", "sentence"),
    [
        ("^TABLE_BEGIN\r\n", "", "missing_section", "^TABLE_BEGIN"),
        ("^COL_DATA", "^COLUMNS", "missing_section", "^COL_DATA"),
        ("^HEADER\r\n", "", "missing_section", "^HEADER"),
        ("!Name\tPlateId", "!Field\tPlateId", "missing_section", "^ROW_DATA"),
        ("\tSeqId\t10000-28", "\tSeq\t10000-28", "missing_column", "SeqId"),
        (
            "SlideId\tSubarray\tSampleId\tSampleType",
            "SlideId\tSubarray\tId\tSampleType",
            "missing_column",
            "SampleId",
        ),
        ("SampleId\tSampleType", "SampleId\tType", "missing_column", "SampleType"),
        ("\t90.7\t418.5\r\n", "\t90.7", "ragged_row", "line 34 has 13 cells and not 14"),
        ("\t90.7\t", "\tlow\t", "text_for_number", "'low'"),
        ("\t90.7\t", "\t-90.7\t", "negative_value", "10006-25, patient P-03"),
        ("\t10001-7\t", "\t10000-28\t", "duplicate_column", "10000-28"),
        ("\tP-02\t", "\tP-01\t", "duplicate_patient", "P-01"),
        ("\tP-02\t", "\t\t", "empty_id", "patient 2"),
        ("\tSample\t", "\tQC\t", "empty_table", "controls"),
        ("\tSeqIdVersion\tSomaId", "\tSomaId", "missing_column", "SampleId"),
    ],
)
def test_damaged(tmp_path, old, new, code, sentence):
    error = refusal(damaged(tmp_path, old, new))
    assert error.code == code
    assert sentence in str(error)


def test_cut_below_the_table_line(tmp_path):
    path = tmp_path / "toy.adat"
    path.write_bytes(TOY.read_bytes().split(b"^TABLE_BEGIN")[0] + b"^TABLE_BEGIN\r\n")
    assert refusal(path).code == "missing_column"


def test_somamers_of_other_types_and_organisms_are_left_out(tmp_path: Path) -> None:
    text = TOY.read_text()
    (organisms,) = (line for line in text.splitlines() if line.strip().startswith("Organism\t"))
    path = tmp_path / "a.adat"
    path.write_text(text.replace(organisms, organisms.replace("Human", "Mouse", 1)))
    before, after = read_table(TOY), read_table(path)
    assert list(after.columns) == list(before.columns[1:])
    assert "1 SOMAmer(s) that measure no human protein left out: Mouse 1" in after.attrs["left_out"]
