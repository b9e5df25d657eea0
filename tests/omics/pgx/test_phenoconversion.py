"""Phenoconversion: golden scores of CYP2D6, flags for other genes, and a drug does not convert itself."""

from pathlib import Path

import pytest

from omics.pgx.phenoconversion import FACTORS, convert, interacting_drugs, interactions
from omics.pgx.phenotype import GENES, phenotype_of_total
from omics.pgx.score import ActivityScore
from omics.pgx.tables import read_rows

NORMAL, POOR, INTERMEDIATE = "Normal Metabolizer", "Poor Metabolizer", "Intermediate Metabolizer"


# ../shared/reference/pgx-numbers.md, "Phenoconversion of CYP2D6".
@pytest.mark.parametrize(
    ("score", "drugs", "expected", "phenotype"),
    [
        (ActivityScore(2.0), ["paroxetine"], ActivityScore(0.0), POOR),
        (ActivityScore(3.0), ["duloxetine"], ActivityScore(1.5), NORMAL),
        (ActivityScore(2.25), ["duloxetine"], ActivityScore(1.125), INTERMEDIATE),
        (ActivityScore(0.25), ["duloxetine"], ActivityScore(0.125), INTERMEDIATE),
        (
            ActivityScore(3.0, at_least=True),
            ["duloxetine"],
            ActivityScore(1.5, at_least=True),
            "Indeterminate",
        ),
        (ActivityScore(3.0, at_least=True), ["paroxetine"], ActivityScore(0.0), POOR),
        (ActivityScore(3.0), ["duloxetine", "mirabegron"], ActivityScore(1.5), NORMAL),
        (ActivityScore(2.0), ["duloxetine", "fluoxetine"], ActivityScore(0.0), POOR),
        (None, ["paroxetine"], ActivityScore(0.0), POOR),
        (None, ["duloxetine"], None, "Indeterminate"),
        (ActivityScore(2.0), ["sertraline"], ActivityScore(2.0), NORMAL),
        (ActivityScore(2.0), [], ActivityScore(2.0), NORMAL),
    ],
)
def test_golden_scores(score, drugs, expected, phenotype):
    before = "Indeterminate" if score is None else phenotype_of_total(score)
    found = convert("CYP2D6", before, score, drugs)
    assert (found.score, found.phenotype) == (expected, phenotype)
    assert all(drug in found.note for drug in drugs)


def test_a_drug_does_not_convert_itself():
    found = convert("CYP2D6", NORMAL, ActivityScore(2.0), ["paroxetine"], drug="paroxetine")
    assert (found.phenotype, found.converted, found.note) == (NORMAL, False, "")


def test_other_genes_have_a_flag_only():
    found = convert("CYP2C19", NORMAL, None, ["fluvoxamine", "rifampin"])
    assert (found.phenotype, found.converted) == (NORMAL, False)
    assert found.note == "fluvoxamine (strong inhibitor), rifampin (strong inducer)"


def test_inhibitors_of_cyp2d6_are_those_of_the_source():
    rows = read_rows(Path(__file__).parent / "fixtures/cyp2d6_inhibitors.csv")
    shipped = {one.drug: one.strength for one in interactions() if one.source == "PharMe"}
    assert shipped == {row["drug"]: row["strength"] for row in rows}
    assert {row["drug"]: FACTORS[row["strength"]] for row in rows} == {
        row["drug"]: float(row["factor"]) for row in rows
    }


def test_the_table_is_consistent():
    assert all(one.source for one in interactions())
    pairs = [(one.drug, one.gene, one.effect) for one in interactions()]
    assert len(pairs) == len(set(pairs))
    assert {one.gene for one in interactions()} <= set(GENES)
    assert {one.strength for one in interactions()} == {"strong", "moderate", "weak"}
    assert {one.effect for one in interactions()} == {"inhibitor", "inducer"}
    assert "paroxetine" in interacting_drugs()
