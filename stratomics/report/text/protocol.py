"""A planned trial in words: power by scenario, assumptions, a protocol paragraph, and the rpact call that checks it."""

from __future__ import annotations

import math
import re

from stratomics.enrichment.design.trial_design import Assumption, TrialDesign
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.report.text.numbers import duration

__all__ = ["assumption_text", "power_sentence", "protocol_paragraph", "rpact_call"]

SCENARIOS = {
    "estimate": "if the effect is as estimated",
    "drawn": "averaged over the interval of the effect",
    "halved": "if the effect is half",
    "delayed": "if the effect is as estimated but sets in late",
}
"""Scenario of the true effect -> its words in a sentence on power."""

EQUAL = 0.5
"""Share randomised to treatment in an allocation of 1:1."""

STEP = re.compile(r"([\d.eE+-]+) from ([\d.eE+-]+)")
"""One step of a rate that changes over time."""


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
    text = f"Power of this trial: {', '.join(parts)}."
    return (
        f"{text} If there is no effect, {rows['null']:.1%} of the trials reject." if "null" in rows else text
    )


def assumption_text(assumption: Assumption, unit: str) -> str:
    """Write the value of an assumption, with its unit of time.

    Parameters
    ----------
    assumption
        One assumption of a design.
    unit
        Unit of time of the endpoint; empty for a response.

    Returns
    -------
    str
        A hazard over time is written as the median that it implies.

    Examples
    --------
    >>> assumption_text(Assumption("hazard of controls inside", "0.1 from 0; 0.2 from 5", "data"), "days")
    'median 6.0 days'
    >>> assumption_text(Assumption("prevalence", 0.4975, "data"), "days")
    '50%'
    """
    name, value = assumption.name, assumption.value
    steps = [(float(start), float(rate)) for rate, start in STEP.findall(str(value))]
    if name.startswith("hazard of") and steps:
        median = _median(steps)
        return f"median {duration(median, unit)}" if math.isfinite(median) else "median not reached"
    if steps:
        rates = [rate for _, rate in steps]
        return (
            f"{rates[0]:.2g} per {unit.removesuffix('s')}"
            if len(rates) == 1
            else f"{rates[0]:.2g} to {rates[-1]:.2g}"
        )
    if not isinstance(value, float):
        return str(value)
    if name.startswith(("prevalence", "sensitivity", "specificity", "response rate")):
        return f"{value:.0%}"
    if name.startswith("follow-up"):
        return duration(value, unit)
    return f"{value:.2g} per {unit.removesuffix('s')}" if name == "dropout" else f"{value:.3g}"


def _median(steps: list[tuple[float, float]]) -> float:
    """Time at which a hazard that is constant between steps has led to one half; infinite if it never does."""
    left = math.log(2.0)
    for (start, rate), (end, _) in zip(steps, [*steps[1:], (math.inf, 0.0)], strict=True):
        if rate * (end - start) >= left and rate > 0.0:
            return start + left / rate
        left -= rate * (end - start) if rate > 0.0 else 0.0
    return math.inf


def protocol_paragraph(design: TrialDesign, treatment: str, unit: str) -> str:
    """Write a paragraph on the sample size for a protocol.

    Parameters
    ----------
    design
        The planned trial.
    treatment
        The comparison, with the names of the arms.
    unit
        Unit of time; empty for a response.

    Returns
    -------
    str
        Plain sentences to paste; what they assume is in the table of assumptions.
    """
    estimand, values = design.estimand, {one.name: one for one in design.assumptions}
    effect = values.get("hazard ratio inside") or values.get("difference inside")
    sized = f" for a {effect.name} of {assumption_text(effect, unit)}" if effect is not None else ""
    control = values.get("hazard of controls inside") or values.get("response rate of controls inside")
    what = (
        "The time to the event expected with control is: "
        if unit
        else "The response rate expected with control is "
    )
    expected = f" {what}{assumption_text(control, unit)}." if control else ""
    looks = len(design.events)
    how = (
        f"{design.events[-1]} events in {design.patients} patients"
        if looks
        else f"{design.patients} patients"
    )
    lasts = (
        f" The final analysis is expected after {duration(design.duration, unit)}." if design.duration else ""
    )
    analyses = (
        f" There are {looks} analyses, after {', '.join(map(str, design.events))} events."
        if looks > 1
        else ""
    )
    return " ".join(
        [
            f"The trial compares {treatment}. Population: {_population(estimand.population)}.",
            f"The primary endpoint is {estimand.endpoint}; the effect is measured by the {estimand.summary}.",
            f"Intercurrent events: {estimand.intercurrent_events}. {_ratio(design.allocation)}",
            f"With a one-sided level of {design.alpha:g}, {how} give {design.power:.0%} power{sized}.{expected}",
            f"About {design.tested} candidates are tested.{analyses}{lasts} Multiplicity: {design.multiplicity}.",
            "The assumptions come from an exploratory analysis and have to be confirmed.",
        ]
    )


def _population(stored: str) -> str:
    """Write the population of an estimand for people who do not know the rule."""
    return stored.replace("positive for: ", "patients selected by the rule ")


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
        steps = [
            (float(at), float(rate))
            for rate, at in STEP.findall(str(values.get("hazard of controls inside")))
        ]
        median = _median(steps)
        known = f", median2 = {median:.4g}" if math.isfinite(median) else ", lambda2 = 0.1"
        call = f"library(rpact)\ngetSampleSizeSurvival({common}, hazardRatio = {hazard_ratio:.6g}{known}"
        return f"{call},\n  allocationRatioPlanned = {ratio:.3g})$eventsFixed  # {design.events[-1]} here"
    rate, added = values.get("response rate of controls inside"), values.get("difference inside")
    if where and isinstance(rate, float) and isinstance(added, float):
        call = f"library(rpact)\ngetSampleSizeRates({common}, pi1 = {rate + added:.4g}, pi2 = {rate:.4g}"
        return f"{call},\n  allocationRatioPlanned = {ratio:.3g})$nFixed  # {design.patients} here"
    return ""
