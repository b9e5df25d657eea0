"""Matrices of DIA-NN."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.readers.diann import read_diann

FIXTURES = Path(__file__).parent / "fixtures" / "diann"
GROUPS = FIXTURES / "report.pg_matrix.tsv"


def damaged(tmp_path: Path, old: str, new: str) -> Path:
    text = GROUPS.read_text()
    assert old in text
    path = tmp_path / GROUPS.name
    path.write_text(text.replace(old, new))
    return path


def refusal(path: Path) -> CohortError:
    with pytest.raises(CohortError) as caught:
        read_diann(path)
    return caught.value


def test_protein_groups():
    frame = read_diann(GROUPS)
    assert frame["sample_id"].tolist() == ["P.01", "P.02", "P-03"]
    assert list(frame.columns[1:]) == ["P02768", "P01024", "P62805;P84243"]
    expected = [[1.25e9, 84213.5, np.nan], [9.5e8, np.nan, np.nan], [1.1e9, 90011.25, 512.125]]
    np.testing.assert_array_equal(frame.iloc[:, 1:], expected)


def test_precursors():
    frame = read_diann(FIXTURES / "report.pr_matrix.tsv")
    assert list(frame.columns[1:]) == ["LVNEVTEFAK2", "LVNEVTEFAK3", "TGLQEVEVK2"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], [[5000.5, np.nan, 700.0], [4000.0, 0.0, 800.0]])


def test_genes(tmp_path):
    path = tmp_path / "report.gg_matrix.tsv"
    path.write_text("Genes\tN.Sequences\tN.Proteotypic.Sequences\tS1.d\tS2.wiff2\nALB\t3\t3\t5\t6\n")
    frame = read_diann(path)
    assert frame["sample_id"].tolist() == ["S1", "S2"]
    np.testing.assert_array_equal(frame["ALB"], [5.0, 6.0])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Protein.Group\t", "protein\t", "text_for_number"),  # an annotation that DIA-NN does not write
        ("90011.25", "many", "text_for_number"),
        ("90011.25", "-90011.25", "negative_value"),
        ("\t90011.25\n", "\n", "ragged_row"),
        ("P01024\tP01024", "P02768\tP01024", "duplicate_column"),
        ("P01024\tP01024", "\tP01024", "empty_feature"),
    ],
)
def test_damaged(tmp_path, old, new, code):
    assert refusal(damaged(tmp_path, old, new)).code == code


def test_no_name_for_a_row(tmp_path):
    path = tmp_path / "report.pg_matrix.tsv"
    path.write_text("Protein.Ids\tS1.raw\nP1\t5\n")
    error = refusal(path)
    assert (error.code, error.column) == ("missing_column", "Protein.Group")


def test_no_run(tmp_path):
    path = tmp_path / "report.pg_matrix.tsv"
    path.write_text("Protein.Group\tGenes\nP1\tG1\n")
    assert refusal(path).code == "no_patient"


def test_the_main_report_with_its_q_values(tmp_path: Path) -> None:
    head = ["Run", "Protein.Group", "Precursor.Id", "PG.MaxLFQ", "Q.Value", "PG.Q.Value"]
    rows = [
        ["A", "P1", "x2", 5.0, 0.001, 0.001],
        ["A", "P1", "y3", 5.0, 0.002, 0.001],
        ["A", "P2", "z2", 9.0, 0.05, 0.001],
        ["B", "P2", "z2", 7.0, 0.001, 0.009],
        ["B", "P1", "x2", 3.0, 0.001, 0.02],
    ]
    report = pd.DataFrame(rows, columns=head)
    report.to_csv(tmp_path / "report.tsv", sep="\t", index=False)
    report.to_parquet(tmp_path / "report.parquet")
    for name in ("report.tsv", "report.parquet"):
        table = read_diann(tmp_path / name)
        assert table["sample_id"].tolist() == ["A", "B"]
        np.testing.assert_array_equal(table[["P1", "P2"]].to_numpy(), [[5, np.nan], [np.nan, 7]])
