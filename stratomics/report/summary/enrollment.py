"""Which patients to enrol in the next trial, in plain words, from what an enrichment finds."""

from __future__ import annotations

import math
from typing import NamedTuple

from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult, PrognosticResult
from stratomics.report.card.line import FAIL, OPEN, PASS, WATCH
from stratomics.report.text.effects import effect_text, primary_effects
from stratomics.report.text.numbers import p_value

__all__ = ["PLANNED", "Enrollment", "enrollment_answer"]

LEVEL = 0.05

PLANNED = "The planned trial"
"""How the sentence on the size of the trial begins."""

COMMAND = "`stratomics enrich RUN`"

INTERPRETATIONS = {
    1: "the interval shows benefit",
    0: "the interval includes no effect",
    -1: "the interval shows harm",
}


class Enrollment(NamedTuple):
    """A verdict in a few words, its grade (see `Answer`), and sentences with the numbers."""

    verdict: str
    grade: str
    sentences: list[str]


def enrollment_answer(result: AnyEnrichment | None, *, arms: bool) -> Enrollment:
    """Give a verdict and its sentences.

    Parameters
    ----------
    result
        Stored enrichment of the run; None for a run without one.
    arms
        Whether the cohort has arms.

    Returns
    -------
    Enrollment
        Verdict, grade and sentences.

    Examples
    --------
    >>> enrollment_answer(None, arms=False).verdict
    'Cannot be answered with one arm'
    """
    if result is None:
        return _not_analysed(arms)
    return _prognostic(result) if isinstance(result, PrognosticResult) else _predictive(result)


def _not_analysed(arms: bool) -> Enrollment:
    if arms:
        sentence = (
            f"This cohort has arms: {COMMAND} looks for the patients who benefit, and plans a trial of them."
        )
        return Enrollment("Not analysed yet", OPEN, [sentence])
    sentence = (
        "There is no comparison of treatments, so these data do not show who benefits. They can show who has a worse "
        f"outcome (prognostic enrichment): {COMMAND}."
    )
    return Enrollment("Cannot be answered with one arm", OPEN, [sentence])


def _prognostic(result: PrognosticResult) -> Enrollment:
    sentences = [
        "One arm: these data do not show who benefits. A trial of patients at high predicted risk would be smaller."
    ]
    overall, half = result.prognostic[0], min(result.prognostic, key=lambda row: abs(row.share - 0.5))
    if math.isfinite(overall.rate) and math.isfinite(half.rate):
        sentences.append(
            f"{overall.rate:.0%} of all patients have the event or response, and {half.rate:.0%} of the "
            f"{half.share:.0%} of highest predicted {result.score.replace('_', ' ')}."
        )
    return Enrollment("By prognosis only", OPEN, sentences)


def _predictive(result: EnrichmentResult) -> Enrollment:
    search, share, findings = result.search, result.chosen.prevalence, result.run
    assert findings is not None, "the enrichment of a run has the findings of a run"
    direction = _direction(result.corrected, result.ratio)
    if findings.randomised == "no":
        verdict, grade = "Not settled: the treatment was not randomised", WATCH
    elif direction < 0:
        verdict, grade = "No patients on this evidence", FAIL
    elif direction > 0 and search is not None and search.p_adjusted < LEVEL:
        verdict, grade = f"The {share:.0%} of highest predicted benefit, to be confirmed", PASS
    else:
        verdict, grade = "Not settled: the evidence is weak", WATCH
    primary = primary_effects(result)
    effect = (
        f"Examined: the {share:.0%} of highest predicted {result.score}, {findings.arms}. "
        f"{_capitalised(primary.measure)} in them {effect_text(primary.inside)}, {primary.how}: "
        f"{INTERPRETATIONS[direction]}. In all patients it is {effect_text(primary.everyone)}."
    )
    strength = _capitalised(findings.evidence_grade.split(", for it:")[0])
    evidence = f"{strength}. The subgroup needs a trial to confirm it."
    if search is not None:
        evidence = f"A search of permuted scores finds as much with {p_value(search.p_adjusted)}. {evidence}"
    return Enrollment(verdict, grade, [effect, evidence, *_planned(findings.plan.design)])


def _planned(design: TrialDesign | None) -> list[str]:
    """State the size of the trial that is planned."""
    if design is None:
        return []
    events = f" with {design.events[-1]} events" if design.events else ""
    return [
        f"{PLANNED} needs {design.patients} patients{events}; about {design.tested} candidates are tested."
    ]


def _direction(effect: Effect, ratio: bool) -> int:
    """1 where treated patients do better, -1 worse, 0 where the interval includes no effect or is unknown."""
    if not (math.isfinite(effect.low) and math.isfinite(effect.high)):
        return 0
    null = 1.0 if ratio else 0.0
    if effect.low <= null <= effect.high:
        return 0
    return 1 if (effect.high < null) == ratio else -1


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
