"""Results of calls: expected scores over consistent diplotypes, and reasons for indeterminate patients."""

import math

import pytest

from omics.pgx.gene_call import GeneCall, call_of_match, result_of, structural_call
from omics.pgx.matcher import Match
from omics.pgx.score import ActivityScore


def test_the_expected_score_and_its_standard_deviation():
    result = result_of(GeneCall("CYP2D6", "table", {"*1/*1": 0.75, "*1/*4": 0.25}))
    assert result.mean == pytest.approx(1.75)
    assert result.sd == pytest.approx(math.sqrt(0.75 * 0.25))
    assert result.phenotype == "Indeterminate"
    assert result.why == "possible are Normal Metabolizer 0.75, Intermediate Metabolizer 0.25"


def test_a_phenotype_is_reported_if_nearly_all_of_the_weight_has_it():
    result = result_of(GeneCall("CYP2D6", "table", {"*1/*1": 0.96, "*1/*4": 0.04}))
    assert (result.phenotype, result.score, result.why) == ("Normal Metabolizer", ActivityScore(2.0), "")


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (GeneCall("CYP2D6", "table", {"*1/*22": 1.0}), "no known function"),
        (structural_call(), "small variants"),
        (GeneCall("TPMT", "table"), "nothing was called"),
        (GeneCall("TPMT", "table", phenotype="Indeterminate"), "the source says so"),
        (
            GeneCall("CYP3A5", "vcf", {"*1/*1": 0.8, "*1/*7": 0.2}, missing=1, positions=5),
            "1 of 5 positions are missing",
        ),
        (call_of_match("VKORC1", Match({}, 0, 1, (), (31096368,))), "31096368"),
        (call_of_match("VKORC1", Match({}, 0, 1, (), ())), "no pair of named alleles"),
    ],
)
def test_an_indeterminate_patient_has_a_reason(call, why):
    result = result_of(call)
    assert result.phenotype == "Indeterminate"
    assert why in result.why
    assert result.score is None


def test_a_stated_score_is_used_as_it_is():
    result = result_of(GeneCall("CYP2D6", "table", phenotype="Normal Metabolizer", score=ActivityScore(1.5)))
    assert (result.mean, result.sd, result.date) == (1.5, 0.0, "")


def test_diplotypes_of_one_phenotype_and_several_scores_have_no_one_score():
    result = result_of(GeneCall("CYP2D6", "table", {"*1/*4": 0.5, "*4/*41": 0.5}))
    assert (result.phenotype, result.score) == ("Intermediate Metabolizer", None)
    assert result.mean == pytest.approx(0.625)


def test_a_score_is_reported_if_nearly_all_of_the_weight_has_it():
    result = result_of(GeneCall("CYP2C9", "vcf", {"*1/*2": 0.97, "*2/*8": 0.03}))
    assert (result.phenotype, result.score) == ("Intermediate Metabolizer", ActivityScore(1.5))
    assert result.mean == pytest.approx(0.97 * 1.5 + 0.03 * 1.0)


def test_equal_weights_for_want_of_frequencies_are_said():
    call = GeneCall("G6PD", "vcf", {"B (reference)/B (reference)": 0.5, "A- 202A_376G/A- 202A_376G": 0.5})
    assert "all diplotypes weigh the same" in result_of(call).why
