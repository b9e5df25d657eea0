"""``stratomics pgx``: what it prints and writes; wrong input is one sentence and exit code 2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pgx_cohort import GENES, write_pgx_cohort

from stratomics.cli import main


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    folder = tmp_path / "genes"
    folder.mkdir()
    return write_pgx_cohort(folder)


def test_phenotypes_and_recommendations_are_counted(cohort: Path, capsys: Any) -> None:
    assert main(["pgx", str(cohort)]) == 0
    text = capsys.readouterr().out
    assert "Intermediate Metabolizer" in text
    assert "clopidogrel" in text
    assert "CPIC, www.clinpgx.org, 2026-10-11" in text
    assert "Research use only" in text


def test_guidance_for_drugs_is_written(cohort: Path, tmp_path: Path, capsys: Any) -> None:
    drugs, out = tmp_path / "drugs.csv", tmp_path / "guidance.csv"
    drugs.write_text("patient,drug,use\nP2,codeine,planned\nP2,paroxetine,taken\n")
    assert main(["pgx", str(cohort), f"--drugs={drugs}", f"--out={out}", "--json"]) == 0
    text = capsys.readouterr().out
    assert "NaN" not in text
    result = json.loads(text)
    rows = {row["drug"]: row for row in result["guidance"]}
    assert rows["codeine"]["recommendation"] == "avoid"
    assert "becomes Poor Metabolizer" in rows["codeine"]["under drugs"]
    assert rows["paroxetine"]["recommendation"] == "standard dose"
    assert "Research use" in result["source"]
    table = pd.read_csv(out)
    assert len(table) == 2
    assert table["note"].str.contains("Research use").all()
    assert table["tables"].str.contains("2026-10-11").all()


def test_two_tables_are_compared(cohort: Path, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "changes.csv"
    assert main(["pgx", "--compare", "2025-11-05", "2026-10-11", f"--out={out}", "--json"]) == 0
    assert "Research use" in json.loads(capsys.readouterr().out)["source"]
    assert pd.read_csv(out)["note"].str.contains("Research use").tolist() == [True] * 741
    assert main(["pgx", "--compare", "2025-11-05", "2026-10-11", "--json"]) == 0
    genes = {row["gene"]: row for row in json.loads(capsys.readouterr().out)["genes"]}
    assert (genes["TPMT"]["diplotypes"], genes["TPMT"]["changed"]) == (946, 706)
    assert main(["pgx", str(cohort), "--compare", "2025-11-05", "2026-10-11"]) == 0
    text = capsys.readouterr().out
    assert "changed: 1" in text
    assert "P3" in text
    assert "Research use" in text


WRONG = [
    ("CYP2D6", "*1/*999", "unknown allele '*999'"),
    ("CYP99", "*1/*1", "unknown gene 'CYP99'"),
    ("TPMT", "*1/*2x2", "structural caller"),
]


@pytest.mark.parametrize(("gene", "text", "message"), WRONG)
def test_wrong_genes_and_alleles(gene: str, text: str, message: str, tmp_path: Path, capsys: Any) -> None:
    write_pgx_cohort(tmp_path, GENES[["sample_id"]].assign(**{gene: text}))
    assert main(["pgx", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


VKORC1 = "chr16\t31096368\trs9923231\tC\tT\t.\tPASS\t.\tGT\t0/1"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("pgx.csv", "sample_id,CYP2D6 diplotype,CYP2D6 phenotype\nP1,*1/*4,PM\n", "the file says Poor"),
        ("pgx.csv", "sample_id,gene,diplotype\nP1,TPMT,*1/*1\nP1,TPMT,*1/*2\n", "TPMT has two calls"),
        ("pgx.vcf", f"##contig=<ID=chr16,assembly=GRCh37>\nHEAD\n{VKORC1}\n", "positions on GRCh38"),
        (
            "pgx.vcf",
            f"##contig=<ID=chr16>\nHEAD\n{VKORC1.replace('31096368', '31107689')}\n",
            "is at 31107689",
        ),
        ("pgx.vcf", f"##contig=<ID=chr16>\nHEAD\n{VKORC1.replace('C', 'G', 1)}\n", "which is C on GRCh38"),
        ("pgx.vcf", f"##contig=<ID=chr16>\n##tumor_sample=P1\nHEAD\n{VKORC1}\n", "give the germline calls"),
    ],
)
def test_wrong_content_is_one_sentence(
    file: str, text: str, message: str, tmp_path: Path, capsys: Any
) -> None:
    pytest.importorskip("cyvcf2")
    write_pgx_cohort(tmp_path)
    head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tP1"
    first = '##fileformat=VCFv4.2\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    (tmp_path / file).write_text((first if file.endswith("vcf") else "") + text.replace("HEAD", head))
    yaml_file = tmp_path / "cohort.yaml"
    yaml_file.write_text(yaml_file.read_text().replace("pgx.csv", file))
    assert main(["pgx", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--drugs=drugs.csv"], "name a COHORT"),
        (["COHORT", "--drugs=drugs.csv"], "unknown drug 'codein'"),
        (["COHORT", "--drugs=missing.csv"], "no such file"),
        (["COHORT", "--drugs=drugs.csv", "--compare", "2025-11-05", "2026-10-11"], "exclude each other"),
        (["--compare", "2025-11-05", "2027-01-01"], "neither a date"),
        (["COHORT", "--out=guidance.doc"], "unknown ending"),
    ],
)
def test_wrong_requests(words: list[str], message: str, cohort: Path, monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.chdir(cohort)
    (cohort / "drugs.csv").write_text("patient,drug\nP1,codein\n")
    assert main(["pgx", *(str(cohort) if word == "COHORT" else word for word in words)]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_cohort_without_pharmacogenes(capsys: Any) -> None:
    assert main(["pgx", "bundled:tcga_acc"]) == 2
    assert "format: pgx" in capsys.readouterr().err
