"""Differences between the tables of two dates: golden numbers, and whose phenotype changes."""

import pandas as pd
import pytest
from pgx_cohort import write_pgx_cohort

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError, ConfigError
from omics.readers.gene_results import gene_results
from stratomics.pharmacology.table_changes import changed_diplotypes, changed_patients, compared_genes

OLD, NEW = "2025-11-05", "2026-10-11"


def test_what_changed_in_eleven_months():
    """TPMT 706 of 946, NUDT15 35 of 45, no other gene: ../shared/reference/pgx-numbers.md."""
    changes = changed_diplotypes(OLD, NEW)
    genes = compared_genes(changes).set_index("gene")
    assert genes.loc["TPMT"].tolist() == [946, 706]
    assert genes.loc["NUDT15"].tolist() == [45, 35]
    assert genes["changed"].sum() == 741
    assert len(genes) == 10
    row = changes.set_index(["gene", "diplotype"]).loc[("TPMT", "*1/*10")]
    assert (row["old"], row["new"]) == ("Indeterminate", "Intermediate Metabolizer")


def test_whose_phenotype_changes(tmp_path):
    results = gene_results(read_cohort(write_pgx_cohort(tmp_path)))
    found = changed_patients(results, changed_diplotypes(OLD, NEW))
    assert found[["patient", "gene", "diplotype"]].values.tolist() == [["P3", "TPMT", "*1/*10"]]


def test_a_table_of_another_source(tmp_path):
    pd.DataFrame(
        {
            "gene": ["TPMT", "TPMT"],
            "diplotype": ["*3A/*1", "*1/*1"],
            "phenotype": ["Poor Metabolizer", "Normal Metabolizer"],
        }
    ).to_csv(tmp_path / "mine.csv", index=False)
    changes = changed_diplotypes(NEW, str(tmp_path / "mine.csv"))
    assert changes.loc[changes["changed"], "diplotype"].tolist() == ["*1/*3A"]
    (tmp_path / "other.csv").write_text("gene,phenotype\nTPMT,x\n")
    with pytest.raises(CohortError, match="no column 'diplotype'"):
        changed_diplotypes(NEW, str(tmp_path / "other.csv"))
    with pytest.raises(ConfigError, match="2025-11-05"):
        changed_diplotypes("2025-11-06", NEW)
