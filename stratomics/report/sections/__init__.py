"""One file per section of the report; SECTIONS lists them in reading order."""

from __future__ import annotations

from collections.abc import Iterator

from omics.common.registry import resolve
from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["SECTIONS", "sections_of"]

SECTIONS = {
    "summary": "stratomics.report.sections.summary:summary",
    "cohort": "stratomics.report.sections.cohort:cohort",
    "methods": "stratomics.report.sections.methods:methods",
    "performance": "stratomics.report.sections.performance:performance",
    "view_contributions": "stratomics.report.sections.view_contributions:view_contributions",
    "survival": "stratomics.report.sections.survival:risk_groups",
    "survival_calibration": "stratomics.report.sections.survival_calibration:calibration",
    "response": "stratomics.report.sections.response:classes",
    "response_calibration": "stratomics.report.sections.response_calibration:calibration",
    "time_auc": "stratomics.report.sections.time_auc:time_auc",
    "decision_curve": "stratomics.report.sections.decision_curve:decision_curve",
    "sample_size": "stratomics.report.sections.sample_size:sample_size",
    "uncertainty": "stratomics.report.sections.uncertainty:uncertainty",
    "factors": "stratomics.report.sections.factors:factors",
    "subgroup_performance": "stratomics.report.sections.subgroup_performance:subgroup_performance",
    "enrichment": "stratomics.report.sections.enrichment:enrichment",
    "explorer": "stratomics.report.sections.explorer:explorer",
    "limitations": "stratomics.report.sections.limitations:limitations",
    "model_card": "stratomics.report.model_card:model_card",
    "tripod": "stratomics.report.sections.tripod:tripod",
    "provenance": "stratomics.report.sections.provenance:provenance",
}
"""Section -> function of a run that returns it, or None if the run has no results for it."""


def sections_of(run: RunDirectory) -> Iterator[Section]:
    """Yield the sections that a run has."""
    for name in SECTIONS:
        section = resolve(SECTIONS, name, "section")(run)
        if section is not None:
            yield section
