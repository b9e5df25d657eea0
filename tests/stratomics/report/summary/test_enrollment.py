"""Which patients to enrol: the verdict follows the corrected interval."""

from __future__ import annotations

import math
from typing import Any

import pytest
from trials import cut_search, enrichment_result

from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult, PrognosticResult
from stratomics.enrichment.selection.prognostic import PrognosticRow
from stratomics.report.summary.enrollment import enrollment_answer

APPARENT = Effect(0.4, 0.3, 0.5, 0.1)


def enriched(low: float, high: float, p_adjusted: float = 0.01, **changes: Any) -> EnrichmentResult:
    """A run whose corrected effect has this interval; its apparent effect is larger."""
    corrected = Effect((low + high) / 2, low, high, 0.1)
    return enrichment_result(APPARENT, **{"search": cut_search(corrected, p_adjusted), **changes})


def prognostic(*rows: tuple[float, float]) -> PrognosticResult:
    table = tuple(PrognosticRow(share, 10.0, rate, None, None) for share, rate in rows)
    return PrognosticResult(score="risk", follow_up=1.0, prognostic=table)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (enriched(0.5, 0.8), "The 30% of highest predicted benefit, to be confirmed"),
        (enriched(0.5, 1.0), "Not settled: the evidence is weak"),
        (enriched(1.1, 1.4), "No patients on this evidence"),
        # A subgroup that is found as often by chance, and one without that test.
        (enriched(0.5, 0.8, p_adjusted=0.2), "Not settled: the evidence is weak"),
        (enriched(0.5, 0.8, search=None), "Not settled: the evidence is weak"),
        (enriched(0.1, 0.3, measure="response"), "The 30% of highest predicted benefit, to be confirmed"),
        (enriched(-0.3, -0.1, measure="response"), "No patients on this evidence"),
        (enriched(0.5, 0.8, randomised="no"), "Not settled: the treatment was not randomised"),
        (prognostic((1.0, 0.5), (0.5, 0.7)), "By prognosis only"),
        (prognostic((1.0, math.nan)), "By prognosis only"),
    ],
)
def test_the_verdict_follows_the_corrected_interval(result: AnyEnrichment, verdict: str) -> None:
    answer, _, sentences = enrollment_answer(result, arms=True)
    assert answer == verdict
    assert not {"None", "nan"} & set(" ".join(sentences).split())


def test_the_corrected_effect_is_reported_and_not_the_apparent_one() -> None:
    _, _, sentences = enrollment_answer(enriched(0.6, 1.4), arms=True)
    corrected = (
        "Hazard ratio in them 1.00 (0.60 to 1.40), cross-fitted and corrected for the choice of the cut"
    )
    assert corrected in sentences[0]
    assert "In all patients it is 0.00 (-0.10 to 0.10)." in sentences[0]
    assert "Evidence for this subgroup is weak (3 of 6 hold)." in sentences[1]


def test_without_enrichment_the_command_is_named() -> None:
    verdict, _, sentences = enrollment_answer(None, arms=True)
    assert (verdict, "`stratomics enrich RUN`" in sentences[0]) == ("Not analysed yet", True)
    verdict, _, sentences = enrollment_answer(None, arms=False)
    assert verdict == "Cannot be answered with one arm"
    assert "prognostic enrichment" in sentences[0]
