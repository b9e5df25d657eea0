"""`init` recognises each source of pharmacogenes, and leaves other tables alone."""

import shutil
import zipfile

import pandas as pd
import pytest

from omics.cohort.parse import parse_spec
from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.found_pgx import find_pgx

VIEW = {"modality": "genomics", "scale": "activity", "format": "pgx"}


def cohort(folder, ids):
    frame = pd.DataFrame(
        {"sample_id": ids, "time": range(1, len(ids) + 1), "event": [1, 0] * (len(ids) // 2), "age": 60}
    )
    frame.to_csv(folder / "outcome.csv", index=False)
    return folder


def only_view(folder):
    guess = guess_cohort(folder)
    parse_spec(guess.as_dict(), "cohort.yaml")
    (view,) = guess.as_dict()["views"].values()
    return view


@pytest.mark.parametrize(
    "text",
    [
        "id,CYP2D6,TPMT\nP1,*1/*4,*1/*1\nP2,*1/*1,*1/*3A\nP3,,\nP4,*2x2/*4,\n",
        "id,gene,diplotype\nP1,CYP2D6,*1/*4\nP2,CYP2D6,*1/*1\nP3,TPMT,*1/*1\nP4,TPMT,*1/*1\n",
        "id,CYP2D6 phenotype\nP1,PM\nP2,NM\nP3,NM\nP4,IM\n",
        "id,CYP2D6 score\nP1,0\nP2,2\nP3,1.25\nP4,1\n",
    ],
)
def test_tables(tmp_path, text):
    (cohort(tmp_path, ["P1", "P2", "P3", "P4"]) / "genes.csv").write_text(text)
    assert only_view(tmp_path) == VIEW | {"file": "genes.csv"}


def test_a_vcf_of_their_positions(tmp_path, shared):
    pytest.importorskip("cyvcf2")
    folder = cohort(tmp_path, ["Sample_1", "Sample_2"])
    shutil.copy(shared("pharmacology/pharmcat/multisample.vcf.gz"), folder / "germline.vcf.gz")
    assert only_view(folder) == VIEW | {"file": "germline.vcf.gz"}


def test_a_folder_of_results_of_a_program(tmp_path, shared):
    folder = cohort(tmp_path, ["P1", "P2"])
    (folder / "pharmcat").mkdir()
    for name in ("P1", "P2"):
        shutil.copy(
            shared("pharmacology/pharmcat/pharmcat.example.report.tsv"),
            folder / "pharmcat" / f"{name}.report.tsv",
        )
    assert only_view(folder) == VIEW | {"file": "pharmcat"}


def test_an_archive_of_pypgx(tmp_path):
    folder = cohort(tmp_path, ["P1", "P2"])
    with zipfile.ZipFile(folder / "CYP2D6.zip", "w") as archive:
        archive.writestr("x/metadata.txt", "Gene=CYP2D6\nSemanticType=SampleTable[Results]\n")
        archive.writestr("x/data.tsv", "\tGenotype\tPhenotype\nP1\t*1/*4\tx\nP2\t*1/*1\tx\n")
    assert only_view(folder) == VIEW | {"file": "CYP2D6.zip"}


@pytest.mark.parametrize("text", ["id,CYP2D6,TPMT\nP1,112.5,44\nP2,19,31.5\n", "id,age\nP1,60\n", "\n"])
def test_other_tables_are_left_alone(tmp_path, text):
    (tmp_path / "expression.csv").write_text(text)
    assert find_pgx(tmp_path / "expression.csv") is None


def test_wrong_content_is_reported(tmp_path):
    (tmp_path / "genes.csv").write_text("id,TPMT\nP1,*1/*99\n")
    with pytest.raises(CohortError, match="unknown allele"):
        find_pgx(tmp_path / "genes.csv")


def test_a_genome_is_no_file_of_pharmacogenes(tmp_path):
    rows = "".join(f"chr1\t{place}\t.\tA\tC\n" for place in range(100, 160))
    (tmp_path / "genome.vcf").write_text(f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\n{rows}")
    assert find_pgx(tmp_path / "genome.vcf") is None
