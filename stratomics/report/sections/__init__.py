"""One file per section of the report; SECTIONS lists them in reading order, TRIAL_FIRST what a trial begins with."""

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
    "response_curves": "stratomics.report.sections.response_curves:discrimination",
    "response_calibration": "stratomics.report.sections.response_calibration:calibration",
    "time_auc": "stratomics.report.sections.time_auc:time_auc",
    "decision_curve": "stratomics.report.sections.decision_curve:decision_curve",
    "sample_size": "stratomics.report.sections.sample_size:sample_size",
    "uncertainty": "stratomics.report.sections.uncertainty:uncertainty",
    "factors": "stratomics.report.sections.factors:factors",
    "subgroup_performance": "stratomics.report.sections.subgroup_performance:subgroup_performance",
    "treatment_effects": "stratomics.report.sections.treatment_effects:treatment_effects",
    "enrichment": "stratomics.report.sections.enrichment:enrichment",
    "explorer": "stratomics.report.sections.explorer:explorer",
    "limitations": "stratomics.report.sections.limitations:limitations",
    "model_card": "stratomics.report.model_card:model_card",
    "tripod": "stratomics.report.sections.tripod:tripod",
    "provenance": "stratomics.report.sections.provenance:provenance",
}
"""Section -> function of a run that returns it, or None if the run has no results for it."""


TRIAL_FIRST = ("summary", "treatment_effects", "enrichment", "explorer")
"""First sections of a run with arms: its readers ask whom to enrol, in which trial."""


def sections_of(run: RunDirectory) -> Iterator[Section]:
    """Yield the sections that a run has, in reading order."""
    first = TRIAL_FIRST if run.provenance.get("arm") is not None else ()
    for name in dict.fromkeys((*first, *SECTIONS)):
        section = resolve(SECTIONS, name, "section")(run)
        if section is not None:
            yield section
