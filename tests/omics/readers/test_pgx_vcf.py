"""VCF files of PharmCAT's tests and of three genomes; wrong builds, bases and copy numbers are errors."""

import csv
import time
from pathlib import Path

import pytest
from pharmcat_cases import expected_of

from omics.common.errors import CohortError
from omics.pgx.gene_call import result_of
from omics.readers.pgx_vcf import calls_of_vcf

pytest.importorskip("cyvcf2")

HEADER = [
    "##fileformat=VCFv4.2",
    "##contig=<ID=chr6>",
    "##contig=<ID=chr16>",
    "##contig=<ID=chr22>",
    "##contig=<ID=chrX>",
    "##contig=<ID=chr2>",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##ALT=<ID=DUP,Description="Duplication">',
]
VKORC1 = "chr16 31096368 rs9923231 C T"
TPMT_460, TPMT_719 = "chr6 18138997 rs1800460 C T", "chr6 18130687 rs1142345 T C"


def written(folder, records, patients=("P1",), header=HEADER):
    """Write a VCF; a record is ``CHROM POS ID REF ALT``, a format and one genotype per patient."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *patients]
    rows = [
        "\t".join([*site.split(), ".", "PASS", ".", fields, *genotypes])
        for site, fields, *genotypes in records
    ]
    path = Path(folder) / "germline.vcf"
    path.write_text("\n".join([*header, "\t".join(columns), *rows]) + "\n")
    return path


# The expected answer of PharmCAT has only alleles that the data can show, or only its top candidate.
TOP_ONLY = {"ugt1a1s28s80unphasedTopCandidateOnly"}


def test_pharmcat_files(shared, capfd):
    """30 files; alleles whose every own position is missing are possible here, and left out by PharmCAT."""
    folder = shared("pharmacology/pharmcat")
    with (folder / "vcf_cases.tsv").open(encoding="utf-8") as file:
        cases = list(csv.DictReader(file, delimiter="\t"))
    assert len(cases) == 30
    for case in cases:
        (found,) = calls_of_vcf(folder / "vcf" / case["vcf"]).values()
        names = found[case["gene"]].diplotypes
        expected = expected_of(case["expected"])
        seen = {
            name
            for name in names
            if not set(name.split("/")) & unseen(folder / "vcf" / case["vcf"], case["gene"])
        }
        assert expected < seen if case["test"] in TOP_ONLY else seen == expected, case["test"]
        assert next(iter(names)) in expected


def unseen(path, gene):
    """Alleles whose every own position the file lacks."""
    from omics.pgx.definitions import definition_of

    positions = {
        int(line.split("\t")[1]) for line in path.read_text().splitlines() if not line.startswith("#")
    }
    definition = definition_of(gene)
    return {
        name
        for name, named in zip(definition.alleles, definition.named, strict=True)
        if named.any() and not positions & {definition.positions[p].number for p in named.nonzero()[0]}
    }


@pytest.mark.parametrize("sample", ["NA18526", "NA18565", "NA18861"])
def test_three_genomes(shared, sample):
    """The GeT-RM consensus of CYP2C9 and CYP2C19 is *1/*1 in all three."""
    calls = calls_of_vcf(shared(f"pharmacology/getrm/{sample}.preprocessed.vcf"))[sample]
    assert next(iter(calls["CYP2C9"].diplotypes)) == next(iter(calls["CYP2C19"].diplotypes)) == "*1/*1"
    result = result_of(calls["CYP2D6"])
    assert result.phenotype == "Indeterminate"
    assert "structural caller" in result.why


def test_500_samples_are_called_in_twenty_seconds(shared, tmp_path):
    lines = (shared("pharmacology/getrm/NA18526.preprocessed.vcf")).read_text().splitlines()
    head = [line for line in lines if line.startswith("##")]
    sites = [line.split("\t") for line in lines if not line.startswith("#")]
    patients = [f"P{number}" for number in range(500)]
    columns = next(line for line in lines if line.startswith("#CHROM")).split("\t")[:9]
    rows = [
        [
            *site[:9],
            *(
                "./." if (row * column) % 97 == 0 else "0/1" if (row * column) % 61 == 0 else "0/0"
                for column in range(1, 501)
            ),
        ]
        for row, site in enumerate(sites, 1)
    ]
    path = tmp_path / "many.vcf"
    path.write_text("\n".join([*head, *("\t".join(row) for row in [[*columns, *patients], *rows])]) + "\n")
    start = time.process_time()
    calls = calls_of_vcf(path)
    assert len(calls) == 500
    assert time.process_time() - start < 20.0


def test_phase_sets_are_read(tmp_path):
    one = written(tmp_path, [(TPMT_460, "GT:PS", "0|1:5"), (TPMT_719, "GT:PS", "1|0:5")])
    calls = calls_of_vcf(one)["P1"]["TPMT"]
    assert "*3B/*3C" in calls.diplotypes
    assert "*1/*3A" not in calls.diplotypes
    two = written(tmp_path, [(TPMT_460, "GT:PS", "0|1:5"), (TPMT_719, "GT:PS", "1|0:9")])
    assert next(iter(calls_of_vcf(two)["P1"]["TPMT"].diplotypes)) == "*1/*3A"
    no_set = written(tmp_path, [(TPMT_460, "GT", "0|1"), (TPMT_719, "GT", "1|0")])
    assert "*1/*3A" not in calls_of_vcf(no_set)["P1"]["TPMT"].diplotypes


@pytest.mark.parametrize("genotype", ["./.", "./1", "."])
def test_a_missing_genotype_is_not_the_reference(tmp_path, genotype):
    call = calls_of_vcf(written(tmp_path, [(VKORC1, "GT", genotype)]))["P1"]["VKORC1"]
    assert (dict(call.diplotypes), call.missing, call.positions) == ({}, 1, 1)
    assert result_of(call).why == "every position of the gene is missing"


def test_a_failed_filter_is_not_the_reference(tmp_path):
    path = written(tmp_path, [(TPMT_460, "GT", "0/0"), (TPMT_719, "GT", "0/0")])
    before = calls_of_vcf(path)["P1"]["TPMT"].missing
    lines = path.read_text().replace(
        "##contig=<ID=chr6>", '##contig=<ID=chr6>\n##FILTER=<ID=LowQual,Description="x">'
    )
    head, last = lines.rstrip("\n").rsplit("\n", 1)
    path.write_text(f"{head}\n{last.replace('PASS', 'LowQual')}\n")
    assert calls_of_vcf(path)["P1"]["TPMT"].missing == before + 1


def test_one_chromosome_of_g6pd(tmp_path):
    path = written(tmp_path, [("chrX 154535277 rs1050829 T C", "GT", "1", "0/1")], ("male", "female"))
    calls = calls_of_vcf(path)
    male, female = calls["male"]["G6PD"].diplotypes, calls["female"]["G6PD"].diplotypes
    assert "A" in male
    assert "B (reference)/A" in female
    # All other positions are missing, and no source has frequencies of this gene.
    assert len(set(male.values())) == len(set(female.values())) == 1


@pytest.mark.parametrize(
    "records",
    [
        [("chr2 233760233 . CAT C,CATAT", "GT", "0/2")],
        [("chr2 233760233 . CAT C", "GT", "0/0"), ("chr2 233760233 . CAT CATAT", "GT", "0/1")],
        [("chr2 233760233 . C CAT", "GT", "0/1")],
        [("2 233760233 . CAT CATAT", "GT", "0/1")],
    ],
)
def test_one_change_in_every_spelling(tmp_path, records):
    header = [*HEADER, "##contig=<ID=2>"]
    call = calls_of_vcf(written(tmp_path, records, header=header))["P1"]["UGT1A1"]
    alleles = {allele for name in call.diplotypes for allele in name.split("/")}
    assert alleles & {"*28", "*80+*28"}
    assert not any(name in {"*1/*1", "*1/*6"} for name in call.diplotypes)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ("0/1", "1/0", {"*28/*36"}),
        ("0/1", "0/1", {"*28/*36"}),
        ("1|0", "0|1", {"*28/*36"}),
        ("1/1", "0/0", {"*36/*36"}),
        ("0/0", "0/0", {"*1/*1"}),
        ("1|0", "1|0", None),
        ("1/1", "1/1", None),
        ("0/1", "./.", None),
    ],
)
def test_alternatives_in_two_records(tmp_path, one, two, expected):
    """C is *36 and CATAT is *28; a contradiction is a missing position."""
    rest = [
        ("chr2 233759924 . C T", "GT", "0/0"),
        ("chr2 233760498 . G A", "GT", "0/0"),
        ("chr2 233760973 . C A", "GT", "0/0"),
    ]
    pair = [("chr2 233760233 . CAT C", "GT", one), ("chr2 233760233 . CAT CATAT", "GT", two)]
    call = calls_of_vcf(written(tmp_path, [rest[0], *pair, *rest[1:]]))["P1"]["UGT1A1"]
    if expected is None:
        assert call.missing == 1
    else:
        assert (set(call.diplotypes), call.missing) == (expected, 0)


def test_a_change_without_a_name_is_no_call(tmp_path):
    call = calls_of_vcf(written(tmp_path, [("chr16 31096368 . C G", "GT", "0/1")]))["P1"]["VKORC1"]
    assert "31096368" in result_of(call).why


@pytest.mark.parametrize(
    ("records", "header", "patients", "code", "words"),
    [
        (
            [(VKORC1, "GT", "0/1")],
            [*HEADER, "##reference=file:///hg19.fa"],
            ("P1",),
            "other_genome_build",
            "GRCh37",
        ),
        (
            [(VKORC1, "GT", "0/1")],
            [*HEADER, "##contig=<ID=chr1,length=249250621>"],
            ("P1",),
            "other_genome_build",
            "lift",
        ),
        ([("chr16 31107689 rs9923231 C T", "GT", "0/1")], HEADER, ("P1",), "other_genome_build", "31107689"),
        (
            [("chr16 31096368 rs9923231 A T", "GT", "0/1")],
            HEADER,
            ("P1",),
            "wrong_reference_allele",
            "is C on GRCh38",
        ),
        (
            [("chr22 42126611 . C <DUP>", "GT", "0/1")],
            HEADER,
            ("P1",),
            "copy_number_without_caller",
            "structural caller",
        ),
        ([(VKORC1, "GT", "0/1")], [*HEADER, "##tumor_sample=T1"], ("T1",), "somatic_vcf", "germline"),
        ([(VKORC1, "GT", "0/1", "0/0")], HEADER, ("TUMOR", "NORMAL"), "somatic_vcf", "germline"),
        ([("chr16 100 . C T", "GT", "0/1")], HEADER, ("P1",), "no_pgx_position", "GRCh38"),
        ([(VKORC1, "DP", "12")], HEADER, ("P1",), "missing_genotypes", "no GT"),
    ],
)
def test_wrong_files_are_errors(tmp_path, records, header, patients, code, words):
    with pytest.raises(CohortError, match=words) as error:
        calls_of_vcf(written(tmp_path, records, patients, header))
    assert error.value.code == code
    assert "germline.vcf" in str(error.value)
