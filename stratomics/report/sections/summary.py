"""The report's first section: what a run says, for somebody with a minute."""

from __future__ import annotations

from stratomics.enrichment.store import load_enrichment
from stratomics.report.card import report_card
from stratomics.report.section import Section
from stratomics.report.summary.answers import short_answers
from stratomics.report.text.controls_and_views import control_sentence, controls_fail
from stratomics.report.text.metrics import metric_label
from stratomics.runs.run_directory import RunDirectory

__all__ = ["answer"]

MARKS = {"pass": "✓", "watch": "!", "fail": "✕"}
"""Beside the word, for the eye."""


def answer(run: RunDirectory) -> Section:
    """Answer four questions, and show the report card."""
    metrics, card = run.metrics, report_card(run)
    clinic = any(str(column).startswith("covariate.") for column in run.patients.columns)
    content = {
        "answers": short_answers(metrics, run.provenance, load_enrichment(run), card, clinic=clinic),
        "card": card,
        "marks": MARKS,
        "counts": [(verdict, sum(line.verdict == verdict for line in card)) for verdict in MARKS],
        "control": control_sentence(metrics),
        "controls_fail": controls_fail(metrics),
        "metric": metric_label(metrics["metric"]),
    }
    return Section("answer", "The answer in a minute", template="answer.html.j2", content=content)
