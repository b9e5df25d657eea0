"""PharmCAT's own run files and archives of pypgx."""

import gzip
import json
import shutil
import zipfile

import pytest

from omics.common.errors import CohortError
from omics.pgx.gene_call import result_of
from omics.readers.pgx_programs import calls_of_folder, calls_of_program, is_program_output

RUN = "pharmacology/pharmcat/pharmcat.example."


def results(calls):
    return {
        patient: {gene: result_of(call) for gene, call in found.items()} for patient, found in calls.items()
    }


@pytest.mark.parametrize(
    ("ending", "patient"),
    [("phenotype.json.gz", "Sample_1"), ("report.json.gz", "Sample_1"), ("report.tsv", "pharmcat.example")],
)
def test_run_files_of_pharmcat(shared, ending, patient):
    path = shared(RUN + ending)
    assert is_program_output(path)
    found = results(calls_of_program(path))[patient]
    assert found["CYP2D6"].phenotype == "Intermediate Metabolizer"
    assert found["DPYD"].mean == 2.0
    assert found["VKORC1"].phenotype == "-1639 GG"
    assert not {"RYR1", "CFTR"} & set(found)
    if "json" in ending:
        assert found["HLA-B"].phenotype == "*15:02 positive, *57:01 positive"
        assert "hearing" in found["MT-RNR1"].phenotype


def test_all_results_agree_with_pharmcat(shared):
    """Phenotypes of the run, by tables of 2025-11, in genes that did not change since."""
    content = json.loads(gzip.decompress(shared(RUN + "phenotype.json.gz").read_bytes()))
    found = results(calls_of_program(shared(RUN + "phenotype.json.gz")))["Sample_1"]
    compared = 0
    for gene, report in content["geneReports"].items():
        stated = [text for pair in report["sourceDiplotypes"] for text in pair["phenotypes"]]
        if gene in found and gene not in {"HLA-A", "HLA-B", "MT-RNR1", "IFNL3", "CYP4F2"} and stated:
            assert found[gene].phenotype == stated[0], gene
            compared += 1
    assert compared >= 14


def pypgx_archive(folder, gene="CYP2D6", kind="SampleTable[Results]"):
    path = folder / f"{gene}.results.zip"
    rows = "\tGenotype\tPhenotype\nP1\t*1/*4\tIntermediate Metabolizer\nP2\tIndeterminate\tIndeterminate\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/metadata.txt", f"Gene={gene}\nAssembly=GRCh38\nSemanticType={kind}\n")
        archive.writestr("x/data.tsv", rows)
    return path


def test_an_archive_of_pypgx(tmp_path):
    found = results(calls_of_program(pypgx_archive(tmp_path)))
    assert found["P1"]["CYP2D6"].phenotype == "Intermediate Metabolizer"
    assert found["P2"]["CYP2D6"].why == "nothing was called"


def test_a_folder_of_results_is_joined(tmp_path, shared):
    pypgx_archive(tmp_path)
    pypgx_archive(tmp_path, "TPMT")
    shutil.copy(shared(RUN + "report.tsv"), tmp_path / "P3.report.tsv")
    (tmp_path / "notes.txt").write_text("not a result")
    calls = calls_of_folder(tmp_path)
    assert set(calls) == {"P1", "P2", "P3"}
    assert set(calls["P1"]) == {"CYP2D6", "TPMT"}
    assert "DPYD" in calls["P3"]


def test_two_results_of_one_patient_are_an_error(tmp_path):
    pypgx_archive(tmp_path).rename(tmp_path / "one.zip")
    pypgx_archive(tmp_path)
    with pytest.raises(CohortError, match="two calls") as error:
        calls_of_folder(tmp_path)
    assert error.value.code == "two_diplotypes"


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: pypgx_archive(folder, kind="SampleTable[Alleles]"), "unknown_format"),
        (lambda folder: pypgx_archive(folder, gene="ABCB1"), "unknown_gene"),
    ],
)
def test_other_archives_are_errors(tmp_path, make, code):
    with pytest.raises(CohortError) as error:
        calls_of_program(make(tmp_path))
    assert error.value.code == code


def test_what_is_no_result(tmp_path):
    (tmp_path / "a.json").write_text('{"x": 1}')
    (tmp_path / "b.json").write_text("{")
    (tmp_path / "c.zip").write_text("no archive")
    assert not any(is_program_output(file) for file in tmp_path.iterdir())
    with pytest.raises(CohortError, match="no result"):
        calls_of_folder(tmp_path)
    with pytest.raises(CohortError, match="no result"):
        calls_of_program(tmp_path / "a.json")
