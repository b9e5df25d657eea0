"""The report's section on the cohort: patients, flow, views, missing data and follow-up."""

from __future__ import annotations

from stratomics.report.section import Block, Section
from stratomics.report.sections.baseline_table import baseline_table
from stratomics.report.sections.follow_up import follow_up_block
from stratomics.report.sections.missingness import missing_data
from stratomics.report.sections.patient_flow import patient_flow
from stratomics.report.sections.response import response_facts
from stratomics.report.sections.survival import survival_facts
from stratomics.report.sections.view_overlap import view_overlap
from stratomics.runs.run_directory import RunDirectory

__all__ = ["cohort"]

FACTS = {"survival": survival_facts, "response": response_facts}
"""Kind of the primary endpoint -> function that states its numbers."""


def cohort(run: RunDirectory) -> Section:
    """Describe the flow of patients, their views, missing data and follow-up."""
    patients = run.patients
    covariates = [c.removeprefix("covariate.") for c in patients.columns if c.startswith("covariate.")]
    text = f"{len(patients)} patients, {FACTS[run.kind](run)}. Covariates: {', '.join(covariates) or 'none'}."
    blocks: list[Block | None] = [
        text,
        *(f"Note: {note}." for note in run.provenance["notes"]),
        patient_flow(run),
        baseline_table(run),
        view_overlap(run),
        *missing_data(run),
        follow_up_block(run),
    ]
    return Section("cohort", "Cohort", [block for block in blocks if block is not None])
