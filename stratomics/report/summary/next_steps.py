"""What to do next, from the lines of the report card that do not pass: the few steps that are worth most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from stratomics.evaluation.comparison import clinical_baseline
from stratomics.report.card.line import FAIL, PASS, Line
from stratomics.report.text.controls_and_views import design_of_run

__all__ = ["next_steps", "patients_to_tell"]

Content = Mapping[str, Any]

MOST = 5
"""Steps; whoever is given more does none."""

ENOUGH = 5
"""Repeats after which another hardly moves the mean."""

FURTHEST = 20.0
"""Times as many patients as there are, beyond which no number is named."""

RUN = "stratomics run config.yaml"
"""Commands stand between backticks, which the report shows as such."""

STEPS = {
    "controls": (
        "Find what tells the outcome, before anything else: an id, the order of rows, or a column that was written "
        "afterwards. `stratomics check COHORT` looks at the cohort."
    ),
    "missing": (
        "Find out why views are missing in those who lack them; measure them, or compare a run without the view."
    ),
    "calibration": (
        "Look at the calibration curves, and try other heads and penalties, chosen inside the training parts: "
        "`stratomics tune config.yaml`."
    ),
    "coverage": (
        "Do not use sets or bounds in the groups that are covered less, before more of them have been followed."
    ),
    "sites": "Patients of more sites, named in cohort.yaml (site:).",
    "size": "More patients.",
    "stability": (
        f"Draw the folds anew, to see their luck: `{RUN} --split.repeats {ENOUGH}`. Do not interpret poor factors."
    ),
    "outlying": "Look at those for whom it abstains: who they are, and what they lack.",
}
"""Check that does not pass -> what helps, where nothing better is known of the run."""


RARER = {"survival": "More patients with the event.", "response": "More patients of the rarer class."}
"""Kind of endpoint -> whom there should be more of."""

IF_WATCHED = {
    "controls": f"Run the controls, which show a leak of the outcome: `{RUN} --controls null`.",
    "coverage": "Use no promise of a set or bound where it was not kept, before more patients have been followed.",
}
"""Check that is only to be watched -> what helps then."""


def next_steps(
    metrics: Content, provenance: Content, enrichment: Content | None, card: Sequence[Line]
) -> list[str]:
    """Give at most five steps: what fails first, then what would settle the most.

    Parameters
    ----------
    metrics, provenance, enrichment, card
        As :func:`stratomics.report.summary.answers.short_answers` takes them.
    """
    failed = [_step(line.name, metrics, provenance) for line in card if line.verdict == FAIL]
    watched = [
        IF_WATCHED.get(line.name) or _step(line.name, metrics, provenance)
        for line in card
        if line.verdict not in (FAIL, PASS)
    ]
    outer = []
    if provenance.get("arm") is not None and enrichment is None:
        outer.append("Ask who benefits: `stratomics enrich RUN`.")
    if design_of_run(provenance) != "external":
        outer.append(
            f"Another cohort, of another place: `{RUN} --split.design external --split.external COHORT`."
        )
    return (failed + outer + watched)[:MOST]


def _step(name: str, metrics: Content, provenance: Content) -> str:
    if name == "size":
        return RARER[str(provenance.get("kind", "survival"))] + patients_to_tell(metrics, provenance)
    if name == "sites" and design_of_run(provenance) != "leave_site_out" and _has_sites(metrics):
        return f"Predict each site from all others: `{RUN} --split.design leave_site_out`."
    if name == "stability" and provenance.get("design", {}).get("repeats", 1) >= ENOUGH:
        return "Interpret neither poor factors nor a single fold: what holds is the mean over the folds."
    return STEPS[name]


def _has_sites(metrics: Content) -> bool:
    """Whether coverage was looked at by site."""
    return any(row["by"] == "site" for row in metrics.get("coverage") or ())


def patients_to_tell(metrics: Content, provenance: Content) -> str:
    """Say how many patients would tell ours from the clinic, if the difference is as large as it was here.

    An interval narrows with the square root of the number of patients: those that make its half width as large as the
    difference. Nothing is said where they are told apart already, nor beyond twenty times the patients.

    Examples
    --------
    >>> metrics = {"endpoint": "os", "metric": "ibs",
    ...            "differences": {"clinical_cox": {"os": {"ibs": {"estimate": -0.01, "low": -0.03, "high": 0.01}}}}}
    >>> patients_to_tell(metrics, {"kind": "survival", "patients": {"evaluated": 100}})
    ' A difference from the clinic as large as here would be told by about 400 patients in place of 100.'
    """
    name = clinical_baseline(metrics["differences"])
    difference = (metrics["differences"].get(name) or {}).get(metrics["endpoint"], {}).get(metrics["metric"])
    n = provenance.get("patients", {}).get("evaluated")
    if difference is None or n is None or not difference["low"] <= 0.0 <= difference["high"]:
        return ""
    half, seen = (difference["high"] - difference["low"]) / 2, abs(difference["estimate"])
    if not seen * FURTHEST**0.5 > half:
        return ""
    needed = round(n * (half / seen) ** 2, -1)
    if not needed > n:
        return ""
    told = f"would be told by about {needed:.0f} patients in place of {n}."
    return f" A difference from the clinic as large as here {told}"
