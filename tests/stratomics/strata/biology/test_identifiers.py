"""Features are matched by name or by the column of var that has the ids; two species are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import DataError
from stratomics.strata.biology.identifiers import check_species, match_features

SYMBOLS = ["TP53", "MYC", "EGFR", "KRAS"]


@pytest.mark.parametrize(
    ("names", "columns", "members", "column"),
    [
        (SYMBOLS, {"entrez": [1, 2, 3, 4]}, SYMBOLS, ""),
        (["a", "b", "c", "d"], {"symbol": SYMBOLS, "chromosome": ["17", "8", "7", "12"]}, SYMBOLS, "symbol"),
        (
            [f"ENSG0000000000{n}.{n}" for n in range(4)],
            {},
            [f"ENSG0000000000{n}" for n in range(4)],
            "",
        ),
        (SYMBOLS, {"entrez": [7157.0, 4609.0, np.nan, 3845.0]}, ["7157", "4609", "3845"], "entrez"),
        (
            SYMBOLS,
            {"uniprot": ["P04637-2", "P01106;Q1", "P00533", None]},
            ["P04637", "P01106", "P00533"],
            "uniprot",
        ),
        (
            ["m1", "m2", "m3", "m4"],
            {"ChEBI_id": [15377, 16240, 57540, 1]},
            ["CHEBI:15377", "CHEBI:16240"],
            "ChEBI_id",
        ),
        (
            ["m1", "m2", "m3", "m4"],
            {"id": ["chebi:15377", "", None, "CHEBI:16240"]},
            ["CHEBI:15377", "CHEBI:16240"],
            "id",
        ),
        (SYMBOLS, {"names": ["1", "2", "3", "4"]}, SYMBOLS, ""),
    ],
)
def test_the_column_with_most_ids_in_common_is_taken(
    names: list[str], columns: dict[str, list], members: list[str], column: str
) -> None:
    found = match_features(pd.DataFrame(columns, index=names), members)
    assert found.column == column
    assert found.share == 1.0
    assert found.matched.sum() == len(set(members))
    assert set(found.ids[found.matched]) == set(members)


def test_the_share_is_that_of_the_smaller_side() -> None:
    var = pd.DataFrame(index=[*SYMBOLS, "X1", "X2"])
    assert match_features(var, ["TP53", *(f"G{n}" for n in range(99))]).share == pytest.approx(1 / 6)
    assert match_features(var, ["TP53", "G1"]).share == pytest.approx(1 / 2)
    nothing = match_features(var, ["hsa-let-7a"])
    assert (nothing.share, nothing.matched.any()) == (0.0, False)


def test_genes_of_two_species_are_refused() -> None:
    mixed = [*SYMBOLS, "Trp53", "Myc", "Egfr", "Kras"]
    with pytest.raises(
        DataError, match=r"names of features mix species: 4 genes are human, such as EGFR, and 3 are"
    ):
        match_features(pd.DataFrame(index=mixed), SYMBOLS)
    both = [f"ENSG0000000000{n}" for n in range(5)] + [f"ENSMUSG0000000000{n}" for n in range(5)]
    with pytest.raises(DataError, match="mix species"):
        match_features(pd.DataFrame({"ensembl": both}, index=range(10)), both)
    with pytest.raises(DataError, match="the sets mix species"):
        check_species(mixed, frozenset(mixed), "the sets")


@pytest.mark.parametrize(
    "ids",
    [
        SYMBOLS,
        ["Trp53", "Myc", "Egfr", "Kras"],
        ["ATP", "Glucose", "NADH", "Lactate", "UDP", "Citrate"],
        ["C9orf72", "C9ORF72", "MYC", "TP53"],
        [f"G{n}A" for n in range(50)] + ["G1a"],
        [],
    ],
)
def test_one_species_or_no_gene_is_no_mixture(ids: list[str]) -> None:
    check_species(ids, frozenset(ids), "the sets")


def test_mouse_symbols_alone_match_nothing_human() -> None:
    found = match_features(pd.DataFrame(index=["Trp53", "Myc", "Egfr", "Kras"]), SYMBOLS)
    assert found.share == 0.0
