"""The report's section on methods: how patients were split, and what was fitted on which part."""

from __future__ import annotations

from stratomics.report.section import Section
from stratomics.report.text import run_facts as facts
from stratomics.report.text.split_design import split_sentence
from stratomics.runs.run_directory import RunDirectory

__all__ = ["methods"]

STRATIFIED_BY = {"survival": "event", "response": "class"}
"""Kind of the primary endpoint -> variable by which folds are stratified."""


def methods(run: RunDirectory) -> Section:
    """Describe the split, and that outer test patients were not used in any fit."""
    text = (
        f"{split_sentence(run.provenance)} Folds are stratified by {STRATIFIED_BY[run.kind]}. Within each training "
        f"part, each of {run.provenance['design']['inner_folds']} inner folds gave one member of the ensemble, with "
        "separate harmonization, factors and a model of each candidate. The candidates were weighted, and their "
        "mixture and each candidate alone were recalibrated, on predictions of the members for the patients they had "
        "not been trained on. The outer test patients were not used for any of these steps."
    )
    return Section("methods", "Methods", [text, f"{facts.mixture(run)} {facts.depth(run)}"])
