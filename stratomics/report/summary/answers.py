"""The four questions of the first page, answered by rules that claim no more than the intervals show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stratomics.candidates import CANDIDATES
from stratomics.enrichment.result import AnyEnrichment
from stratomics.evaluation.comparison import LABELS, clinical_baseline
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.card.line import FAIL, OPEN, PASS, WATCH, Line
from stratomics.report.summary.enrollment import PLANNED, enrollment_answer
from stratomics.report.summary.next_steps import Step, next_steps
from stratomics.report.text.metrics import clinical_advice, controls_fail, interval
from stratomics.report.text.split_design import independence_sentence, split_design, split_sentence

__all__ = ["Answer", "short_answers"]

Content = Mapping[str, Any]
"""``metrics.json``, ``provenance.json`` or ``enrichment.json`` as read from storage."""

SIMPLER = {
    "factors_ridge": "ridge on the same inputs",
    "late_fusion": "late fusion of models per view",
}
"""Baselines on the same data without a neural network -> their description."""

DISTRUST = "Do not trust this run: a negative control, which contains no signal, differs from chance. "

DONE = Step(
    "complete the checklists",
    "All checks pass and no further analysis is recommended. Complete the checklists.",
)


@dataclass(frozen=True)
class Answer:
    """One question and its answer.

    Attributes
    ----------
    question, verdict
        The question, and the answer in a few words.
    sentences
        The reasons, with numbers.
    links
        Anchor of a section of the report -> text of the link.
    grade
        PASS, WATCH, FAIL, or OPEN for a question that the run does not answer.
    brief
        The main reason in a few words, for the first screen.
    """

    question: str
    verdict: str
    sentences: tuple[str, ...]
    links: Mapping[str, str]
    grade: str
    brief: str


def short_answers(
    metrics: Content,
    provenance: Content,
    enrichment: AnyEnrichment | None,
    card: Sequence[Line],
    *,
    covariates: bool,
) -> list[Answer]:
    """Answer whether omics improve prediction, whether to trust the run, who to enrol, and what to do next.

    Parameters
    ----------
    metrics, provenance
        Content of ``metrics.json`` and ``provenance.json``.
    enrichment
        Result of :func:`stratomics.enrichment.store.load_enrichment`; None if enrichment was not analysed.
    card
        Lines of the report card.
    covariates
        Whether the cohort has clinical covariates.

    Returns
    -------
    list of Answer
        In this order. If a negative control differs from chance, every answer starts with a warning.
    """
    answers = [
        _omics(metrics, provenance, covariates),
        _trust(provenance, card),
        _enrolled(enrichment, provenance),
        _next(metrics, provenance, enrichment, card),
    ]
    if not controls_fail(metrics):
        return answers
    return [
        replace(
            answer,
            verdict="Do not trust this run",
            grade=FAIL,
            brief="A negative control, which contains no signal, differs from chance.",
            sentences=(DISTRUST + answer.sentences[0], *answer.sentences[1:]),
        )
        for answer in answers
    ]


def _omics(metrics: Content, provenance: Content, covariates: bool) -> Answer:
    question, kind = (
        "Do omics improve prediction over clinical covariates?",
        str(provenance.get("kind", "survival")),
    )
    links = {"performance": "All methods", "view_contributions": "Contribution of each view"}
    name = clinical_baseline(CANDIDATES[kind])
    assert name is not None
    difference = (metrics["differences"].get(name) or {}).get(metrics["endpoint"], {}).get(metrics["metric"])
    if difference is None:
        sentence = (
            f"The clinical model was not fitted. Run again with {LABELS[name]} among the baselines: "
            f"`--baselines [{name}]`."
        )
        return Answer(
            question, "Not evaluated", (sentence,), links, OPEN, "The clinical model was not fitted."
        )
    verdict, comparison = _compared(metrics, name, difference, covariates)
    advice = clinical_advice(metrics, covariates=covariates)
    sentences = (comparison, advice, _views(metrics), _simpler_models(metrics))
    direction = _direction(difference, metrics["metric"])
    grade = {1: PASS, 0: WATCH, -1: FAIL}[direction]
    interval_of = f"the 95% interval of the difference in {find_metric(metrics['metric']).label}"
    brief = f"Not shown to be better than clinical covariates: {interval_of} includes 0."
    if direction:
        brief = f"T{interval_of[1:]} excludes 0."
    elif not covariates:
        brief = f"T{interval_of[1:]} includes 0."
    return Answer(
        question, verdict, tuple(sentence for sentence in sentences if sentence), links, grade, brief
    )


def _compared(metrics: Content, name: str, difference: Content, covariates: bool) -> tuple[str, str]:
    """Verdict and sentence on the difference from the clinical model."""
    metric, endpoint = metrics["metric"], metrics["endpoint"]
    ours, theirs = metrics[endpoint][metric], metrics["baselines"][name][endpoint][metric]
    against = LABELS[name] if covariates else "the same prediction for all patients"
    figures = (
        f"{find_metric(metric).label} {interval(ours)} against {interval(theirs)} for {against} "
        f"({find_metric(metric).direction}); difference {interval(difference, '+')}"
    )
    note = "" if covariates else "The cohort has no clinical covariates to compare with. "
    direction = _direction(difference, metric)
    if direction > 0:
        verdict = "Yes, in patients like these" if covariates else "No clinical covariates to compare with"
        return verdict, f"{note}Predictions with omics are better. {figures}; the interval excludes 0."
    if direction < 0:
        verdict = (
            "No: clinical covariates alone are better"
            if covariates
            else "No: omics are worse than an uninformative prediction"
        )
        return verdict, f"{note}Predictions with omics are worse. {figures}; the interval excludes 0."
    meaning = "There is no evidence of a difference, and no evidence that both are equal."
    return "Not shown", f"{note}{figures}; the interval includes 0. {meaning}"


def _direction(difference: Content, metric: str) -> int:
    """Return 1 if stratomics is better, -1 if worse, and 0 if the interval of the paired difference includes 0."""
    low, high = difference["low"], difference["high"]
    if not (low > 0.0 or high < 0.0):
        return 0
    return 1 if (low > 0.0) == find_metric(metric).higher_is_better else -1


def _views(metrics: Content) -> str:
    """State which views add to the others, by ridge regression on each."""
    rows = [row for row in metrics.get("ledger") or () if row["gain"] is not None]
    if not rows:
        return ""
    adds = [f"{row['view']} ({interval(row['gain'], '+')})" for row in rows if row["gain"]["low"] > 0]
    harms = [f"{row['view']} ({interval(row['gain'], '+')})" for row in rows if row["gain"]["high"] < 0]
    verb = "adds" if len(adds) == 1 else "add"
    text = f"With ridge regression on every view, {' and '.join(adds)} {verb} to all other views."
    if not adds:
        text = f"With ridge regression on every view, none of the {len(rows)} views is shown to add to all others."
        text += " Views may be redundant." if len(rows) > 1 else ""
    return f"{text} Better without: {', '.join(harms)}." if harms else text


def _simpler_models(metrics: Content) -> str:
    """Compare stratomics with simpler models on the same data."""
    metric, endpoint = metrics["metric"], metrics["endpoint"]
    labels: dict[int, list[str]] = {1: [], 0: [], -1: []}
    for name, label in SIMPLER.items():
        difference = (metrics["differences"].get(name) or {}).get(endpoint, {}).get(metric)
        if difference is not None:
            labels[_direction(difference, metric)].append(label)
    phrases = {1: "better than", 0: "no evidence of a difference from", -1: "worse than"}
    texts = [f"{phrases[way]} {' or '.join(names)}" for way, names in labels.items() if names]
    return f"Comparison of stratomics with simpler models: {'; '.join(texts)}." if texts else ""


def _trust(provenance: Content, card: Sequence[Line]) -> Answer:
    fails, watched = ([line.check.lower() for line in card if line.verdict == v] for v in (FAIL, WATCH))
    sentences = []
    if fails:
        sentences.append(f"{len(fails)} of {len(card)} checks of the report card fail: {', '.join(fails)}.")
    if watched:
        sentences.append(
            f"{len(watched)} of {len(card)} checks of the report card have the verdict watch: {', '.join(watched)}."
        )
    if not sentences:
        sentences.append(f"All {len(card)} checks of the report card pass.")
    external = split_design(provenance) == "external"
    where = "The model was evaluated on another cohort." if external else "There is no external validation."
    sentences.append(f"{split_sentence(provenance)} {independence_sentence(provenance)} {where}")
    verdict, grade = (
        ("No", FAIL)
        if fails
        else ("With caution", WATCH)
        if watched
        else ("Yes, in patients like these", PASS)
    )
    links = {"card": "Report card", "limitations": "Limitations"}
    return Answer(
        "Can this run be trusted?", verdict, tuple(sentences), links, grade, _checks(fails, watched, card)
    )


def _checks(fails: Sequence[str], watched: Sequence[str], card: Sequence[Line]) -> str:
    """Name the checks that do not pass."""
    parts = []
    if fails:
        parts.append(f"Failed: {', '.join(fails)}.")
    if watched:
        parts.append(f"Watch: {', '.join(watched)}.")
    return " ".join(parts) or f"All {len(card)} checks of the report card pass."


def _enrolled(enrichment: AnyEnrichment | None, provenance: Content) -> Answer:
    verdict, grade, sentences = enrollment_answer(enrichment, arms=provenance.get("arm") is not None)
    links = {"enrichment": "Enrichment", "explorer": "Explore other thresholds"}
    brief = " ".join(sentences[:1] + [sentence for sentence in sentences[1:] if sentence.startswith(PLANNED)])
    return Answer("Who should be enrolled?", verdict, tuple(sentences), links, grade, brief)


def _next(
    metrics: Content, provenance: Content, enrichment: AnyEnrichment | None, card: Sequence[Line]
) -> Answer:
    steps = next_steps(metrics, provenance, enrichment, card) or [DONE]
    verdict, *then = [step.title for step in steps]
    return Answer(
        "What are the next steps?",
        f"{verdict[0].upper()}{verdict[1:]}",
        tuple(step.text for step in steps),
        {"tripod": "Checklist for the publication"},
        OPEN,
        f"Then: {'; '.join(then)}." if then else "Nothing else is recommended before that.",
    )
