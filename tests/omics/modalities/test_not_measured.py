from __future__ import annotations

import pandas as pd
import pytest

from omics.modalities.not_measured import not_measured

TOTALS = ["N_unmapped", "N_noFeature", "__no_feature", "__alignment_not_unique"]


def left_out(names: list[str], modality: str) -> list[str]:
    return [name for found in not_measured(pd.Index(names), modality).values() for name in found]


def test_totals_and_spike_ins_are_no_genes() -> None:
    genes = ["N4BP1", "ERCC1", "ENSG00000000001", "N_genes"]
    assert left_out([*TOTALS, "ERCC-00002", *genes], "transcriptomics") == [*TOTALS, "ERCC-00002"]


@pytest.mark.parametrize("modality", ["generic", "proteomics", "genomics"])
def test_other_modalities_keep_every_name(modality: str) -> None:
    assert left_out([*TOTALS, "a|b", "a"], modality) == []


def test_a_table_of_totals_only_is_left_as_it_is() -> None:
    assert left_out(TOTALS, "transcriptomics") == []


SPECIES = [
    "k__B|p__F|g__G|s__a",
    "k__B|p__F|g__G|s__b",
    "k__B|p__P|g__H|s__c",
]


def test_of_all_ranks_the_species_stay() -> None:
    above = ["k__B", "k__B|p__F", "k__B|p__P", "k__B|p__F|g__G", "k__B|p__P|g__H"]
    strain = ["k__B|p__F|g__G|s__a|t__1"]
    assert set(left_out([*above, *SPECIES, *strain, "UNCLASSIFIED"], "microbiome")) == {*above, *strain}


def test_a_genus_without_species_stays() -> None:
    names = [*SPECIES, "k__B|p__F|g__Lonely", "k__B"]
    assert left_out(names, "microbiome") == ["k__B"]


def test_without_species_the_lowest_rank_stays() -> None:
    assert set(left_out(["d__B", "d__B;p__F", "d__B;p__F;g__G", "d__B;p__P;g__H"], "microbiome")) == {
        "d__B",
        "d__B;p__F",
    }


def test_pathways_by_species_are_parts_of_pathways() -> None:
    whole = ["UNMAPPED", "PWY-1: x", "PWY-2: y"]
    parts = ["PWY-1: x|g__G.s__a", "PWY-1: x|unclassified"]
    assert left_out([*whole, *parts], "microbiome") == parts


def test_columns_beside_lineages_are_no_taxa() -> None:
    assert left_out([*SPECIES, "Unassigned", "age", "bmi"], "microbiome") == ["age", "bmi"]


def test_plain_names_of_taxa_stay() -> None:
    names = ["s__a", "g__b", "ASV_7", "Escherichia", "age"]
    assert left_out(names, "microbiome") == []
