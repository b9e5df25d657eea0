"""Taxon sets come from lineages in names or in a column, of every common spelling."""

from __future__ import annotations

import pandas as pd
import pytest

from stratomics.strata.biology.taxa import taxon_sets

LINEAGES = {
    "metaphlan": "k__Bacteria|p__Firmicutes|c__Clostridia|o__Eubacteriales|f__Lachnospiraceae|g__Blautia|s__B_obeum",
    "qiime": "d__Bacteria; p__Firmicutes; c__Clostridia; o__Eubacteriales; f__Lachnospiraceae; g__Blautia; s__",
    "short": "p__Firmicutes;c__Clostridia;o__Eubacteriales;f__Lachnospiraceae;g__Blautia",
}
RANKS = [
    "class Clostridia",
    "family Lachnospiraceae",
    "genus Blautia",
    "order Eubacteriales",
    "phylum Firmicutes",
]


@pytest.mark.parametrize("spelling", LINEAGES)
def test_each_rank_of_a_lineage_is_a_set(spelling: str) -> None:
    name = LINEAGES[spelling]
    found = taxon_sets(pd.DataFrame(index=[name]))
    assert list(found.members) == RANKS
    assert set(found.members.values()) == {(name,)}


def test_a_column_of_lineages_names_features() -> None:
    var = pd.DataFrame({"count": [1, 2], "Taxon": [LINEAGES["qiime"], None]}, index=["asv1", "asv2"])
    found = taxon_sets(var)
    assert list(found.members) == RANKS
    assert found.members["genus Blautia"] == ("asv1",)


def test_species_names_give_their_genus_and_other_names_nothing() -> None:
    var = pd.DataFrame(index=["s__Blautia_obeum", "Blautia wexlerae", "UNKNOWN", "taxon12", "TP53", "g__"])
    assert taxon_sets(var).members == {"genus Blautia": ("s__Blautia_obeum", "Blautia wexlerae")}
    assert taxon_sets(pd.DataFrame(index=[])).members == {}
