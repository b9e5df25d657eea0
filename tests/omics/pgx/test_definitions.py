"""Definitions: one reference per gene, alleles that differ, and changes in every spelling."""

from collections import defaultdict
from pathlib import Path
from statistics import fmean

import numpy as np
import pandas as pd
import pytest

from omics.pgx.definitions import RARE, all_definitions, change, has_frequencies
from omics.pgx.tables import TABLES, read_rows

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.mark.parametrize("gene", all_definitions())
def test_the_reference_has_no_change_and_no_two_alleles_are_equal(gene):
    definition = all_definitions()[gene]
    assert not definition.named[0].any()
    assert definition.named[1:].any(axis=1).all() or gene == "CYP2C19"
    assert len({row.tobytes() for row in definition.allowed}) == len(definition.alleles)
    assert definition.allowed.any(axis=2).all()
    assert list(definition.place) == sorted(definition.place)
    assert (definition.frequency is None) == (gene in ("CACNA1S", "G6PD", "NAT2"))
    if definition.frequency is not None:
        assert (definition.frequency > 0).all()
        # Each allele of CYP2B6 has the mean of other groups.
        assert definition.frequency.sum() < 1.4


def test_shipped_frequencies_are_those_of_the_sources():
    shipped = {(row["gene"], row["allele"]): row for row in read_rows(TABLES / "frequencies.csv")}
    expected = {
        (row["gene"], row["allele"]): int(row["count"]) / int(row["chromosomes"])
        for row in read_rows(FIXTURES / "allele_counts.csv")
    }
    groups = defaultdict(list)
    for row in read_rows(FIXTURES / "group_frequencies.csv"):
        groups[row["gene"], row["allele"]].append(float(row["frequency"]))
    for (gene, allele), values in groups.items():
        # *80 is nearly always on the chromosome of *28 or *37 (CPIC on atazanavir).
        name = {"*28": "*80+*28", "*37": "*80+*37"}.get(allele, allele) if gene == "UGT1A1" else allele
        if (gene, allele) != ("UGT1A1", "*80") and fmean(values) > RARE:
            expected[gene, name] = fmean(values)
    assert set(shipped) == {key for key in expected if key[1] in all_definitions()[key[0]].alleles}
    for key, row in shipped.items():
        assert float(row["frequency"]) == pytest.approx(expected[key], abs=6e-6)
        assert row["source"] == ("CPIC 2022" if key[0] in {gene for gene, _ in groups} else "1000 Genomes")


def test_counts_are_those_of_the_calls(shared):
    calls = pd.read_csv(shared("pharmacology/getrm/calls_1kgp.tsv.gz"), sep="\t")
    rows = [row for row in read_rows(FIXTURES / "allele_counts.csv") if row["gene"] != "DPYD"]
    assert len(rows) > 60
    for row in rows:
        alleles = calls[row["gene"]].str.split(r"[|/]").explode()
        assert (alleles == row["allele"]).sum() == int(row["count"])
        assert (~alleles.str.contains("Amb")).sum() == int(row["chromosomes"])


def test_cyp2d6_has_no_definition_since_small_variants_do_not_determine_it():
    assert "CYP2D6" not in all_definitions()


@pytest.mark.parametrize(("one", "two"), [(("CAT", "CATAT"), ("C", "CAT")), (("AT", "A"), ("ATT", "AT"))])
def test_one_change_has_one_name(one, two):
    assert change(*one) == change(*two)


def test_codes_allow_each_of_their_bases():
    definition = all_definitions()["CYP2C19"]
    place = [position.rsid for position in definition.positions].index("rs12248560")
    allele = definition.alleles.index("*4")
    assert np.flatnonzero(definition.allowed[allele, place]).tolist() == [0, 1]


def test_only_genes_of_the_table_have_frequencies():
    assert has_frequencies("TPMT")
    assert not has_frequencies("G6PD")
    assert not has_frequencies("CYP2D6")
