"""Section of the report: risk groups of a survival endpoint."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import OURS
from stratomics.report.figures.curve_groups import CurveGroup, curve_groups, curves_table
from stratomics.report.figures.style import RISK_COLOURS
from stratomics.report.figures.survival_curves import survival_figure
from stratomics.report.figures.time_axis import time_axis
from stratomics.report.section import Panel, Section
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "GROUPS",
    "observed_survival",
    "quantile_groups",
    "risk_groups",
    "risk_panel",
    "survival_facts",
    "thirds",
]

Array = NDArray[np.float64]

GROUPS = ("low risk", "middle risk", "high risk")
"""Thirds of the patients by predicted risk."""


def survival_facts(run: RunDirectory) -> str:
    """State the number of events and the median observed time."""
    survival = run.survival
    median = float(np.median(survival.time[survival.observed]))
    return f"{survival.event.sum()} events, median observed time {survival_unit(survival).text(median)}"


def risk_groups(run: RunDirectory) -> Section | None:
    """Draw Kaplan-Meier curves of thirds of the predicted risk; None unless the endpoint is survival."""
    panel = risk_panel(run)
    return None if panel is None else Section("risk", "Risk groups", [panel])


def risk_panel(run: RunDirectory) -> Panel | None:
    """Draw Kaplan-Meier curves of thirds of the out-of-fold risk; None unless the endpoint is survival.

    There is no log-rank test: out-of-fold predictions depend on the outcomes of the other patients, so that it is not
    valid (Simon et al. 2011, doi 10.1093/bib/bbr001).
    """
    cases = run.cases[OURS]
    if not isinstance(cases, SurvivalCases):
        return None
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    survival, risk = observed_survival(run), cases.risk.mean(axis=0)
    groups = curve_groups(survival, thirds(risk), GROUPS, RISK_COLOURS)
    axis = time_axis(float(survival.time.max()), survival.unit)
    return Panel(
        "risk",
        "Survival by thirds of predicted risk",
        survival_figure(groups, axis),
        _groups_sentence(groups, axis.unit.text(cases.horizon), cases.horizon),
        curves_table(groups, axis.unit),
    )


def observed_survival(run: RunDirectory) -> Survival:
    """Endpoint of the patients for whom it is recorded, in the order of the cases."""
    return run.survival.take(np.flatnonzero(run.survival.observed))


def thirds(values: Array) -> NDArray[np.int64]:
    """Group 0, 1 or 2 of each patient by rank; ties are ordered as in the table."""
    return quantile_groups(values, len(GROUPS))


def quantile_groups(values: Array, count: int) -> NDArray[np.int64]:
    """Group patients by rank into groups of equal size; ties are ordered as in the table.

    Parameters
    ----------
    values
        (n,) a score of each patient.
    count
        Number of groups.

    Returns
    -------
    array
        (n,) group of each patient, 0 for the lowest values.
    """
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return (rank * count) // len(values)


def _groups_sentence(groups: list[CurveGroup], when: str, horizon: float) -> str:
    free = [float(group.curve.curve(np.array([horizon]))[0]) for group in groups]
    return (
        f"At {when}, {free[0]:.0%} of the third with the lowest predicted risk and {free[-1]:.0%} of the third with "
        "the highest predicted risk are free of the event (Kaplan-Meier). Bands are pointwise 95% intervals, and marks "
        "are censored patients. Risks are out-of-fold predictions."
    )
