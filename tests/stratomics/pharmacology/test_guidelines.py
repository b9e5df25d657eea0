"""Shipped rules and guidelines against stored rows of CPIC (fixtures/README.md says how these were made)."""

from pathlib import Path

import pytest

from omics.pgx.phenotype import INDETERMINATE, phenotype_of_total
from omics.pgx.score import parse_score
from omics.pgx.tables import read_rows
from stratomics.pharmacology.guidelines import genes_of_drug, guideline_of_drug, holds, rules, withheld

FIXTURES = Path(__file__).parent / "fixtures"
SOURCE = read_rows(FIXTURES / "cpic_recommendations.csv")
UNKNOWN = {"No Result", "Indeterminate", "n/a"}


def result_of(gene, value):
    """Phenotype and score that a value of CPIC's table stands for."""
    if value in UNKNOWN:
        return INDETERMINATE, ""
    if gene == "CYP2D6":
        score = parse_score(value)
        return phenotype_of_total(score), str(score)
    if gene in ("CYP2C9", "DPYD"):
        return "by score", str(parse_score(value))
    return ("no risk allele" if value.endswith("negative") else value), ""


def answer(row):
    """The rule that applies to a row of the source."""
    found = {row[f"gene{i}"]: result_of(row[f"gene{i}"], row[f"value{i}"]) for i in "12" if row[f"gene{i}"]}
    for rule in rules()[row["drug"]]:
        if all(any(holds(one, *found[gene]) for one in several) for gene, several in rule.conditions):
            return rule
    return None


def expected(row):
    """What is shipped for a row: nothing without a recommendation, and no standard dose if a gene is unknown."""
    unknown = [row[f"value{i}"] in UNKNOWN for i in "12" if row[f"gene{i}"]]
    if not row["action"] or all(unknown) or (any(unknown) and row["action"] == "standard dose"):
        return None
    return row["action"], row["strength"].lower()


def test_every_row_of_the_source_gives_the_shipped_answer():
    assert len(SOURCE) == 618
    for row in SOURCE:
        rule = answer(row)
        assert (rule and (rule.action, rule.strength)) == expected(row), row


def test_every_shipped_rule_answers_a_row_of_the_source():
    answered = {answer(row) for row in SOURCE} - {None}
    assert answered == {rule for several in rules().values() for rule in several}


def test_level_version_and_link_are_those_of_the_source():
    rows = read_rows(FIXTURES / "cpic_guidelines.csv")
    assert {(row["drug"], row["gene"]) for row in rows} == {
        (drug, gene) for drug in (*rules(), *withheld()) for gene in genes_of_drug(drug)
    }
    for row in rows:
        guideline = guideline_of_drug(row["drug"])
        assert (row["guideline"], row["pmid"], row["year"], row["link"], row["level"]) == (
            guideline.guideline,
            guideline.pmid,
            guideline.version,
            guideline.link,
            "A",
        )


def test_a_drug_is_withheld_or_has_rules():
    assert not set(rules()) & set(withheld())
    assert len(rules()) == 49


@pytest.mark.parametrize(
    ("result", "phenotype", "score", "met"),
    [
        ("not *57:01 positive", "no risk allele", "", True),
        ("not *57:01 positive", INDETERMINATE, "", False),
        (INDETERMINATE, INDETERMINATE, "", True),
        (INDETERMINATE, "Poor Function", "", False),
        ("score 1.5", "Intermediate Metabolizer", "1", False),
    ],
)
def test_an_indeterminate_result_meets_only_indeterminate(result, phenotype, score, met):
    assert holds(result, phenotype, score) is met
