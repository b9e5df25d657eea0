"""The sections of a report, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator

from omics.common.registry import resolve
from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["SECTIONS", "sections_of"]

SECTIONS = {
    "answer": "stratomics.report.sections.summary:answer",
    "cohort": "stratomics.report.sections.cohort:cohort",
    "methods": "stratomics.report.sections.methods:methods",
    "performance": "stratomics.report.sections.performance:performance",
    "ledger": "stratomics.report.sections.view_contributions:views",
    "survival": "stratomics.report.sections.survival:risk_groups",
    "survival_calibration": "stratomics.report.sections.survival:calibration",
    "response": "stratomics.report.sections.response:classes",
    "response_calibration": "stratomics.report.sections.response:calibration",
    "time_auc": "stratomics.report.sections.time_auc:time_auc",
    "decision": "stratomics.report.sections.decision_curve:decision",
    "sample_size": "stratomics.report.sections.sample_size:sample_size",
    "uncertainty": "stratomics.report.sections.uncertainty:uncertainty",
    "factors": "stratomics.report.sections.factors:factors",
    "differs": "stratomics.report.sections.subgroup_performance:differs",
    "enrichment": "stratomics.report.sections.enrichment:enrichment",
    "explorer": "stratomics.report.sections.explorer:explorer",
    "limits": "stratomics.report.sections.limitations:limits",
    "model_card": "stratomics.report.model_card:model_card",
    "tripod": "stratomics.report.sections.tripod:tripod",
    "provenance": "stratomics.report.sections.provenance:provenance",
}
"""Section -> function of a run that gives it, or None where the run has nothing of it."""


def sections_of(run: RunDirectory) -> Iterator[Section]:
    """Give the sections that a run has."""
    for name in SECTIONS:
        found = resolve(SECTIONS, name, "section")(run)
        if found is not None:
            yield found
