"""Guidance: golden rows of guidelines, two genes at once, phenoconversion, and reasons where there is none."""

from types import SimpleNamespace

import anndata
import numpy as np
import pandas as pd
import pytest
from pgx_cohort import write_pgx_cohort

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError, InputError
from omics.pgx.features import results_of
from omics.pgx.gene_call import GeneCall
from omics.pgx.phenotype import GENES, INDETERMINATE
from omics.pgx.phenotype_names import categories
from omics.readers import PGX_RESULTS
from omics.readers.gene_results import gene_results
from stratomics.pharmacology.guidance import GUIDANCE_COLUMNS, NO_GUIDANCE, SOURCE, guidance
from stratomics.pharmacology.guidelines import guidelines, rules
from stratomics.pharmacology.medication import read_medication

ABCG2_POOR = "rs2231142 variant (T)/rs2231142 variant (T)"


def advised(drug, genes, taken=()):
    """Recommendation and strength for a drug, for diplotypes of genes."""
    calls = {gene: GeneCall(gene, "table", {diplotype: 1.0}) for gene, diplotype in genes.items()}
    rows = [("P1", drug, "planned"), *(("P1", one, "taken") for one in taken)]
    table = guidance(results_of({"P1": calls}), pd.DataFrame(rows, columns=["patient", "drug", "use"]))
    row = table.set_index("drug").loc[drug]
    return row["recommendation"], row["strength"]


@pytest.mark.parametrize(
    ("drug", "genes", "expected"),
    [
        ("clopidogrel", {"CYP2C19": "*2/*2"}, ("alternative drug", "strong")),
        ("clopidogrel", {"CYP2C19": "*1/*17"}, ("standard dose", "strong")),
        ("codeine", {"CYP2D6": "*2x2/*17"}, ("avoid", "strong")),
        ("tamoxifen", {"CYP2D6": "*1/*4"}, ("alternative drug", "optional")),
        ("tamoxifen", {"CYP2D6": "*4/*10"}, ("alternative drug", "moderate")),
        # Half the dose at a score of 1 and of 1.5, since November 2018.
        ("capecitabine", {"DPYD": "Reference/c.2846A>T"}, ("lower dose", "moderate")),
        ("capecitabine", {"DPYD": "Reference/c.1905+1G>A (*2A)"}, ("lower dose", "strong")),
        ("fluorouracil", {"DPYD": "c.1905+1G>A (*2A)/c.2846A>T"}, ("avoid", "strong")),
        ("ibuprofen", {"CYP2C9": "*1/*2"}, ("standard dose", "moderate")),
        ("ibuprofen", {"CYP2C9": "*1/*3"}, ("lower dose", "moderate")),
        ("abacavir", {"HLA-B": "*57:01/*08:01"}, ("avoid", "strong")),
        ("abacavir", {"HLA-B": "*15:02/*08:01"}, ("standard dose", "strong")),
        ("rasburicase", {"G6PD": "A- 202A_376G"}, ("avoid", "strong")),
        ("gentamicin", {"MT-RNR1": "m.1555A>G"}, ("avoid", "strong")),
        ("tacrolimus", {"CYP3A5": "*1/*3"}, ("higher dose", "strong")),
        # Two genes at once.
        (
            "rosuvastatin",
            {"SLCO1B1": "*1/*1", "ABCG2": ABCG2_POOR},
            ("lower dose", "optional"),
        ),
        (
            "rosuvastatin",
            {"ABCG2": ABCG2_POOR},
            ("lower dose", "moderate"),
        ),
        ("rosuvastatin", {"SLCO1B1": "*1/*1"}, (NO_GUIDANCE, "")),
        ("amitriptyline", {"CYP2D6": "*1/*4", "CYP2C19": "*1/*1"}, ("lower dose", "moderate")),
        ("azathioprine", {"TPMT": "*1/*1", "NUDT15": "*1/*1"}, (NO_GUIDANCE, "")),
        ("warfarin", {"CYP2C9": "*1/*1"}, (NO_GUIDANCE, "")),
        (
            "phenytoin",
            {"CYP2C9": "*1/*3", "HLA-B": "*07:02/*08:01"},
            ("standard start, then lower dose", "moderate"),
        ),
        ("phenytoin", {"CYP2C9": "*1/*1", "HLA-B": "*15:02/*08:01"}, ("avoid", "strong")),
        ("codeine", {"CYP2D6": "*1/*22"}, (NO_GUIDANCE, "")),
    ],
)
def test_golden_rows(drug, genes, expected):
    assert advised(drug, genes) == expected


def test_drugs_at_baseline_convert_and_a_drug_does_not_convert_itself():
    genes = {"CYP2D6": "*1/*1"}
    assert advised("codeine", genes)[0] == "standard dose"
    assert advised("codeine", genes, ["paroxetine"]) == ("avoid", "strong")
    assert advised("paroxetine", genes, ["paroxetine"])[0] == "standard dose"
    assert advised("paroxetine", genes, ["fluoxetine"])[0] == "lower dose"


def test_several_scores_have_no_recommendation_by_score():
    call = GeneCall("CYP2C9", "table", {"*1/*2": 0.5, "*1/*3": 0.5})
    table = guidance(results_of({"P1": {"CYP2C9": call}}))
    row = table.set_index("drug").loc["ibuprofen"]
    assert (row["recommendation"], row["why"]) == (
        NO_GUIDANCE,
        "CYP2C9: several activity scores are possible",
    )


def test_every_patient_and_drug_has_a_row_with_version_and_link(tmp_path):
    table = guidance(gene_results(read_cohort(write_pgx_cohort(tmp_path))))
    assert tuple(table.columns) == GUIDANCE_COLUMNS
    assert set(table["patient"]) == {"P1", "P2", "P3", "P4"}
    assert table["link"].str.startswith("https://cpicpgx.org/").all()
    without = table[table["recommendation"] == NO_GUIDANCE]
    assert (without["why"] != "").all()
    assert "not tested" in without.set_index(["patient", "drug"]).loc[("P1", "phenytoin"), "why"]
    assert "2026-10-11" in SOURCE
    assert "Research use" in SOURCE


def test_rules_name_results_that_genes_can_have():
    for drug, several in rules().items():
        for rule in several:
            assert rule.guideline in guidelines()
            assert rule.drug == drug
            for gene, alternatives in rule.conditions:
                assert gene in GENES
                for one in alternatives:
                    known = {*categories(gene), INDETERMINATE}
                    assert one.startswith("score ") or one.removeprefix("not ") in known, (
                        drug,
                        one,
                    )


def test_results_of_several_views_are_joined():
    def view(**calls):
        table = results_of({"P1": calls})
        person = pd.DataFrame(index=["P1"])
        return anndata.AnnData(np.zeros((1, 1)), obs=person, uns={PGX_RESULTS: table.to_csv(index=False)})

    unknown, called = (
        GeneCall("CYP2D6", "vcf", why="small variants"),
        GeneCall("CYP2D6", "table", {"*4/*4": 1.0}),
    )
    both = SimpleNamespace(mod={"vcf": view(CYP2D6=unknown), "caller": view(CYP2D6=called)})
    assert gene_results(both)["phenotype"].tolist() == ["Poor Metabolizer"]
    other = GeneCall("CYP2D6", "table", {"*1/*1": 1.0})
    with pytest.raises(CohortError, match="two views") as error:
        gene_results(SimpleNamespace(mod={"one": view(CYP2D6=other), "two": view(CYP2D6=called)}))
    assert error.value.code == "two_diplotypes"
    with pytest.raises(InputError, match="format: pgx"):
        gene_results(SimpleNamespace(mod={}))


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("patient,drug\nP1,codein\n", "unknown_drug", "did you mean 'codeine'"),
        ("patient,drug\nP1,metformin\n", "unknown_drug", "metformin"),
        ("patient,drug\nP9,codeine\n", "unknown_patient", "not in the cohort"),
        ("patient,medicine\nP1,codeine\n", "missing_column", "no column 'drug'"),
        ("patient,drug,use\nP1,codeine,later\n", "unknown_use", "taken or planned"),
    ],
)
def test_wrong_drugs_are_errors(tmp_path, text, code, words):
    path = tmp_path / "drugs.csv"
    path.write_text(text)
    with pytest.raises(CohortError, match=words) as error:
        read_medication(path, {"P1"})
    assert error.value.code == code


def test_drugs_are_read_in_any_case(tmp_path):
    path = tmp_path / "drugs.csv"
    path.write_text("id,drug,use\nP1,Codeine,Planned\nP1, paroxetine,\n")
    assert read_medication(path, {"P1"}).values.tolist() == [
        ["P1", "codeine", "planned"],
        ["P1", "paroxetine", ""],
    ]
