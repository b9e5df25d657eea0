"""Features under other names: versions, prefixes, and variants that count the other allele."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.feature_match import match_features

WANTED = pd.Index(["ENSG00000000001.12", "ENSG00000000002.3", "NM_000546.5", "TP53"])


def taken(wanted: list[str], names: list[str], scale: str = "dosage") -> list[float]:
    """Values of `wanted` where the first of `names` has the value 0, the second 0.25, and so on; -1 where missing."""
    match = match_features(pd.Index(wanted), pd.Index(names), scale)
    values = match.values(np.arange(len(names))[None, :] / 4)
    return list(np.nan_to_num(values[0], nan=-1.0))


def test_versions_of_accessions_make_no_difference() -> None:
    names = ["TP53", "NM_000546.6", "ENSG00000000002", "ENSG00000000001.15"]
    assert taken(list(WANTED), names, "log") == [0.75, 0.5, 0.25, 0.0]


@pytest.mark.parametrize(
    ("wanted", "name", "value"),
    [
        ("rs1_A", "rs1_G", 2.0),
        ("rs1_A", "rs1_C", 2.0),  # on the other strand of A/G it counts the other allele too
        ("rs1_A", "rs1_T", -1.0),  # the other allele, or the same one on the other strand
        ("rs1_A", "rs1", -1.0),
        ("rs1_A", "rs1_AT", -1.0),
        ("rs1_A", "rs2_G", -1.0),
        ("1:100:A:T", "1:100:T:A", 2.0),  # both alleles are in the name
        ("1:100:A:G", "chr1:100:A:G", 0.0),
        ("chrX:100:A:G", "X:100:G:A", 2.0),
        ("1:100:A:G_A", "1:100:G:A_G", 2.0),  # of PLINK, for a variant called '.'
        ("1:100:A:G_A", "1:100:A:G", 2.0),  # of PLINK and of a VCF, which counts the second allele
        ("1:100:A:G_G", "1:100:A:G", 0.0),
        ("1:100:A:G", "1:100:A:C", -1.0),
        ("1:100:A:AT", "1:100:AT:A", 2.0),
    ],
)
def test_a_variant_that_counts_the_other_allele(wanted: str, name: str, value: float) -> None:
    assert taken([wanted], [name]) == [value]


def test_alleles_are_compared_on_the_scale_of_dosages_only() -> None:
    assert taken(["rs1_A"], ["rs1_G"], "numeric") == [-1.0]
    assert taken(["chr1:0-10Mb"], ["1:0-10Mb"], "copy_number") == [0.0]


def test_names_that_stand_for_the_same_are_matched_only_as_they_are_written() -> None:
    assert taken(["ENSG00000000001.1"], ["ENSG00000000001.2", "ENSG00000000001.3"], "log") == [-1.0]
    assert taken(["rs1_A", "rs1_G"], ["rs1_C"]) == [-1.0, -1.0]
    assert taken(["rs1_A"], ["rs1_G", "rs1_A"]) == [0.25]


def test_notes_count_what_was_matched_and_show_examples() -> None:
    wanted, names = ["rs1_A", "rs2_A", "chr1:5:A:C"], ["rs1_G", "rs2_T", "1:5:A:C"]
    match = match_features(pd.Index(wanted), pd.Index(names), "dosage")
    assert match.notes == [
        "1 feature(s) have another version or prefix in their name and are matched (1:5:A:C for chr1:5:A:C)",
        "1 variant(s) count the other allele, so that 2 minus the value is used (rs1_G for rs1_A)",
        "1 variant(s) are not used, since their values may count either allele (rs2_A)",
    ]
    assert list(match.unused) == [False, True, False]


@given(st.permutations(range(6)), st.integers(0, 6))
def test_names_that_are_the_same_are_matched_in_any_order(order: list[int], known: int) -> None:
    names = pd.Index(["rs1_A", "rs2_A", "1:5:A:C", "ENSG00000000001.2", "TP53", "chr1:9:A:T"])
    match = match_features(names, names[order[:known]], "dosage")
    assert match.notes == []
    assert not match.unused.any()
    values = match.values(np.asarray(order[:known], dtype=float)[None, :])[0]
    found = ~np.isnan(values)
    assert found.sum() == known
    assert list(values[found]) == sorted(order[:known])
