"""Tables of diplotypes, phenotypes and scores; a contradiction, a second call or an unknown name is an error."""

import pytest

from omics.common.errors import CohortError
from omics.pgx.gene_call import result_of
from omics.readers.pgx_tables import calls_of_table, is_table_of_calls


def written(folder, text, name="pgx.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_one_column_per_gene_with_any_of_the_three(tmp_path):
    path = written(tmp_path, "id,CYP2D6,TPMT,DPYD\nP1,*4x2|*1,IM,1.5\nP2,≥3.0,*1/*3A; *3B/*3C,\n")
    results = {p: {g: result_of(c) for g, c in found.items()} for p, found in calls_of_table(path).items()}
    assert results["P1"]["CYP2D6"].phenotype == "Intermediate Metabolizer"
    assert results["P1"]["TPMT"].phenotype == "Intermediate Metabolizer"
    assert (results["P1"]["DPYD"].phenotype, results["P1"]["DPYD"].mean) == ("Intermediate Metabolizer", 1.5)
    assert results["P2"]["CYP2D6"].phenotype == "Ultrarapid Metabolizer"
    assert list(results["P2"]["TPMT"].weights) == ["Intermediate Metabolizer", "Poor Metabolizer"]
    assert results["P2"]["DPYD"].why == "nothing was called"


def test_one_row_per_patient_and_gene(tmp_path):
    path = written(
        tmp_path,
        "id\tgene\tdiplotype\tphenotype\tactivity_score\nP1\tCYP2D6\t*1/*4\tIM\t1\nP1\tHLA-B\t*57:01/*08:01\t\t\n",
        "long.tsv",
    )
    calls = calls_of_table(path)
    assert set(calls["P1"]) == {"CYP2D6", "HLA-B"}
    assert result_of(calls["P1"]["HLA-B"]).phenotype == "*57:01 positive"


def test_columns_of_a_gene_with_their_kind(tmp_path):
    path = written(tmp_path, "id,CYP2D6 diplotype,CYP2D6_phenotype,CYP2D6 score\nP1,*1/*4,IM,1.0\n")
    assert dict(calls_of_table(path)["P1"]["CYP2D6"].diplotypes) == {"*1/*4": 1.0}


def test_a_phenotype_of_an_earlier_table_is_no_contradiction(tmp_path):
    """TPMT *1/*10 was indeterminate in 2025-11 and is intermediate since."""
    path = written(tmp_path, "id,TPMT diplotype,TPMT phenotype\nP1,*1/*10,Indeterminate\n")
    assert result_of(calls_of_table(path)["P1"]["TPMT"]).phenotype == "Intermediate Metabolizer"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (
            "id,CYP2D6 diplotype,CYP2D6 phenotype\nP1,*1/*4,PM\n",
            "contradicting_phenotype",
            "the file says Poor",
        ),
        ("id,CYP2D6 diplotype,CYP2D6 score\nP1,*1/*4,2\n", "contradicting_phenotype", "the file says 2"),
        ("id,CYP2D6 phenotype,CYP2D6 score\nP1,PM,2\n", "contradicting_phenotype", "which is Normal"),
        ("id,gene,diplotype\nP1,TPMT,*1/*1\nP1,TPMT,*1/*2\n", "two_diplotypes", "TPMT has two calls"),
        ("id,CYP2D6\nP1,*1/*1\nP1,*1/*1\n", "duplicate_patient", "two rows"),
        ("id,CYP2D66\nP1,*1/*1\n", "unknown_gene", "did you mean 'CYP2D6'"),
        ("id,gene,diplotype\nP1,CYP9,*1/*1\n", "unknown_gene", "CYP9"),
        ("id,TPMT\nP1,*1/*99\n", "unknown_allele", r"\*99"),
        ("id,TPMT\nP1,*1/*2x2\n", "copy_number_without_caller", "structural caller"),
        ("id,TPMT phenotype\nP1,blue\n", "unknown_phenotype", "blue"),
        ("id,CYP2C9 score\nP1,7\n", "unknown_score", "no activity score 7"),
        ("id,CYP2C9 score\nP1,much\n", "unknown_score", "much"),
        ("id,TPMT\nP1,*1/*2/*3A\n", "not_a_diplotype", "3 alleles"),
    ],
)
def test_wrong_tables_are_errors(tmp_path, text, code, words):
    with pytest.raises(CohortError, match=words) as error:
        calls_of_table(written(tmp_path, text))
    assert error.value.code == code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id,CYP2D6,TPMT\n", True),
        ("id,CYP2D6_score,age\n", True),
        ("id,gene,phenotype\n", True),
        ("id,age,sex\n", False),
        ("id\n", False),
        ("id,gene,expression\n", False),
    ],
)
def test_tables_of_calls_are_recognised_by_their_header(tmp_path, text, expected):
    assert is_table_of_calls(written(tmp_path, text)) is expected
