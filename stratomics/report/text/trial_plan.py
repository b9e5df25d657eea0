"""What is said of a plan, on the screen and in the report alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "DESIGN_NAMES",
    "TRUTH_NAMES",
    "dose_sentences",
    "heterogeneity_sentences",
    "plan_sentences",
    "span",
    "truth_sentences",
]

Content = Mapping[str, Any]

DESIGN_NAMES = {
    "all_comers": "all comers",
    "stratified": "all comers, stratified by the rule",
    "enrichment": "enrichment",
    "adaptive": "adaptive enrichment",
}
TRUTH_NAMES = {
    "estimate": "the honest estimate is true",
    "drawn": "drawn from its interval",
    "halved": "half of it is true",
    "delayed": "true, but late",
    "null": "no effect at all",
}
SURE = 0.05


def span(effect: Content | None) -> str:
    """Write an effect with its interval."""
    return (
        "none"
        if effect is None
        else f"{effect['estimate']:.3f} ({effect['low']:.3f} to {effect['high']:.3f})"
    )


def plan_sentences(plan: Content) -> list[str]:
    """Sentences beside the designs."""
    said = [f"{DESIGN_NAMES.get(name, name)}: not planned, {why}" for name, why in plan["refused"].items()]
    if plan["design"] is None:
        return [
            *said,
            "name the effect that would be worth a trial with --plan_for to see the trial that it takes",
        ]
    found = plan["believed"]
    said.append(
        f"honest effect inside {span(found['inside'])}, outside {span(found['outside'])}: {found['source']}"
    )
    if (name := plan["design"]["name"]) != plan["asked"]:
        said.append(
            f"design.json keeps {DESIGN_NAMES[name]}, since {DESIGN_NAMES[plan['asked']]} cannot be planned"
        )
    for pair in plan["better"]:
        a, b = DESIGN_NAMES[pair["a"]], DESIGN_NAMES[pair["b"]]
        said.append(f"the utility of {a} exceeds that of {b} with probability {pair['probability']:.2f}")
    return said


def heterogeneity_sentences(found: Content | None) -> str:
    """Whether anything may be called predictive: only what differs on the relative scale."""
    if found is None or found["se"] is None:
        return (
            "The models predict one relative effect for everybody, so that nothing here is predictive: who is "
            "chosen by benefit is chosen by prognosis."
        )
    said = f"slope {found['slope']:.2f}, standard error {found['se']:.2f}, one-sided p {found['p']:.2g}"
    if found["p"] < SURE:
        return (
            f"The relative effect of treatment differs between patients as predicted ({said}): the score is "
            "predictive."
        )
    return (
        f"There is no evidence that the relative effect of treatment differs between patients as predicted ({said}): "
        "the score may order patients by prognosis alone, and is not called predictive."
    )


def dose_sentences(doses: list[dict[str, Any]]) -> list[str]:
    """Give a sentence an arm; the last row is all of them pooled."""
    said = []
    for number, row in enumerate(doses):
        name = (
            f"{row['arm']} pooled, as a sensitivity"
            if number == len(doses) - 1
            else f"{row['arm']} against control"
        )
        effects = f"everybody {span(row['everybody'])}, inside {span(row['inside'])}"
        said.append(f"{name}: " + (effects if row["why"] is None else f"{effects}; {row['why']}"))
    return said


def truth_sentences(answer: Content) -> list[str]:
    """Say what was found beside what is true, of a simulated cohort."""
    truth = answer["truth"]
    if truth is None:
        return []
    row = answer["rows"][1 + answer["best"]]
    both = f"predicted benefit and true benefit ({truth['benefit']})"
    said = [f"simulated cohort: {both} correlate at {truth['correlation']:.2f}"]
    corrected = (
        "" if answer["search"] is None else f", {span(answer['search']['out_of_bag'])} without optimism"
    )
    if answer["measure"] not in ("hazard_ratio", "response"):
        return said
    said.append(
        f"{truth['measure']} inside: true {truth['inside']:.3f}, found {span(row['inside'])}{corrected}; outside: true "
        f"{truth['outside']:.3f}, found {span(row['outside'])}; of everybody: true {truth['everybody']:.3f}, found "
        f"{span(answer['rows'][0]['inside'])}"
    )
    return said
