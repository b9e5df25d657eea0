"""The report's section on how it was done: who was predicted by models of whom, and what was learned where."""

from __future__ import annotations

from stratomics.report.section import Section
from stratomics.report.text.controls_and_views import design_sentence
from stratomics.runs.run_directory import RunDirectory

__all__ = ["methods"]

BALANCE = {"survival": "event", "response": "class"}
"""Kind of the deciding endpoint -> what folds are stratified by."""


def methods(run: RunDirectory) -> Section:
    """Say how patients were parted, and that the outer test patients took part in nothing."""
    said = (
        f"{design_sentence(run.provenance)} Folds are stratified by {BALANCE[run.kind]}. Inside each training part, "
        f"{run.provenance['design']['inner_folds']} inner folds each gave one member of the ensemble: its own "
        "harmonization, factors and network. Members' predictions for the patients they had left out calibrated the "
        "ensemble; the outer test patients took part in nothing. Baselines ran on the same folds."
    )
    return Section("methods", "How it was done", [said])
