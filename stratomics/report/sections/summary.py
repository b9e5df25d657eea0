"""The first section of the report: the first screen, the answers with their reasons, and the report card."""

from __future__ import annotations

from dataclasses import replace

from stratomics.enrichment.compared_arms import compared_arms
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.store import load_enrichment
from stratomics.report.card import report_card
from stratomics.report.card.line import OPEN
from stratomics.report.section import Panel, Section
from stratomics.report.sections.response import classes
from stratomics.report.sections.survival import risk_groups
from stratomics.report.sections.treatment_effects import rule_panel
from stratomics.report.summary.answers import short_answers
from stratomics.report.summary.key_figures import key_figures, patients_line
from stratomics.report.text.arms import with_arm_names
from stratomics.report.text.metrics import control_sentence, controls_fail, metric_label
from stratomics.report.text.numbers import with_p_values
from stratomics.runs.run_directory import RunDirectory

__all__ = ["summary"]

MARKS = {"pass": "✓", "watch": "!", "fail": "✕"}
"""Symbol shown beside the verdict of a check."""

SIZE = (4.4, 3.3)
"""Width and height of the picture of the first screen, in inches."""


def summary(run: RunDirectory) -> Section:
    """Show key figures and a picture, answer four questions, and show the report card."""
    metrics = run.metrics
    card = [replace(line, reason=with_p_values(line.reason)) for line in report_card(run)]
    enrichment = with_arm_names(run, load_enrichment(run))
    covariates = any(str(column).startswith("covariate.") for column in run.patients.columns)
    content = {
        "line": patients_line(run),
        "figures": key_figures(run),
        "picture": _picture(run),
        "answers": short_answers(metrics, run.provenance, enrichment, card, covariates=covariates),
        "card": card,
        "marks": MARKS | {OPEN: "→"},
        "counts": [(verdict, sum(line.verdict == verdict for line in card)) for verdict in MARKS],
        "control": control_sentence(metrics),
        "controls_fail": controls_fail(metrics),
        "metric": metric_label(metrics["metric"]),
    }
    return Section("summary", "Summary", template="summary.html.j2", content=content)


def _picture(run: RunDirectory) -> Panel:
    """Draw the arms on both sides of the rule, or risk groups, or probabilities by class, for the first screen."""
    result = load_enrichment(run)
    arms = compared_arms(run, result) if isinstance(result, EnrichmentResult) else None
    if arms is not None and isinstance(result, EnrichmentResult):
        panel = rule_panel(run, arms, result)
        if panel is not None:
            return panel
    section = risk_groups(run) or classes(run)
    assert section is not None, "a run has one of both kinds of endpoint"
    panel = next(block for block in section.blocks if isinstance(block, Panel))
    panel.figure.set_size_inches(*SIZE)
    return panel
