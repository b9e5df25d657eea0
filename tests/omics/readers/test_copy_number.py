"""Gene tables of GISTIC2, and segments of DNAcopy compared with a loop over bins and segments."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.common.registry import resolve
from omics.readers import READERS
from omics.readers.copy_number import read_gistic, read_seg
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures" / "copy_number"
HEADER = "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\n"
TEN = 10_000_000


def written(tmp_path, *rows, header=HEADER):
    path = tmp_path / "some.seg"
    path.write_text(header + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", ["all_thresholded.by_genes.txt", "all_data_by_genes.txt"])
def test_gistic(name):
    frame = read_gistic(FIXTURES / name)
    lines = [line.split("\t") for line in (FIXTURES / name).read_text().splitlines()]
    assert frame.columns[0] == "sample_id"
    assert frame["sample_id"].tolist() == lines[0][3:]
    for gene, _, _, *values in lines[1:]:
        assert frame[gene].tolist() == [float(value) for value in values]
    assert frame.columns.tolist()[1:] == [line[0] for line in lines[1:]]


@pytest.mark.parametrize(
    ("old", "new", "code", "column"),
    [
        ("Gene Symbol", "Gene", "missing_column", "Gene Symbol"),
        ("Locus ID", "Locus", "missing_column", "Locus ID"),
        ("Cytoband", "Band", "missing_column", "Cytoband"),
        ("TP53", "CDK4", "duplicate_column", "CDK4"),
        ("TP53", "", "empty_feature", None),
        ("\t2\t", "\thigh\t", "text_for_number", "TCGA-OR-A5J1-01A-11D-A29H-01"),
        ("A5J2", "A5J1", "duplicate_column", "TCGA-OR-A5J1-01A-11D-A29H-01"),
    ],
)
def test_malformed_gistic(tmp_path, old, new, code, column):
    text = (FIXTURES / "all_thresholded.by_genes.txt").read_text()
    assert old in text
    path = tmp_path / "x.txt"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CohortError) as caught:
        read_gistic(path)
    assert (caught.value.code, caught.value.column) == (code, column)


def test_trailing_tabs_never_shift_the_columns(tmp_path):
    # A row that is one cell longer than the header looks like row names of R, but here it is not.
    path = tmp_path / "x.txt"
    lines = (FIXTURES / "all_thresholded.by_genes.txt").read_text().splitlines()
    path.write_text("\n".join([lines[0], *(line + "\t" for line in lines[1:])]) + "\n")
    with pytest.raises(CohortError, match="line 2 has 7 cells and not 6"):
        read_gistic(path)


def test_lines_longer_than_a_megabyte(tmp_path):
    n = 10_000
    patients = [f"TCGA-{i:0110d}" for i in range(n)]
    header = ["Gene Symbol", "Gene ID", "Cytoband", *patients]
    row = ["TP53", "7157", "17p13.1", *(f"{-i:.110f}" for i in range(n))]
    path = tmp_path / "x.txt"
    path.write_text("\t".join(header) + "\n" + "\t".join(row) + "\n")
    assert read_gistic(path)["TP53"].tolist() == [-float(i) for i in range(n)]


def test_bare_names_of_the_formats():
    assert resolve(READERS, "gistic", "format") is read_gistic
    assert resolve(READERS, "seg", "format") is read_seg


def loop(path: Path) -> dict[tuple[str, str], float]:
    """(patient, bin) -> mean, computed for one pair of bin and segment at a time."""
    segments = pd.read_csv(path, sep="\t", dtype={"chrom": str})
    means = {}
    for patient in segments["ID"].unique():
        for chrom in segments["chrom"].unique():
            last = segments.loc[segments["chrom"] == chrom, "loc.end"].max()
            for k in range(int(np.ceil(last / TEN))):
                length = total = 0.0
                for row in segments[(segments["ID"] == patient) & (segments["chrom"] == chrom)].to_dict(
                    "records"
                ):
                    first, final = max(row["loc.start"], k * TEN + 1), min(row["loc.end"], (k + 1) * TEN)
                    if final >= first:
                        length += final - first + 1
                        total += (final - first + 1) * row["seg.mean"]
                means[patient, f"chr{chrom}:{10 * k}-{10 * k + 10}Mb"] = total / length if length else np.nan
    return means


@pytest.mark.parametrize("name", ["cbs.seg", "cbs_rownames.seg"])
def test_segments_of_dnacopy(name):
    frame = read_table(FIXTURES / name)
    expected = loop(FIXTURES / "cbs.seg")
    assert frame.index.tolist() == ["P.01", "P.02", "P.03"]
    assert set(frame.columns) == {name for _, name in expected}
    for (patient, name_of_bin), mean in expected.items():
        assert frame.loc[patient, name_of_bin] == pytest.approx(mean, rel=1e-12, nan_ok=True)
    assert np.isnan(frame.loc["P.01", "chr10:0-10Mb"])
    chromosomes = list(dict.fromkeys(column.split(":")[0] for column in frame))
    assert chromosomes == ["chr1", "chr2", "chr10", "chrX"]


def test_random_segments_agree_with_the_loop(tmp_path):
    generator = np.random.default_rng(3)
    rows = []
    for patient in ("a", "b", "c"):
        for chrom in ("7", "X"):
            cuts = np.unique(generator.integers(1, 6 * TEN, 24))
            pairs = zip(cuts[::2], cuts[1::2] - 1, strict=False)
            rows += [(patient, chrom, s, e, 9, round(generator.normal(), 4)) for s, e in pairs if e >= s]
    path = written(tmp_path, *rows)
    frame = read_table(path)
    for (patient, name), mean in loop(path).items():
        assert frame.loc[patient, name] == pytest.approx(mean, rel=1e-9, abs=1e-12, nan_ok=True)


def test_edges_of_bins(tmp_path):
    path = written(
        tmp_path,
        ("a", 1, 1, TEN, 5, 1.0),
        ("a", 1, TEN + 1, TEN + 1, 1, 3.0),
        ("b", 1, TEN, TEN + 1, 2, 2.0),
        ("c", "chr2", 0, 5, 2, -1.0),
    )
    frame = read_table(path)
    assert frame.columns.tolist() == ["chr1:0-10Mb", "chr1:10-20Mb", "chr2:0-10Mb"]
    np.testing.assert_array_equal(frame, [[1, 3, np.nan], [2, 2, np.nan], [np.nan, np.nan, -1]])


def test_chr_or_not_is_the_same_chromosome(tmp_path):
    path = written(tmp_path, ("a", "chr1", 1, 9, 1, 1.0), ("b", "1", 1, 9, 1, 2.0))
    assert read_table(path)["chr1:0-10Mb"].tolist() == [1, 2]


def test_names_of_the_gdc(tmp_path):
    header = "GDC_Aliquot\tChromosome\tStart\tEnd\tNum_Probes\tSegment_Mean\n"
    path = written(tmp_path, ("a", "chr1", 1, 9, 1, 0.5), header=header)
    assert read_table(path).loc["a"].tolist() == [0.5]


@pytest.mark.parametrize("missing", ["ID", "chrom", "loc.start", "loc.end", "seg.mean"])
def test_missing_segment_column(tmp_path, missing):
    path = written(tmp_path, ("a", 1, 1, 9, 1, 0.5), header=HEADER.replace(missing, "other"))
    with pytest.raises(CohortError) as caught:
        read_seg(path)
    assert (caught.value.code, caught.value.column) == ("missing_column", missing)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("b", 1, 1, 9, 1, "high"), "text_for_number"),
        (("b", 1, "x", 9, 1, 0.1), "text_for_number"),
        (("b", 1, 9, 8, 1, 0.1), "end_before_start"),
        (("b", 1, -1, 8, 1, 0.1), "negative_start"),
        (("b", 1, 1, "1e15", 1, 0.1), "end_out_of_range"),
        (("b", 1, 1, "inf", 1, 0.1), "end_out_of_range"),
        (("b", 1, 1, 9, 1, "inf"), "infinite_value"),
        (("b", 1, 1, 9, 1, "NA"), "empty_cell"),
        (("b", 1, "", 9, 1, 0.1), "empty_cell"),
        (("b", "", 1, 9, 1, 0.1), "empty_cell"),
        (("", 1, 1, 9, 1, 0.1), "empty_cell"),
        (("a", 1, 50, 90, 1, 0.1), "overlapping_segments"),
        (("a", 1, 1, 99, 1, 0.1), "overlapping_segments"),
    ],
)
def test_malformed_segment(tmp_path, row, code):
    path = written(tmp_path, ("a", 2, 5, 70, 1, 0.2), ("a", 1, 5, 70, 1, 0.2), row)
    with pytest.raises(CohortError) as caught:
        read_seg(path)
    assert caught.value.code == code


def test_the_sentence_names_segment_and_patient(tmp_path):
    path = written(tmp_path, ("a", 1, 1, 9, 1, 0.5), ("b", 1, 9, 8, 1, 0.5))
    with pytest.raises(CohortError, match="patient b: segment 2: it ends before it starts"):
        read_seg(path)
    path = written(tmp_path, ("a", 1, 1, 9, 1, 0.5), ("b", 1, 7, 8, 1, "low"))
    with pytest.raises(CohortError, match=r"column seg\.mean: line 3 \('b'\): 'low' is not a number"):
        read_seg(path)


def test_no_segments(tmp_path):
    with pytest.raises(CohortError) as caught:
        read_seg(written(tmp_path))
    assert caught.value.code == "no_patient"
