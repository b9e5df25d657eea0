"""The sections of a report, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Iterator

from omics.tables import look_up
from stratomics.report.section import Section
from stratomics.run_directory import RunDirectory

__all__ = ["SECTIONS", "sections_of"]

SECTIONS = {
    "answer": "stratomics.report.answer:answer",
    "cohort": "stratomics.report.cohort:cohort",
    "methods": "stratomics.report.methods:methods",
    "performance": "stratomics.report.performance:performance",
    "ledger": "stratomics.report.views:views",
    "survival": "stratomics.report.survival:risk_groups",
    "survival_calibration": "stratomics.report.survival:calibration",
    "response": "stratomics.report.response:classes",
    "response_calibration": "stratomics.report.response:calibration",
    "time_auc": "stratomics.report.time_auc:time_auc",
    "decision": "stratomics.report.decision:decision",
    "sample_size": "stratomics.report.sample_size:sample_size",
    "uncertainty": "stratomics.report.uncertainty:uncertainty",
    "factors": "stratomics.report.factors:factors",
    "differs": "stratomics.report.differs:differs",
    "enrichment": "stratomics.report.enrichment:enrichment",
    "explorer": "stratomics.report.explorer:explorer",
    "limits": "stratomics.report.limits:limits",
    "model_card": "stratomics.report.model_card:model_card",
    "tripod": "stratomics.report.tripod:tripod",
    "provenance": "stratomics.report.provenance:provenance",
}
"""Section -> function of a run that gives it, or None where the run has nothing of it."""


def sections_of(run: RunDirectory) -> Iterator[Section]:
    """Give the sections that a run has."""
    for name in SECTIONS:
        found = look_up(SECTIONS, name, "section")(run)
        if found is not None:
            yield found
