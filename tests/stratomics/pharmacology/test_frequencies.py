"""Frequencies of phenotypes by ancestry: exact intervals, published shares, and reasons for indeterminate patients."""

import math

import pandas as pd
import pytest

from omics.pgx.features import results_of
from omics.pgx.gene_call import GeneCall
from stratomics.evaluation.intervals import exact_interval
from stratomics.pharmacology.frequencies import ALL, indeterminate_reasons, phenotype_frequencies


def results(diplotypes, gene="CYP2C19"):
    calls = {
        f"P{i}": {gene: GeneCall(gene, "table", {one: 1.0} if one else {})}
        for i, one in enumerate(diplotypes)
    }
    return results_of(calls)


def test_frequencies_by_ancestry_beside_1000_genomes():
    table = results(["*2/*2"] * 3 + ["*1/*1"] * 9 + ["*1/*2"] * 12)
    ancestry = pd.Series({f"P{i}": "East Asian" if i < 12 else "other" for i in range(24)})
    found = phenotype_frequencies(table, ancestry).set_index(["group", "phenotype"])
    row = found.loc[("East Asian", "Poor Metabolizer")]
    assert (row["patients"], row["of"], row["share"]) == (3, 12, 0.25)
    assert (row["low"], row["high"]) == exact_interval(3, 12)
    # 59 of 508 people: *2 and *3 are frequent in East Asia.
    assert row["published"] == pytest.approx(59 / 508)
    assert math.isnan(found.loc[("other", "Intermediate Metabolizer"), "published"])
    assert found.loc[ALL, "of"].unique().tolist() == [24]
    assert next(iter(found.index))[0] == ALL


def test_small_groups_and_unknown_ancestry_are_in_all_patients_only():
    table = results(["*1/*1"] * 12)
    ancestry = pd.Series({"P0": "White", "P1": "White", "P2": None})
    assert set(phenotype_frequencies(table, ancestry)["group"]) == {ALL}
    assert set(phenotype_frequencies(table)["group"]) == {ALL}


def test_reasons_are_counted():
    calls = {
        "P1": {"CYP2D6": GeneCall("CYP2D6", "table", {"*1/*1": 0.6, "*1/*4": 0.4})},
        "P2": {"CYP2D6": GeneCall("CYP2D6", "table", {"*1/*1": 0.7, "*1/*4": 0.3})},
        "P3": {"CYP2D6": GeneCall("CYP2D6", "table", {"*1/*22": 1.0})},
        "P4": {"CYP2D6": GeneCall("CYP2D6", "table", {"*1/*1": 1.0})},
    }
    found = indeterminate_reasons(results_of(calls))
    assert found["patients"].tolist() == [2, 1]
    assert "several diplotypes" in found["why"].iloc[0]
