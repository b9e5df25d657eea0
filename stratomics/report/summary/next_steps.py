"""Recommended next steps, from the lines of the report card that do not pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from stratomics.enrichment.result import AnyEnrichment
from stratomics.evaluation.comparison import clinical_baseline
from stratomics.report.card.line import FAIL, PASS, Line
from stratomics.report.text.split_design import split_design

__all__ = ["Step", "next_steps", "patients_needed"]

Content = Mapping[str, Any]
"""``metrics.json`` or ``provenance.json`` as read from storage."""

MOST = 5
"""Maximum number of steps."""

ENOUGH = 5
"""Repeats after which another one hardly changes the mean."""

FURTHEST = 20.0
"""Largest multiple of the number of patients for which a required number is reported."""

RUN = "stratomics run config.yaml"
"""Commands are written between backticks, which the report shows as code."""

TITLES = {
    "controls": "find what leaks the outcome",
    "missing": "find out why views are missing",
    "calibration": "improve the calibration",
    "coverage": "do not use sets or bounds where coverage is low",
    "sites": "include more sites",
    "size": "include more patients",
    "stability": "repeat the cross-validation",
    "ood": "check the patients who are out of distribution",
}
"""Check that does not pass -> its step in a few words, for the first screen."""

STEPS = {
    "controls": (
        "Before anything else, find what leaks the outcome: an identifier, the order of the rows, or a column recorded "
        "after the outcome. `stratomics check COHORT` checks the cohort."
    ),
    "missing": (
        "Find out why views are missing in some patients. Measure them, or compare with a run without the view."
    ),
    "calibration": (
        "Check the calibration curves, and try other heads and penalties, selected within the training parts: "
        "`stratomics tune config.yaml`."
    ),
    "coverage": (
        "Do not use prediction sets or bounds in groups with low coverage until more of their patients have been "
        "followed."
    ),
    "sites": "Include patients from more sites, declared in cohort.yaml (site:).",
    "size": "Include more patients.",
    "stability": (
        f"Repeat the cross-validation to measure the variability between splits: `{RUN} --split.repeats {ENOUGH}`. Do "
        "not interpret factors with poor stability."
    ),
    "ood": "Check the patients for whom the models abstain: their characteristics and their missing data.",
}
"""Check that does not pass -> recommended step, unless the run allows a more specific one."""


SMALLER_GROUP = {
    "survival": "Include more patients with the event.",
    "response": "Include more patients in the smaller class.",
}
"""Kind of endpoint -> the patients that limit the sample size."""

IF_WATCHED = {
    "controls": f"Run the negative controls, which detect a leak of the outcome: `{RUN} --controls null`.",
    "coverage": (
        "Do not rely on prediction sets or bounds where observed coverage is below nominal until more patients have "
        "been followed."
    ),
}
"""Check with the verdict watch -> recommended step."""

WATCHED_TITLES = {"controls": "run the negative controls"}
"""Check with the verdict watch -> its step in a few words, where it is another one."""


class Step(NamedTuple):
    """A recommended step: in a few words, and as a sentence with the command."""

    title: str
    text: str


def next_steps(
    metrics: Content, provenance: Content, enrichment: AnyEnrichment | None, card: Sequence[Line]
) -> list[Step]:
    """List at most five steps: failed checks first, then enrichment and external validation, then watched checks.

    Parameters
    ----------
    metrics, provenance, enrichment, card
        As for :func:`stratomics.report.summary.answers.short_answers`.

    Returns
    -------
    list of Step
        Most important first.
    """
    failed = [
        Step(TITLES[line.name], _step(line.name, metrics, provenance))
        for line in card
        if line.verdict == FAIL
    ]
    watched = [
        Step(
            WATCHED_TITLES.get(line.name, TITLES[line.name]),
            IF_WATCHED.get(line.name) or _step(line.name, metrics, provenance),
        )
        for line in card
        if line.verdict not in (FAIL, PASS)
    ]
    further = []
    if provenance.get("arm") is not None and enrichment is None:
        further.append(
            Step(
                "estimate which patients benefit", "Estimate which patients benefit: `stratomics enrich RUN`."
            )
        )
    if split_design(provenance) != "external":
        command = f"`{RUN} --split.design external --split.external COHORT`"
        further.append(
            Step("validate on another cohort", f"Validate on another cohort from another centre: {command}.")
        )
    return (failed + further + watched)[:MOST]


def _step(name: str, metrics: Content, provenance: Content) -> str:
    if name == "size":
        return SMALLER_GROUP[str(provenance.get("kind", "survival"))] + patients_needed(metrics, provenance)
    if name == "sites" and split_design(provenance) != "leave_site_out" and _has_sites(metrics):
        return f"Predict each site with models trained on all other sites: `{RUN} --split.design leave_site_out`."
    if name == "stability" and provenance.get("design", {}).get("repeats", 1) >= ENOUGH:
        return "Do not interpret factors with poor stability or the result of one fold; rely on the mean over folds."
    return STEPS[name]


def _has_sites(metrics: Content) -> bool:
    """Whether coverage was evaluated by site."""
    return any(row["by"] == "site" for row in metrics.get("coverage") or ())


def patients_needed(metrics: Content, provenance: Content) -> str:
    """Estimate how many patients would show the observed difference from the clinical model.

    The width of an interval is inversely proportional to the square root of the number of patients. The result is the
    number at which half the width equals the observed difference.

    Parameters
    ----------
    metrics
        Content of ``metrics.json``.
    provenance
        Content of ``provenance.json``.

    Returns
    -------
    str
        A sentence with a leading space. Empty if the interval already excludes 0, or if more than twenty times the
        patients would be needed.

    Examples
    --------
    >>> metrics = {"endpoint": "os", "metric": "ibs",
    ...            "differences": {"clinical_cox": {"os": {"ibs": {"estimate": -0.01, "low": -0.03, "high": 0.01}}}}}
    >>> patients_needed(metrics, {"kind": "survival", "patients": {"evaluated": 100}})
    ' The observed difference from the clinical model would need about 400 patients instead of 100 to be shown.'
    """
    name = clinical_baseline(metrics["differences"])
    difference = (metrics["differences"].get(name) or {}).get(metrics["endpoint"], {}).get(metrics["metric"])
    n = provenance.get("patients", {}).get("evaluated")
    if difference is None or n is None or not difference["low"] <= 0.0 <= difference["high"]:
        return ""
    half, observed = (difference["high"] - difference["low"]) / 2, abs(difference["estimate"])
    if not observed * FURTHEST**0.5 > half:
        return ""
    needed = round(n * (half / observed) ** 2, -1)
    if not needed > n:
        return ""
    change = f"about {needed:.0f} patients instead of {n}"
    return f" The observed difference from the clinical model would need {change} to be shown."
