"""Order and phase have no meaning in a diplotype; earlier notations have all their readings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omics.common.errors import CohortError
from omics.pgx.nomenclature import parts_of, readings

HAPLOTYPES = st.sampled_from(
    ["*1", "*2", "*4x2", "*36+*10", "*10", "*1x≥3", "*68+*4", "*5", "*13+*2", "*41x3"]
)


@given(HAPLOTYPES, HAPLOTYPES, st.sampled_from("/|"))
def test_order_and_mark_have_no_meaning(one, two, mark):
    assert readings("CYP2D6", f"{one}{mark}{two}") == readings("CYP2D6", f"{two}/{one}")


@given(HAPLOTYPES, HAPLOTYPES)
def test_a_reading_reads_as_itself(one, two):
    (text,) = readings("CYP2D6", f"{one}/{two}")
    assert readings("CYP2D6", text) == (text,)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*1/(*68)+*4", ("*1/*68+*4", "*1/*4")),
        ("*2A/*36+*10", ("*2/*36+*10",)),
        ("*1/*46;*43/*45", ("*1/*46", "*43/*45")),
        ("*1xN/*4", ("*1x≥3/*4",)),
        ("*1.001/*4", ("*1/*4",)),
        ("", ()),
        ("*Amb|*1", ()),
        ("No call", ()),
    ],
)
def test_notations(text, expected):
    assert readings("CYP2D6", text) == expected


def test_names_with_words_and_the_mitochondrial_gene():
    assert readings("G6PD", "B (reference)/A- 202A_376G") == ("B (reference)/A- 202A_376G",)
    assert readings("VKORC1", "rs9923231 variant (T)/rs9923231 reference (C)") == (
        "rs9923231 reference (C)/rs9923231 variant (T)",
    )
    assert readings("MT-RNR1", "1555A>G") == ("m.1555A>G",)


def test_what_is_no_diplotype_is_an_error():
    with pytest.raises(CohortError, match="3 alleles") as error:
        readings("CYP2C19", "*1/*2/*3")
    assert error.value.code == "not_a_diplotype"
    with pytest.raises(CohortError, match="star allele") as error:
        parts_of("*1+x")
    assert error.value.code == "unknown_allele"
