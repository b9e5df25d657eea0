"""The four questions of somebody with a minute, answered from rules that claim no more than the intervals do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stratomics.baselines import BASELINES
from stratomics.evaluation.comparison import LABELS, clinical_baseline
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.card.line import FAIL, WATCH, Line
from stratomics.report.summary.enrollment import enrollment_answer
from stratomics.report.summary.next_steps import next_steps
from stratomics.report.text.controls_and_views import controls_fail, design_of_run, design_sentence
from stratomics.report.text.metrics import interval

__all__ = ["Answer", "short_answers"]

Content = Mapping[str, Any]

DEEPER = {
    "factors_ridge": "ridge on the same inputs",
    "late_fusion": "views fitted one by one (late fusion)",
}
"""Baselines that see what ours sees, without its depth -> what they are."""

DISTRUST = "Do not trust this run: a control, of which nothing can be learned, came out off chance. "

DONE = "Nothing of the card asks for more: what is left is to write down what only people know."


@dataclass(frozen=True)
class Answer:
    """One question and its answer.

    Attributes
    ----------
    question, verdict
        The verdict in a few words.
    sentences
        With the numbers.
    links
        Anchor of a section of the report -> what is there.
    """

    question: str
    verdict: str
    sentences: tuple[str, ...]
    links: Mapping[str, str]


def short_answers(
    metrics: Content, provenance: Content, enrichment: Content | None, card: Sequence[Line], *, clinic: bool
) -> list[Answer]:
    """Answer whether omics add, whether that can be trusted, who should be enrolled, and what comes next.

    Parameters
    ----------
    metrics, provenance
        Content of ``metrics.json`` and ``provenance.json``.
    enrichment
        Of :func:`stratomics.enrichment.store.load_enrichment`; None where nobody asked.
    card
        Lines of the report card.
    clinic
        Whether the cohort has covariates at all.

    Returns
    -------
    list of Answer
        In this order. Where a control came out off chance, each begins with not to trust it.
    """
    found = [
        _omics(metrics, provenance, clinic),
        _trust(provenance, card),
        _enrolled(enrichment, provenance),
        _next(metrics, provenance, enrichment, card),
    ]
    if not controls_fail(metrics):
        return found
    return [
        replace(
            one, verdict="Do not trust this run", sentences=(DISTRUST + one.sentences[0], *one.sentences[1:])
        )
        for one in found
    ]


def _omics(metrics: Content, provenance: Content, clinic: bool) -> Answer:
    question, kind = "Do omics add over the clinic?", str(provenance.get("kind", "survival"))
    links = {"performance": "All methods side by side", "ledger": "What each view adds"}
    name = clinical_baseline(BASELINES[kind])
    assert name is not None
    difference = (metrics["differences"].get(name) or {}).get(metrics["endpoint"], {}).get(metrics["metric"])
    if difference is None:
        said = (
            f"The clinic alone was not fitted beside it. Run again with {LABELS[name]} among the baselines: "
        )
        return Answer(question, "Cannot be said", (f"{said}`--baselines [{name}]`.",), links)
    verdict, words = _compared(metrics, name, difference, clinic)
    views, depth = _views(metrics), _depth(metrics)
    return Answer(question, verdict, tuple(part for part in (words, views, depth) if part), links)


def _compared(metrics: Content, name: str, difference: Content, clinic: bool) -> tuple[str, str]:
    metric, endpoint = metrics["metric"], metrics["endpoint"]
    ours, theirs = metrics[endpoint][metric], metrics["baselines"][name][endpoint][metric]
    against = LABELS[name] if clinic else "a prediction that is the same for everybody"
    figures = (
        f"{find_metric(metric).label} {interval(ours)} against {interval(theirs)} of {against} "
        f"({find_metric(metric).direction}); difference {interval(difference, '+')}"
    )
    nothing = "" if clinic else "The cohort names no clinical covariates: there is no clinic to add to. "
    way = _way(difference, metric)
    if way > 0:
        verdict = "Yes, in patients like these" if clinic else "There is no clinic to compare with"
        return (
            verdict,
            f"{nothing}Predictions with omics are better. {figures}, an interval that leaves out 0.",
        )
    if way < 0:
        verdict = "No: the clinic alone does better" if clinic else "No: omics do worse than knowing nothing"
        return (
            verdict,
            f"{nothing}Predictions with omics are worse. {figures}, an interval that leaves out 0.",
        )
    words = "That is no evidence of a difference, and none that they are equal."
    return "Not shown", f"{nothing}{figures}, an interval that holds 0. {words}"


def _way(difference: Content, metric: str) -> int:
    """1 better, -1 worse, 0 not told apart, by a paired difference of ours minus theirs."""
    low, high = difference["low"], difference["high"]
    if not (low > 0.0 or high < 0.0):
        return 0
    return 1 if (low > 0.0) == find_metric(metric).higher_is_better else -1


def _views(metrics: Content) -> str:
    """Say which views add to the others, by one and the same method."""
    rows = [row for row in metrics.get("ledger") or () if row["gain"] is not None]
    if not rows:
        return ""
    adds = [f"{row['view']} ({interval(row['gain'], '+')})" for row in rows if row["gain"]["low"] > 0]
    hurts = [f"{row['view']} ({interval(row['gain'], '+')})" for row in rows if row["gain"]["high"] < 0]
    said = f"By one and the same ridge, {' and '.join(adds)} {'adds' if len(adds) == 1 else 'add'} to all the others."
    if not adds:
        said = f"By one and the same ridge, none of the {len(rows)} views is shown to add to all the others together."
        said += " They may tell the same." if len(rows) > 1 else ""
    return f"{said} Better without: {', '.join(hurts)}." if hurts else said


def _depth(metrics: Content) -> str:
    """Say whether our method does better than plain ones that see the same."""
    metric, endpoint = metrics["metric"], metrics["endpoint"]
    ways: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for name, label in DEEPER.items():
        difference = (metrics["differences"].get(name) or {}).get(endpoint, {}).get(metric)
        if difference is not None:
            ways[_way(difference, metric)].append(label)
    words = {1: "better than", 0: "no evidence of a difference from", -1: "worse than"}
    said = [f"{words[way]} {' or '.join(labels)}" for way, labels in ways.items() if labels]
    return f"What its depth is worth: {'; '.join(said)}." if said else ""


def _trust(provenance: Content, card: Sequence[Line]) -> Answer:
    fails, watched = ([line.check.lower() for line in card if line.verdict == v] for v in (FAIL, WATCH))
    said = []
    if fails:
        said.append(f"Of {len(card)} lines of the report card {len(fails)} fail: {', '.join(fails)}.")
    if watched:
        said.append(
            f"Of {len(card)} lines of the report card {len(watched)} want watching: {', '.join(watched)}."
        )
    if not said:
        said.append(f"All {len(card)} lines of the report card pass.")
    elsewhere = design_of_run(provenance) == "external"
    where = "It was evaluated on another cohort." if elsewhere else "No other cohort has been asked."
    said.append(f"{design_sentence(provenance)} Nobody was predicted by models that saw him. {where}")
    verdict = "No, not as it stands" if fails else "With care" if watched else "Yes, in patients like these"
    return Answer(
        "Can this be trusted?", verdict, tuple(said), {"card": "The report card", "limits": "Limits"}
    )


def _enrolled(enrichment: Content | None, provenance: Content) -> Answer:
    verdict, said = enrollment_answer(enrichment, arms=provenance.get("arm") is not None)
    links = {"enrichment": "Enrichment", "explorer": "Try another threshold"}
    return Answer("Who should be enrolled?", verdict, tuple(said), links)


def _next(metrics: Content, provenance: Content, enrichment: Content | None, card: Sequence[Line]) -> Answer:
    steps = next_steps(metrics, provenance, enrichment, card) or [DONE]
    return Answer("What next?", "In this order", tuple(steps), {"tripod": "What is still to be written down"})
