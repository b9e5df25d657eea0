"""One primary estimate for each part of the patients."""

from __future__ import annotations

from trials import NO_EFFECT, cut_search, enrichment_result

from stratomics.enrichment.effects.effect import Effect
from stratomics.report.text.effects import effect_text, primary_effects

APPARENT, CORRECTED = Effect(0.6, 0.4, 0.9, 0.2), Effect(0.7, 0.5, 0.98, 0.17)


def test_the_corrected_effect_is_primary_where_a_cut_was_chosen() -> None:
    primary = primary_effects(enrichment_result(APPARENT, cut_search(CORRECTED)))
    assert (primary.everyone, primary.inside, primary.outside) == (NO_EFFECT, CORRECTED, NO_EFFECT)
    assert primary.how == "cross-fitted and corrected for the choice of the cut"
    sentence = primary.sentence(("placebo", "drug"))
    assert sentence.startswith("A measure, drug to placebo" if primary.measure == "a measure" else "H")
    assert "0.70 (0.50 to 0.98) inside the rule" in sentence
    assert "0.60" not in sentence


def test_with_one_cut_nothing_is_corrected() -> None:
    primary = primary_effects(enrichment_result(APPARENT))
    assert (primary.inside, primary.how) == (APPARENT, "cross-fitted")
    assert "corrected" not in primary.sentence(("a", "b"))


def test_an_effect_that_cannot_be_estimated_says_so() -> None:
    assert effect_text(Effect(float("nan"), 0.0, 1.0, 1.0)) == effect_text(None) == "not estimable"
