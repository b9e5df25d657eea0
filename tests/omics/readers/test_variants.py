"""VCF and BCF compared with the output of bcftools for the same file."""

import gzip
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import CohortError, InputError
from omics.readers.plain_tables import read_table
from omics.readers.variants import read_vcf

FIXTURES = Path(__file__).parent / "fixtures" / "vcf"
CALLS = FIXTURES / "calls.vcf"


def twin() -> pd.DataFrame:
    """Dosages counted by hand, string by string, in the output of bcftools query."""
    genotypes = [line.split("\t") for line in (FIXTURES / "genotypes.tsv").read_text().splitlines()]
    imputed = {
        tuple(line.split("\t")[:4]): line.split("\t")[4:]
        for line in (FIXTURES / "dosages.tsv").read_text().splitlines()
    }
    columns = {}
    for chrom, pos, ref, alts, *calls in genotypes:
        if alts == ".":
            continue
        doses = imputed[chrom, pos, ref, alts]
        for number, alt in enumerate(alts.split(",")):
            column = []
            for call, dose in zip(calls, doses, strict=True):
                alleles = call.replace("|", "/").split("/")
                value = np.nan if "." in alleles else float(alleles.count(str(number + 1)))
                given = dose.split(",")[number] if "," in dose else dose
                column.append(value if given == "." else float(given))
            columns[f"{chrom}:{pos}:{ref}:{alt}"] = column
    return pd.DataFrame(columns)


@pytest.mark.parametrize("name", ["calls.vcf", "calls.vcf.gz", "calls.bcf"])
def test_agrees_with_bcftools(name):
    frame = read_table(FIXTURES / name)
    assert frame.index.tolist() == ["P-1", "P-2", "P-3", "007"]
    expected = twin()
    assert frame.columns.tolist() == expected.columns.tolist()
    np.testing.assert_allclose(frame.to_numpy(), expected.to_numpy(), rtol=1e-7)
    assert frame.to_numpy().dtype == np.float64


def test_kinds_of_calls_one_by_one():
    frame = read_table(CALLS)
    assert np.isnan(frame.loc["007", "1:200:A:G"]), "half-missing ./1"
    assert frame.loc["P-2", ["1:200:A:G", "1:200:A:T"]].tolist() == [1, 1], "1/2"
    assert frame.loc["P-3", ["1:200:A:G", "1:200:A:T"]].tolist() == [0, 2], "2|2"
    assert frame.loc["P-2", "X:100:G:C"] == 1, "a haploid call is not doubled"
    assert np.isnan(frame.loc["007", "X:100:G:C"]), "a haploid missing call"
    assert frame.loc["P-2", ["1:400:C:G", "1:400:C:T"]].tolist() == [1, 0], "DS missing: GT is used"
    assert frame.loc["007", "1:300:C:CAT"] == pytest.approx(0.35), "GT missing: DS is used"
    assert not any(name.startswith("1:500") for name in frame), "no ALT, no feature"


def test_agrees_with_plink_bed():
    plink = FIXTURES.parent / "plink"
    from_vcf, from_bed = read_table(plink / "cohort.vcf"), read_table(plink / "cohort.bed")
    np.testing.assert_array_equal(from_vcf.to_numpy(), from_bed.to_numpy())


def test_plain_gzip_is_read_too(tmp_path):
    path = tmp_path / "plain.vcf.gz"
    path.write_bytes(gzip.compress(CALLS.read_bytes()))
    pd.testing.assert_frame_equal(read_table(path), read_table(CALLS))


def edited(tmp_path, old, new, count=1):
    text = CALLS.read_text()
    assert old in text
    path = tmp_path / "edited.vcf"
    path.write_text(text.replace(old, new, count))
    return path


@pytest.mark.parametrize(
    ("old", "new", "code", "word"),
    [
        ("0/0\t0/1\t1/1\t./.\n", "0/0\t0/1\n", "unreadable_file", "bcftools view"),
        ("1\t200", "1\tzz", "unreadable_file", "bcftools view"),
        ("0/1:1.02", "0/1:much", "unreadable_file", "bcftools view"),
        ("##fileformat=VCFv4.3\n", "", "unreadable_file", "bcftools view"),
        ("P-2", "P-1", "unreadable_file", "bcftools view"),
        ("1/2\t2|2", "1/9\t2|2", "unknown_allele", "1:200"),
        ("GT\t0/0\t0/1\t1/1\t./.", "FT\tPASS\tPASS\tPASS\tPASS", "missing_genotypes", "1:100"),
        ("ID=DS,Number=A,Type=Float", "ID=DS,Number=1,Type=String", "invalid_dosage", "Type=Float"),
        ("ID=DS,Number=A,Type=Float", "ID=DS,Number=A,Type=Integer", "unreadable_file", "bcftools view"),
        ("0/0:0.1,0\t0/1:.,.\t1/1:1.9,.", "0/0:0.1\t0/1:.\t1/1:1.9", "invalid_dosage", "1:400"),
        ("1\t200\t.\tA\tG,T", "1\t100\t.\tA\tT,G", "duplicate_column", "twice"),
    ],
)
def test_malformed_content(tmp_path, old, new, code, word):
    with pytest.raises(CohortError, match=word) as caught:
        read_vcf(edited(tmp_path, old, new))
    assert caught.value.code == code
    assert caught.value.file.endswith("edited.vcf")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1\t200", "1\tzz"),
        ("0/1:1.02", "x/1:1.02"),
        ("1\t200", "\x01\t200"),
        ("\tQUAL", "\tQ"),
        ("1\t200", "1200"),
    ],
)
def test_a_damaged_record_is_an_error_without_chromosomes_in_the_header(tmp_path, old, new):
    """cyvcf2 passes such a record on, and the process can crash."""
    path = edited(tmp_path, old, new)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("##contig")))
    with pytest.raises(CohortError) as caught:
        read_vcf(path)
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize(("keep", "code"), [("#", "no_feature"), ("##", "unreadable_file")])
def test_header_only(tmp_path, keep, code):
    path = tmp_path / "header.vcf"
    path.write_text("".join(x for x in CALLS.read_text().splitlines(keepends=True) if x.startswith(keep)))
    with pytest.raises(CohortError) as caught:
        read_vcf(path)
    assert caught.value.code == code


def test_sites_only(tmp_path):
    path = tmp_path / "sites.vcf"
    lines = CALLS.read_text().splitlines()
    path.write_text(
        "\n".join(x if x.startswith("##") else "\t".join(x.split("\t")[:8]) for x in lines) + "\n"
    )
    with pytest.raises(CohortError) as caught:
        read_vcf(path)
    assert caught.value.code == "no_patient"


@pytest.mark.parametrize("name", ["calls.vcf.gz", "calls.bcf"])
@pytest.mark.parametrize("lost", [1, 28, 60, 300])
def test_cut_compressed_file(tmp_path, name, lost):
    # 28 bytes are exactly the closing block: htslib would read the rest without an error.
    path = tmp_path / name
    path.write_bytes((FIXTURES / name).read_bytes()[:-lost])
    with pytest.raises(CohortError, match="cut short") as caught:
        read_vcf(path)
    assert caught.value.code == "unreadable_file"


def test_cut_plain_gzip(tmp_path):
    path = tmp_path / "plain.vcf.gz"
    path.write_bytes(gzip.compress(CALLS.read_bytes())[:-40])
    with pytest.raises(CohortError) as caught:
        read_vcf(path)
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", b"\x00\x01\x02\x03", gzip.compress(b"hello\n", mtime=0)]
)
@pytest.mark.parametrize("ending", [".vcf", ".vcf.gz", ".bcf"])
def test_something_else(tmp_path, content, ending):
    path = tmp_path / f"other{ending}"
    path.write_bytes(content)
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert caught.value.code == "unreadable_file"


def test_the_content_counts_and_not_the_ending(tmp_path):
    path = tmp_path / "really_bcf.vcf"
    shutil.copy(FIXTURES / "calls.bcf", path)
    pd.testing.assert_frame_equal(read_table(path), read_table(CALLS))


def test_without_cyvcf2(monkeypatch):
    monkeypatch.setitem(sys.modules, "cyvcf2", None)
    with pytest.raises(InputError, match=r"stratomics\[vcf\]"):
        read_vcf(CALLS)


HEAD = """##fileformat=VCFv4.2
##FILTER=<ID=q10,Description="x">
##contig=<ID=2>
##FORMAT=<ID=GT,Number=1,Type=String,Description="x">
##FORMAT=<ID=FT,Number=1,Type=String,Description="x">
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB
"""


def test_filtered_variants_and_genotypes_are_left_out_unless_they_are_kept(tmp_path):
    path = tmp_path / "a.vcf"
    rows = ["5\t.\tA\tC\t9\tPASS\t.\tGT:FT\t0/1:PASS\t1/1:q10", "6\t.\tA\tG,T\t9\tq10\t.\tGT\t0/1\t2/2"]
    rows += ["7\t.\tA\tG\t9\t.\t.\tGT\t0/1\t0/0"]
    path.write_text(HEAD + "".join(f"2\t{row}\n" for row in rows))
    table = read_vcf(path)
    assert list(table.columns[1:]) == ["2:5:A:C", "2:7:A:G"]
    np.testing.assert_array_equal(table.iloc[:, 1:].to_numpy(), [[1, 1], [np.nan, 0]])
    first, second = table.attrs["left_out"]
    assert first == "1 variant(s) left out by FILTER: q10 1; filter: keep reads them"
    assert second.startswith("1 genotype(s)")
    kept = read_vcf(path, filtered="keep")
    assert kept.iloc[:, 1:].to_numpy().tolist() == [[1, 1, 0, 1], [2, 0, 2, 0]]
    path.write_text(HEAD + f"2\t{rows[1]}\n")
    with pytest.raises(CohortError, match="filter: keep") as raised:
        read_vcf(path)
    assert raised.value.code == "no_feature"
