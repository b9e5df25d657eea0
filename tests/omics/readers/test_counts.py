"""featureCounts, salmon and tximport: files as the programs wrote them, and damaged files."""

from __future__ import annotations

import gzip
import logging
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.common.files import digest_files
from omics.readers.counts import read_featurecounts, read_salmon, read_tximport
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures" / "counts"
COUNTS = FIXTURES / "featurecounts.txt"
SALMON = FIXTURES / "salmon"
READS = [[60.0, 20.0, 5.0, 0.0], [10.0, 90.0, 30.0, 0.0], [33.0, 44.0, 0.0, 0.0]]


def damaged(source: Path, tmp_path: Path, old: str, new: str) -> Path:
    text = source.read_text()
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new))
    return path


def refusal(reader: object, path: Path) -> CohortError:
    with pytest.raises(CohortError) as caught:
        reader(path)  # type: ignore[operator]
    return caught.value


def test_featurecounts_names_samples_after_their_bam():
    frame = read_featurecounts(COUNTS)
    assert frame["sample_id"].tolist() == ["P-01", "P-02", "P.03"]
    assert list(frame.columns[1:]) == ["G1", "G2", "G3", "G4"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], READS)


def test_featurecounts_leaves_extra_attributes_out():
    frame = read_featurecounts(FIXTURES / "featurecounts_extra.txt")
    assert frame["sample_id"].tolist() == ["P-01", "P-02"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], READS[:2])


def test_featurecounts_without_its_first_line_and_zipped(tmp_path):
    path = tmp_path / "counts.txt.gz"
    path.write_bytes(gzip.compress(COUNTS.read_bytes().split(b"\n", 1)[1]))
    assert read_featurecounts(path).equals(read_featurecounts(COUNTS))


def test_featurecounts_of_windows_paths(tmp_path):
    path = damaged(COUNTS, tmp_path, "\tbam/P-02.bam", "\tD:\\bam\\P-02.BAM")
    assert read_featurecounts(path)["sample_id"].tolist()[1] == "P-02"


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("\tLength\t", "\tlength\t", "missing_column", "Length"),
        ("G2\tchr1", "G1\tchr1", "duplicate_column", "G1"),
        ("\t90\t44", "\tninety\t44", "text_for_number", "bam/P-02.bam"),
        ("\t90\t44", "\t90,5\t44", "text_for_number", "bam/P-02.bam"),
        ("\t90\t44", "\t90 \t44", "text_for_number", "bam/P-02.bam"),
        ("\t90\t44", "\t-90\t44", "negative_value", "G2"),
        ("\t5\t30\t0\n", "\t5\t30\n", "ragged_row", None),
        ("\t5\t30\t0\n", "\t5\t30\t0\t1\n", "ragged_row", None),
        ("G3\tchr1", "\tchr1", "empty_feature", None),
        ("\tbam/P-02.bam\t", "\tbam/.bam\t", "empty_id", None),
    ],
)
def test_featurecounts_damaged(tmp_path, old, new, code, column):
    error = refusal(read_featurecounts, damaged(COUNTS, tmp_path, old, new))
    assert (error.code, error.column) == (code, column)


def test_the_line_and_the_cell_are_named(tmp_path):
    cut = refusal(read_featurecounts, damaged(COUNTS, tmp_path, "\t5\t30\t0\n", "\t5\t30\n"))
    assert "line 5 has 8 cells and not 9" in str(cut)
    text = refusal(read_featurecounts, damaged(COUNTS, tmp_path, "\t90\t44", "\tmany\t44"))
    assert "line 4 ('G2'): 'many' is not a number" in str(text)
    negative = refusal(read_featurecounts, damaged(COUNTS, tmp_path, "\t90\t44", "\t90\t-1"))
    assert negative.patient == "P.03"


def test_featurecounts_without_samples(tmp_path):
    path = tmp_path / "counts.txt"
    path.write_text("Geneid\tChr\tStart\tEnd\tStrand\tLength\nG1\tchr1\t1\t9\t+\t9\n")
    assert refusal(read_featurecounts, path).code == "no_patient"


def test_salmon_reads_a_folder():
    frame = read_salmon(SALMON)
    assert frame["sample_id"].tolist() == ["P-01", "P-02", "P.03"]
    assert list(frame.columns[1:]) == ["G1.1", "G2.1", "G3.1", "G4.1"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], READS)


def test_read_table_accepts_the_folder_of_salmon_and_no_other():
    read = partial(read_table, file_format="salmon")
    assert read(SALMON).index.tolist() == ["P-01", "P-02", "P.03"]
    assert "no SAMPLE/quant.sf" in str(refusal(read, FIXTURES))
    assert "no such folder" in str(refusal(read, SALMON.with_name("nosalmon")))


def test_a_file_is_no_folder_of_salmon(tmp_path):
    path = tmp_path / "salmon"
    path.write_text("")
    error = refusal(partial(read_table, file_format="salmon"), path)
    assert error.code == "missing_file"
    assert "no such folder" in str(error)


def test_the_digest_knows_every_file_of_a_folder(tmp_path):
    first, moved = tmp_path / "a" / "salmon", tmp_path / "b" / "salmon"
    shutil.copytree(SALMON, first)
    shutil.copytree(SALMON, moved)
    assert digest_files([first]) == digest_files([moved])
    swap = (moved / "P-01" / "quant.sf", moved / "P-02" / "quant.sf")
    contents = [path.read_bytes() for path in swap]
    for path, content in zip(swap, reversed(contents), strict=True):
        path.write_bytes(content)
    assert digest_files([first]) != digest_files([moved])


def test_salmon_says_which_folder_has_no_quantification(tmp_path, caplog):
    shutil.copytree(SALMON, tmp_path / "salmon")
    (tmp_path / "salmon" / "P-02" / "quant.sf").unlink()
    with caplog.at_level(logging.WARNING):
        frame = read_salmon(tmp_path / "salmon")
    assert frame["sample_id"].tolist() == ["P-01", "P.03"]
    assert "1 folder(s) without quant.sf left out: P-02" in caplog.text


def test_salmon_of_an_empty_folder(tmp_path):
    assert refusal(read_salmon, tmp_path).code == "missing_file"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("NumReads", "numreads", "missing_column"),
        ("G2.1", "G9.1", "transcripts_differ"),
        ("\t90.000", "\t-90.000", "negative_value"),
        ("\t90.000", "\tmany", "text_for_number"),
        ("\t90.000", "", "ragged_row"),
    ],
)
def test_salmon_damaged(tmp_path, old, new, code):
    folder = tmp_path / "salmon"
    shutil.copytree(SALMON, folder)
    path = folder / "P-02" / "quant.sf"
    path.write_text(path.read_text().replace(old, new))
    assert refusal(read_salmon, folder).code == code


@pytest.mark.parametrize("name", ["tximport_counts.csv", "tximport_counts.tsv"])
def test_tximport_with_and_without_the_corner(name):
    frame = read_tximport(FIXTURES / name)
    assert frame["sample_id"].tolist() == ["P-01", "P-02", "P.03"]
    assert list(frame.columns[1:]) == ["G1", "G2", "G3", "G4"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], READS)


def test_tximport_leaves_the_gene_name_out(tmp_path):
    path = tmp_path / "salmon.merged.gene_counts.tsv"
    path.write_text("gene_id\tgene_name\tS1\tS2\nENSG1\tTP53\t1.5\tNA\nENSG2\tTP53\t0\t2\n")
    frame = read_tximport(path)
    assert list(frame.columns) == ["sample_id", "ENSG1", "ENSG2"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], [[1.5, 0.0], [np.nan, 2.0]])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"G2"', '"G1"', "duplicate_column"),
        (",90,", ",-90,", "negative_value"),
        (",90,", ",many,", "text_for_number"),
        ("30,0", "30", "ragged_row"),
    ],
)
def test_tximport_damaged(tmp_path, old, new, code):
    path = damaged(FIXTURES / "tximport_counts.csv", tmp_path, old, new)
    assert refusal(read_tximport, path).code == code


def test_tximport_without_samples(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text('"id"\n"G1"\n')
    assert refusal(read_tximport, path).code == "no_patient"
