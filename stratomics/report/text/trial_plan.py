"""Sentences on an enrichment and the trial that follows, the same on the screen and in the report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from models.survival.time_unit import TimeUnit
from stratomics.enrichment.doses import DoseRow
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.result import CutUtility, EnrichmentResult
from stratomics.enrichment.selection.subgroup import SelectionRate
from stratomics.evaluation.treatment_interaction import Interaction
from stratomics.report.text.assumptions import median_of, steps_of
from stratomics.report.text.effects import effect_text, primary_effects
from stratomics.report.text.numbers import p_value

__all__ = [
    "DESIGN_NAMES",
    "TRUTH_NAMES",
    "dose_sentences",
    "group_sentences",
    "heterogeneity_sentence",
    "plan_sentences",
    "scenario_sentence",
    "signature_sentence",
    "span",
    "truth_sentences",
    "utility_sentence",
]

DESIGN_NAMES = {
    "all_comers": "all comers",
    "stratified": "all comers, stratified by the rule",
    "enrichment": "enrichment",
    "adaptive": "adaptive enrichment",
}
TRUTH_NAMES = {
    "estimate": "effect as estimated",
    "drawn": "drawn from its interval",
    "halved": "half the effect",
    "delayed": "late effect",
    "null": "no effect",
}
"""Scenario of the true effect -> its name."""
LEVEL = 0.05


def scenario_sentence(plan: PlannedTrials, unit: TimeUnit) -> str:
    """Define the scenarios of the true effect, with their numbers where the effect is a hazard ratio.

    Parameters
    ----------
    plan
        Designs and their virtual trials.
    unit
        Unit in which times of the trial are shown.

    Returns
    -------
    str
        One sentence; empty without a design.
    """
    values = {} if plan.design is None else {one.name: one.value for one in plan.design.assumptions}
    ratio, added = values.get("hazard ratio inside"), values.get("difference inside")
    if isinstance(added, float):
        return f"Half: a difference of {added / 2.0:.2f} instead of {added:.2f} inside."
    if not isinstance(ratio, float):
        return ""
    wait = median_of(steps_of(values.get("hazard of controls inside", ""))) / 4.0
    until = f"first {unit.text(wait)}" if math.isfinite(wait) else "first part of follow-up"
    return (
        f"Half: the log hazard ratio is halved, to a hazard ratio of {math.sqrt(ratio):.2f} instead of {ratio:.2f} "
        f"inside. Late: no effect in the {until} (a quarter of the median of the controls), then as estimated."
    )


def span(effect: Effect | None) -> str:
    """Write an effect with its interval."""
    return "none" if effect is None or not math.isfinite(effect.estimate) else effect_text(effect)


def plan_sentences(plan: PlannedTrials) -> list[str]:
    """Sentences beside the table of designs."""
    refused = [f"{DESIGN_NAMES.get(name, name)}: not planned, {why}" for name, why in plan.refused.items()]
    if plan.design is None or plan.effects is None:
        return [
            *refused,
            "name the effect that would be worth a trial with --plan_for to see the trial that it needs",
        ]
    effects = f"inside {span(plan.effects.inside)}, outside {span(plan.effects.outside)}"
    sentences = [*refused, f"effect that sizes the trial, {effects}: {plan.effects.source}"]
    if (name := plan.design.name) != plan.requested:
        sentences.append(
            f"design.json keeps {DESIGN_NAMES[name]}, since {DESIGN_NAMES[plan.requested]} cannot be planned"
        )
    return sentences + [
        f"the utility of {DESIGN_NAMES[pair.a]} exceeds that of {DESIGN_NAMES[pair.b]} with probability "
        f"{pair.probability:.2f}"
        for pair in plan.comparisons
    ]


def heterogeneity_sentence(interaction: Interaction | None) -> str:
    """Say whether the score may be called predictive: only if effects differ on the relative scale."""
    if interaction is None or not math.isfinite(interaction.se):
        return (
            "The models predict one relative effect for all patients, so the score is not predictive: a choice by "
            "benefit is a choice by prognosis."
        )
    figures = f"slope {interaction.slope:.2f}, standard error {interaction.se:.2f}, one-sided {p_value(interaction.p)}"
    if interaction.p < LEVEL:
        return (
            f"The relative effect of treatment differs between patients as predicted ({figures}): the score is "
            "predictive."
        )
    return (
        "There is no evidence that the relative effect of treatment differs between patients as predicted "
        f"({figures}): the score may order patients by prognosis alone, and is not called predictive."
    )


def signature_sentence(result: EnrichmentResult) -> str | None:
    """Conclude the adaptive signature design; None if it was not requested."""
    signature = result.signature
    if signature is None:
        return None
    sentence = (
        f"adaptive signature on covariates, {signature.share:.0%} of the patients: {signature.sentence}"
    )
    if signature.p_interaction is None:
        return sentence
    return f"{sentence}; interaction of signature and arm, {p_value(signature.p_interaction)}"


def group_sentences(groups: Mapping[str, Mapping[str, SelectionRate]]) -> list[str]:
    """Write the shares selected, one sentence per grouping."""
    return [
        f"{name}: " + ", ".join(f"{level} {rate.eligible:.0%} of {rate.n}" for level, rate in rates.items())
        for name, rates in groups.items()
    ]


def utility_sentence(row: CutUtility) -> str:
    """Write efficacy minus weight times toxicity at each weight."""
    return ", ".join(f"{effect.estimate:.3f} at {weight:g}" for weight, effect in row.weighed.utility.items())


def dose_sentences(doses: Sequence[DoseRow]) -> list[str]:
    """Write one sentence per treated arm; the last row is all of them pooled."""
    sentences = []
    for number, row in enumerate(doses):
        name = (
            f"{row.arm} pooled, as a sensitivity analysis"
            if number == len(doses) - 1
            else f"{row.arm} against control"
        )
        effects = f"all patients {span(row.all_patients)}, inside {span(row.inside)}"
        sentences.append(f"{name}: " + (effects if row.why is None else f"{effects}; {row.why}"))
    return sentences


def truth_sentences(result: EnrichmentResult) -> list[str]:
    """Compare what was found with what is true, for a simulated cohort; empty for a real one."""
    truth = None if result.run is None else result.run.truth
    if truth is None:
        return []
    both = f"predicted benefit and true benefit ({truth.benefit})"
    sentences = [f"simulated cohort: {both} correlate at {truth.correlation:.2f}"]
    if result.measure not in ("hazard_ratio", "response"):
        return sentences
    found = primary_effects(result)
    return [
        *sentences,
        (
            f"{truth.measure} inside: true {truth.inside:.2f}, found {span(found.inside)}; outside: true "
            f"{truth.outside:.2f}, found {span(found.outside)}; in all patients: true {truth.all_patients:.2f}, found "
            f"{span(found.everyone)}"
        ),
    ]
