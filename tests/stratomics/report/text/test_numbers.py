"""P values are written in one way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratomics.report.text.numbers import p_cell, p_value, sentence, true_minus, with_p_values


@pytest.mark.parametrize(
    ("p", "text"),
    [(0.5, "p = 0.50"), (0.00123, "p = 0.0012"), (0.0, "p < 0.001"), (0.05, "p = 0.05"), (1.0, "p > 0.99")],
)
def test_p_values(p: float, text: str) -> None:
    assert p_value(p) == text
    assert p_cell(p) == text.removeprefix("p ").removeprefix("= ")


@given(st.floats(0.0, 1.0))
def test_a_p_value_is_never_rounded_across_five_percent(p: float) -> None:
    """A written value is below 0.05 only if the p value is."""
    text = p_cell(p)
    if text[0] not in "<>":
        assert float(text) <= 0.05 or p > 0.0495
        assert float(text) >= 0.05 or p < 0.0505


def test_stored_sentences_get_the_same_p_values() -> None:
    stored = "strongest of 7 cuts, permutation p 0.002 (p 7.1e-10 alone); group p1 0.2"
    assert (
        with_p_values(stored) == "strongest of 7 cuts, permutation p = 0.002 (p < 0.001 alone); group p1 0.2"
    )


def test_numbers_of_a_page_have_a_minus_sign_and_no_signed_zero() -> None:
    minus = "\N{MINUS SIGN}"
    page = '<td title="-1">-0.5 (-0.000 to +0.00)</td><script>-1</script><code>--draws -1</code> p38-1, a-2, -.5; +0.05'
    expected = page.replace(">-0.5", f">{minus}0.5").replace("-0.000", "0.000").replace("+0.00)", "0.00)")
    assert true_minus(page) == expected.replace(" -.5", f" {minus}.5")


def test_a_clause_becomes_a_sentence() -> None:
    assert sentence("all comers: not planned, p 0.04") == "All comers: not planned, p = 0.04."
    assert sentence("Does it end?") == "Does it end?"
