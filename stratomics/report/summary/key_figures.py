"""The first screen in numbers: one line on the patients, and three figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from omics.cohort.spec import randomised_word
from stratomics.candidates import CANDIDATES
from stratomics.evaluation.comparison import LABELS, clinical_baseline
from stratomics.evaluation.follow_up import follow_up
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.text.metrics import interval
from stratomics.report.text.split_design import independence_sentence, split_sentence
from stratomics.runs.run_directory import RunDirectory

__all__ = ["KeyFigure", "key_figures", "patients_line"]

RANK_LABELS = {"survival": "concordance (Harrell C)", "response": find_metric("auroc").label}
"""Kind of the primary endpoint -> name of its measure of discrimination for a clinical reader."""


@dataclass(frozen=True)
class KeyFigure:
    """One large number.

    Attributes
    ----------
    value
        The number, or a few words where it is not available.
    label
        What it is.
    note
        Its interval, and what a good value is.
    """

    value: str
    label: str
    note: str


def patients_line(run: RunDirectory) -> str:
    """Write patients, events, follow-up, arms and design in one line."""
    outcome = run.outcome
    n, positive = int(outcome.observed.sum()), int(outcome.label[outcome.observed].sum())
    what = "events" if run.kind == Survival.kind else "positive responses"
    design = f"{split_sentence(run.provenance)} {independence_sentence(run.provenance)}"
    parts = [
        f"{n} patients, {positive} {what} ({positive / max(n, 1):.0%}){_arms(run)}.",
        _follow_up(run),
        design,
    ]
    return " ".join(part for part in parts if part)


def _follow_up(run: RunDirectory) -> str:
    if run.kind != Survival.kind or not run.outcome.observed.any():
        return ""
    result = follow_up(run.survival.take(np.flatnonzero(run.survival.observed)))
    if not np.isfinite(result.median):
        return "Median follow-up cannot be estimated, because most patients had the event."
    shown = survival_unit(run.survival)
    low, high = (shown.text(end) if np.isfinite(end) else "not reached" for end in (result.low, result.high))
    interval = f"{low.removesuffix(f' {shown.name}')} to {high}"
    return f"Median follow-up {shown.text(result.median)} ({interval}; reverse Kaplan-Meier)."


def _arms(run: RunDirectory) -> str:
    arm = run.provenance.get("arm")
    if arm is None or "arm" not in run.patients:
        return ""
    allocation = {"yes": "randomised", "no": "not randomised"}
    randomised = randomised_word(arm["randomised"])
    sizes = run.evaluated["arm"].value_counts(sort=False)
    counts = " + ".join(str(count) for count in sizes[sizes > 0])
    return (
        f", {(sizes > 0).sum()} arms ({counts}), {allocation.get(randomised, f'{randomised} randomisation')}"
    )


def key_figures(run: RunDirectory) -> list[KeyFigure]:
    """Events of the patients, discrimination, and the difference from clinical covariates."""
    return [_patients(run), _discrimination(run), _difference(run)]


def _patients(run: RunDirectory) -> KeyFigure:
    outcome = run.outcome
    n, positive = int(outcome.observed.sum()), int(outcome.label[outcome.observed].sum())
    label = (
        "patients had the event" if run.kind == Survival.kind else f"patients had a positive {run.endpoint}"
    )
    rest = len(outcome.observed) - n
    note = f"Endpoint {run.endpoint}"
    note += f"; not recorded in {rest} further patients." if rest else f", cohort {run.provenance['cohort']}."
    return KeyFigure(f"{positive} of {n}", label, note)


def _discrimination(run: RunDirectory) -> KeyFigure:
    key = DISCRIMINATION[run.kind]
    figure, label = run.metrics[run.endpoint].get(key), RANK_LABELS[run.kind]
    if figure is None:
        return KeyFigure("Not available", label, "No fold has patients that can be compared.")
    return KeyFigure(
        f"{figure['estimate']:.2f}",
        label,
        f"95% interval {figure['low']:.2f} to {figure['high']:.2f}; 0.5 is chance, 1 is perfect.",
    )


def _difference(run: RunDirectory) -> KeyFigure:
    metrics, metric = run.metrics, run.metrics["metric"]
    name = clinical_baseline(CANDIDATES[run.kind])
    figures = (metrics["differences"].get(name) or {}).get(run.endpoint, {})
    covariates = any(str(column).startswith("covariate.") for column in run.patients.columns)
    against = "clinical covariates" if covariates else "a prediction without covariates"
    rank = DISCRIMINATION[run.kind]
    label = f"difference in {RANK_LABELS[run.kind]} from {against}"
    if name is None or rank not in figures:
        return KeyFigure(
            "Not evaluated", label, f"{LABELS.get(str(name), 'The clinical model')} was not fitted."
        )
    shown = figures[rank]
    note = f"95% interval {shown['low']:+.2f} to {shown['high']:+.2f}; above 0, omics add."
    if rank != metric and metric in figures:
        direction = find_metric(metric).direction
        note += f" Declared metric {find_metric(metric).label} {interval(figures[metric], '+')}, {direction}."
    return KeyFigure(f"{shown['estimate']:+.2f}", label, note)
