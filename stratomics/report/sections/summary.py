"""The first section of the report: the main results on one page."""

from __future__ import annotations

from stratomics.enrichment.store import load_enrichment
from stratomics.report.card import report_card
from stratomics.report.section import Section
from stratomics.report.summary.answers import short_answers
from stratomics.report.text.metrics import control_sentence, controls_fail, metric_label
from stratomics.runs.run_directory import RunDirectory

__all__ = ["summary"]

MARKS = {"pass": "✓", "watch": "!", "fail": "✕"}
"""Symbol shown beside the verdict."""


def summary(run: RunDirectory) -> Section:
    """Answer four questions and show the report card."""
    metrics, card = run.metrics, report_card(run)
    covariates = any(str(column).startswith("covariate.") for column in run.patients.columns)
    content = {
        "answers": short_answers(metrics, run.provenance, load_enrichment(run), card, covariates=covariates),
        "card": card,
        "marks": MARKS,
        "counts": [(verdict, sum(line.verdict == verdict for line in card)) for verdict in MARKS],
        "control": control_sentence(metrics),
        "controls_fail": controls_fail(metrics),
        "metric": metric_label(metrics["metric"]),
    }
    return Section("summary", "Summary", template="summary.html.j2", content=content)
