"""Phenotypes against every diplotype of CPIC of two dates, the GeT-RM consensus, and 3,202 genomes."""

import time
from collections import Counter

import pandas as pd
import pytest

from omics.common.errors import CohortError, ConfigError
from omics.pgx.nomenclature import readings
from omics.pgx.phenotype import GENES, phenotype_of
from omics.pgx.phenotype_names import SHORT, score_genes
from omics.pgx.score import parse_score
from omics.pgx.tables import DATES, table_of_date

# CPIC as served on 2026-10-11, and CYP2D6 by hand from its values: ../shared/reference/pgx-numbers.md.
GOLDEN = [
    ("CYP2D6", "*41/*41", "Intermediate Metabolizer", "0.5"),
    ("CYP2D6", "*1/*41", "Normal Metabolizer", "1.25"),
    ("CYP2D6", "*1/*9", "Normal Metabolizer", "1.25"),
    ("CYP2D6", "*4/*41", "Intermediate Metabolizer", "0.25"),
    ("CYP2D6", "*10/*10", "Intermediate Metabolizer", "0.5"),
    ("CYP2D6", "*4/*10x2", "Intermediate Metabolizer", "0.5"),
    ("CYP2D6", "*2x2/*4", "Normal Metabolizer", "2"),
    ("CYP2D6", "*2x2/*17", "Ultrarapid Metabolizer", "2.5"),
    ("CYP2D6", "*1/*1x≥3", "Ultrarapid Metabolizer", "≥4"),
    ("CYP2D6", "*1x≥3/*41x3", "Ultrarapid Metabolizer", "≥3.75"),
    ("CYP2D6", "*1x≥3/*4", "Ultrarapid Metabolizer", "≥3"),
    ("CYP2D6", "*4/*4x2", "Poor Metabolizer", "0"),
    ("CYP2D6", "*1/*36+*10", "Normal Metabolizer", "1.25"),
    ("CYP2D6", "*5/*36x2+*10x2", "Intermediate Metabolizer", "0.5"),
    ("CYP2D6", "*1/*1x5", "Ultrarapid Metabolizer", "6"),
    ("CYP2C19", "*1/*17", "Rapid Metabolizer", "None"),
    ("CYP2C19", "*2/*17", "Intermediate Metabolizer", "None"),
    ("CYP2C9", "*3/*8", "Poor Metabolizer", "0.5"),
    ("SLCO1B1", "*14/*14", "Increased Function", "None"),
    ("UGT1A1", "*1/*80+*28", "Intermediate Metabolizer", "None"),
    ("DPYD", "c.1905+1G>A (*2A)/c.2846A>T", "Poor Metabolizer", "0.5"),
    ("G6PD", "A- 202A_376G", "Deficient", "None"),
    ("G6PD", "A- 202A_376G/B (reference)", "Variable", "None"),
    ("MT-RNR1", "m.1555A>G", "increased risk of aminoglycoside-induced hearing loss", "None"),
    ("VKORC1", "rs9923231 reference (C)/rs9923231 variant (T)", "-1639 AG", "None"),
    ("CYP4F2", "*1/*3", "rs2108622 CT", "None"),
    ("HLA-B", "*15:02/*57:01:01", "*15:02 positive, *57:01 positive", "None"),
    ("HLA-B", "*07:02/*08:01", "no risk allele", "None"),
]


@pytest.mark.parametrize(("gene", "diplotype", "phenotype", "score"), GOLDEN)
def test_golden_phenotypes(gene, diplotype, phenotype, score):
    found = phenotype_of(gene, readings(gene, diplotype)[0])
    assert (found.text, str(found.score)) == (phenotype, score)


@pytest.mark.parametrize(
    ("file", "date", "count", "of_cyp2d6"),
    [
        ("pharmacology/pgx/diplotypes_2026-10-11.csv.gz", DATES[0], 45_204, 16_836),
        ("pharmacology/cpic/diplotypes.csv.gz", DATES[1], 11_572, 0),
    ],
)
def test_every_diplotype_of_cpic(shared, file, date, count, of_cyp2d6):
    """45,204 are the 44,993 diplotypes of 13 genes, and single alleles: 187 of G6PD, 24 of MT-RNR1."""
    table = pd.read_csv(shared(file), dtype=str, keep_default_na=False)
    wrong = []
    for gene, diplotype, phenotype, score in table.itertuples(index=False):
        found = phenotype_of(gene, diplotype, date)
        if (found.text, found.score, found.date) != (phenotype, parse_score(score), date):
            wrong.append((gene, diplotype, found))
    assert not wrong
    assert (len(table), int((table["gene"] == "CYP2D6").sum())) == (count, of_cyp2d6)


def test_every_string_of_the_consensus_is_read(shared):
    """87 strings of GeT-RM; the six in earlier notations have readings that agree on the phenotype."""
    table = pd.read_csv(shared("pharmacology/pgx/getrm_cyp2d6_scored.csv"), dtype=str, keep_default_na=False)
    earlier = []
    for text, phenotype, score in table[["diplotype", "phenotype", "activity_score"]].itertuples(index=False):
        found = [phenotype_of("CYP2D6", reading) for reading in readings("CYP2D6", text)]
        assert len({one.text for one in found}) == 1, text
        if phenotype == "cannot be read":
            earlier.append(found[0].text)
        else:
            assert (found[0].text, found[0].score) == (SHORT.get(phenotype, phenotype), parse_score(score))
    assert len(table) == 87
    assert Counter(earlier) == {
        "Normal Metabolizer": 3,
        "Intermediate Metabolizer": 2,
        "Poor Metabolizer": 1,
    }


def test_3202_genomes_are_phenotyped_in_a_fifth_of_a_second(shared):
    calls = pd.read_csv(
        shared("pharmacology/getrm/calls_1kgp.tsv.gz"), sep="\t", dtype=str, keep_default_na=False
    )
    phenotype_of.cache_clear()
    start = time.process_time()
    counts = {
        gene: Counter(_phenotype(gene, text) for text in calls[gene]) for gene in calls if gene in GENES
    }
    seconds = time.process_time() - start
    assert counts["CYP2C19"]["Intermediate Metabolizer"] == 1066
    assert counts["CYP2C19"]["Rapid Metabolizer"] == 598
    assert counts["CYP3A5"] == {
        "Poor Metabolizer": 1668,
        "Intermediate Metabolizer": 1114,
        "Normal Metabolizer": 420,
    }
    assert counts["NUDT15"]["Poor Metabolizer"] == 14
    assert counts["SLCO1B1"]["Poor Function"] == 45
    of_cyp2d6 = {name.split()[0]: count for name, count in counts["CYP2D6"].items()}
    # The golden table has the five patients with two possible diplotypes under "no call".
    assert of_cyp2d6 == {
        "Normal": 1717,
        "Intermediate": 1080,
        "Indeterminate": 150 + 5,
        "Ultrarapid": 106,
        "Poor": 93,
        "none": 56 - 5,
    }
    assert seconds < 1.0, seconds  # 0.2 on a free core


def _phenotype(gene, text):
    try:
        found = {phenotype_of(gene, reading).text for reading in readings(gene, text)}
    except CohortError:  # such as *2_*34_*83, or an allele that CPIC lacks
        return "none"
    return found.pop() if len(found) == 1 else "Indeterminate" if found else "none"


@pytest.mark.parametrize(
    ("gene", "diplotype", "code", "words"),
    [
        ("CYP2C19", "*1/*99", "unknown_allele", "CYP2C19"),
        ("CYP2D6", "*1/*999", "unknown_allele", "CYP2D6"),
        ("CYP9", "*1/*1", "unknown_gene", "CYP"),
        ("CYP2C19", "*1/*2x2", "copy_number_without_caller", "structural caller"),
        ("HLA-B", "B57/B8", "unknown_allele", "four digits"),
        ("VKORC1", "G/A", "unknown_allele", "VKORC1"),
        ("TPMT", "*1", "not_a_diplotype", "needs two"),
        ("MT-RNR1", "m.1555A>G/m.1555A>G", "not_a_diplotype", "needs one"),
    ],
)
def test_wrong_names_are_errors(gene, diplotype, code, words):
    with pytest.raises(CohortError, match=words) as error:
        phenotype_of(gene, diplotype)
    assert error.value.code == code


def test_an_allele_with_a_definition_and_no_function_is_indeterminate():
    assert phenotype_of("CYP2C19", "*1/*41").text == "Indeterminate"


def test_tables_have_dates_and_genes():
    assert set(score_genes()) == {"CYP2D6", "CYP2C9", "DPYD"}
    assert phenotype_of("CYP3A4", "*1/*1").date == DATES[1]
    with pytest.raises(ConfigError, match="no table"):
        table_of_date("2020-01-01")
    assert (
        sum(len(classes) for gene, classes in table_of_date(DATES[0]).classes.items() if gene != "MT-RNR1")
        == 560
    )
