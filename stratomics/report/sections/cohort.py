"""The report's section on the cohort: who they are, what became of them, what was measured, how long they were seen."""

from __future__ import annotations

from stratomics.report.section import Block, Section
from stratomics.report.sections.follow_up import followed
from stratomics.report.sections.missingness import missing
from stratomics.report.sections.patient_flow import flow
from stratomics.report.sections.response import response_facts
from stratomics.report.sections.survival import survival_facts
from stratomics.report.sections.view_overlap import views_shown
from stratomics.runs.run_directory import RunDirectory

__all__ = ["cohort"]

FACTS = {"survival": survival_facts, "response": response_facts}
"""Kind of the deciding endpoint -> what is said of it."""


def cohort(run: RunDirectory) -> Section:
    """Tell what became of every patient, which views they have, what is missing, and how long they were followed."""
    patients = run.patients
    covariates = [c.removeprefix("covariate.") for c in patients.columns if c.startswith("covariate.")]
    said = f"{len(patients)} patients, {FACTS[run.kind](run)}. Covariates: {', '.join(covariates) or 'none'}."
    blocks: list[Block | None] = [
        said,
        *(f"Note: {note}." for note in run.provenance["notes"]),
        flow(run),
        views_shown(run),
        *missing(run),
        followed(run),
    ]
    return Section("cohort", "The cohort", [block for block in blocks if block is not None])
