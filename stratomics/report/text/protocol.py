"""A planned trial in words: power by scenario, a protocol paragraph, and the rpact call that checks it."""

from __future__ import annotations

import math

from models.survival.time_unit import TimeUnit
from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.report.text.assumptions import assumption_text, median_of, steps_of

__all__ = ["population_words", "power_sentence", "protocol_paragraph", "rpact_call", "simulation_sentence"]

SCENARIOS = {
    "estimate": "if the effect is as estimated",
    "drawn": "averaged over the interval of the effect",
    "halved": "if the effect is half",
    "delayed": "if the effect is as estimated but sets in late",
}
"""Scenario of the true effect -> its words in a sentence on power."""

CLEAR = 2.0
"""Standard errors beyond which a difference is not one of chance."""

EQUAL = 0.5
"""Share randomised to treatment in an allocation of 1:1."""


def power_sentence(plan: PlannedTrials) -> str:
    """Write the power of the stored design under each scenario.

    Parameters
    ----------
    plan
        Designs and their virtual trials.

    Returns
    -------
    str
        One or two sentences; empty without a design or virtual trials.
    """
    if plan.design is None:
        return ""
    rows = {row.truth: row.rejected for row in plan.virtual if row.plan == plan.design.name}
    parts = [f"{rows[truth]:.0%} {words}" for truth, words in SCENARIOS.items() if truth in rows]
    if not parts:
        return ""
    sentences = [f"Power of this trial: {', '.join(parts)}."]
    if "null" in rows:
        sentences.append(f"If there is no effect, {rows['null']:.1%} of the trials reject.")
    return " ".join(sentences)


def simulation_sentence(plan: PlannedTrials) -> str:
    """Explain why the power of virtual trials differs from the one that the size was computed for.

    Parameters
    ----------
    plan
        Designs and their virtual trials.

    Returns
    -------
    str
        One sentence; empty without virtual trials of the stored design.
    """
    design = plan.design
    if design is None:
        return ""
    row = next((one for one in plan.virtual if (one.plan, one.truth) == (design.name, "estimate")), None)
    if row is None:
        return ""
    error = f"the Monte Carlo error of {plan.trials:,} trials (standard error {100 * row.rejected_se:.1f}%)"
    within = abs(row.rejected - design.power) <= CLEAR * row.rejected_se
    why = (
        f"within {error}" if within else f"more than {error}: the formula is an approximation for many events"
    )
    return f"The size was computed by a formula for {design.power:.0%}; the difference is {why}."


def protocol_paragraph(design: TrialDesign, treatment: str, unit: TimeUnit, rule: str) -> str:
    """Write a paragraph on the sample size for a protocol.

    Parameters
    ----------
    design
        The planned trial.
    treatment
        The comparison, with the names of the arms.
    unit
        Unit in which times are shown; no name for a response.
    rule
        The rule in words, with its unit.

    Returns
    -------
    str
        Plain sentences to paste; what they assume is in the table of assumptions.
    """
    estimand, values = design.estimand, {one.name: one for one in design.assumptions}
    effect = values.get("hazard ratio inside") or values.get("difference inside")
    sized = ""
    if effect is not None:
        sized = f" for a {effect.name.removesuffix(' inside')} of {assumption_text(effect, unit)}"
    control = values.get("hazard of controls inside") or values.get("response rate of controls inside")
    what = "median time to the event" if unit.name else "response rate"
    expected = f" The {what} expected with control is {assumption_text(control, unit)}." if control else ""
    looks = len(design.events)
    how = (
        f"{design.events[-1]} events in {design.patients} patients"
        if looks
        else f"{design.patients} patients"
    )
    lasts = f" The final analysis is expected after {unit.text(design.duration)}." if design.duration else ""
    analyses = (
        f" There are {looks} analyses, after {', '.join(map(str, design.events))} events."
        if looks > 1
        else ""
    )
    return " ".join(
        [
            f"The trial compares {treatment}. Population: {population_words(estimand.population, rule)}.",
            f"The primary endpoint is {estimand.endpoint}; the effect is measured by the {estimand.summary}.",
            f"Intercurrent events: {estimand.intercurrent_events}. {_ratio(design.allocation)}",
            f"With a one-sided level of {design.alpha:g}, {how} give {design.power:.0%} power{sized}.{expected}",
            f"About {design.tested} candidates are tested.{analyses}{lasts} Multiplicity: {design.multiplicity}.",
            "The assumptions come from an exploratory analysis and have to be confirmed.",
        ]
    )


def population_words(stored: str, rule: str) -> str:
    """Write the population of an estimand for people who do not know the rule.

    Parameters
    ----------
    stored
        Population of ``design.json``.
    rule
        Whom the rule selects, in words.

    Returns
    -------
    str
        `stored`, with `rule` in place of the rule.

    Examples
    --------
    >>> population_words("positive for: benefit above 3", "patients who gain more than 3 days")
    'patients who gain more than 3 days'
    """
    before, selected, _ = stored.partition("positive for: ")
    return f"{before.removesuffix('those ')}{rule}" if selected else stored


def _ratio(share: float) -> str:
    if share == EQUAL:
        return "Patients are randomised 1:1."
    return f"A share of {share:.0%} of the patients is randomised to treatment."


def rpact_call(design: TrialDesign) -> str:
    """Write the call of the R package rpact that computes the size of the trial independently.

    Parameters
    ----------
    design
        The planned trial.

    Returns
    -------
    str
        R code; empty for a design of two populations or several looks, and for an assay with errors, which no single
        call of rpact describes.
    """
    values = {one.name: one.value for one in design.assumptions}
    one_population = design.name in ("enrichment", "all_comers")
    exact = values.get("sensitivity") == 1.0 and values.get("specificity") == 1.0
    if not one_population or len(design.efficacy) > 1 or (design.name == "enrichment" and not exact):
        return ""
    ratio = design.allocation / (1.0 - design.allocation)
    common = f"sided = 1, alpha = {design.alpha:g}, beta = {1.0 - design.power:.3g}"
    where = "inside" if design.name == "enrichment" else ""
    if where and isinstance(hazard_ratio := values.get("hazard ratio inside"), float):
        median = median_of(steps_of(values.get("hazard of controls inside", "")))
        known = f", median2 = {median:.4g}" if math.isfinite(median) else ", lambda2 = 0.1"
        call = f"library(rpact)\ngetSampleSizeSurvival({common}, hazardRatio = {hazard_ratio:.6g}{known}"
        return f"{call},\n  allocationRatioPlanned = {ratio:.3g})$eventsFixed  # {design.events[-1]} here"
    rate, added = values.get("response rate of controls inside"), values.get("difference inside")
    if where and isinstance(rate, float) and isinstance(added, float):
        call = f"library(rpact)\ngetSampleSizeRates({common}, pi1 = {rate + added:.4g}, pi2 = {rate:.4g}"
        return f"{call},\n  allocationRatioPlanned = {ratio:.3g})$nFixed  # {design.patients} here"
    return ""
