"""Section of the report: risk groups of a survival endpoint."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, kaplan_meier
from models.survival.risk_sets import number_at_risk
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import OURS
from stratomics.report.figures import COLOURS
from stratomics.report.section import Panel, Section
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "GROUPS",
    "LineDash",
    "observed_survival",
    "plot_curve",
    "quantile_groups",
    "risk_groups",
    "survival_facts",
    "thirds",
]

Array = NDArray[np.float64]

LineDash = str | tuple[int, tuple[float, ...]]
"""Style of a line, in the words of matplotlib."""

GROUPS = ("low risk", "middle risk", "high risk")
"""Thirds of the patients by predicted risk."""


def survival_facts(run: RunDirectory) -> str:
    """State the number of events and the median observed time."""
    survival = run.survival
    median = float(np.median(survival.time[survival.observed]))
    return f"{survival.event.sum()} events, median observed time {median:.4g} {survival.unit}"


def risk_groups(run: RunDirectory) -> Section | None:
    """Draw Kaplan-Meier curves of thirds of the predicted risk; None unless the endpoint is survival."""
    cases = run.cases[OURS]
    if not isinstance(cases, SurvivalCases):
        return None
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    survival, risk = observed_survival(run), cases.risk.mean(axis=0)
    sentence = _groups_sentence(risk, survival, cases.horizon)
    panel = Panel("risk", draw_risk_groups(risk, survival), sentence, _groups_table(risk, survival))
    return Section("risk", "Risk groups", [panel])


def observed_survival(run: RunDirectory) -> Survival:
    """Endpoint of the patients for whom it is recorded, in the order of the cases."""
    return run.survival.take(np.flatnonzero(run.survival.observed))


def _groups_table(risk: Array, survival: Survival) -> pd.DataFrame:
    """Kaplan-Meier survival and number at risk at each event time of each group."""
    groups, parts = thirds(risk), []
    for group, name in enumerate(GROUPS):
        members = groups == group
        curve = kaplan_meier(survival.event[members], survival.time[members])
        at_risk = number_at_risk(survival.time[members], curve.times)
        columns = {"time": curve.times, "survival": curve(curve.times), "at risk": at_risk}
        parts.append(pd.DataFrame({"group": name} | columns))
    return pd.concat(parts, ignore_index=True)


def draw_risk_groups(risk: Array, survival: Survival) -> Figure:
    """Draw Kaplan-Meier curves of thirds of the out-of-fold risk, with numbers at risk.

    Parameters
    ----------
    risk
        (n,) predicted risk, higher means earlier event.
    survival
        Endpoint of the same patients.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    groups = thirds(risk)
    ticks = np.linspace(0, survival.time.max(), 6)
    rows = []
    for group, name in enumerate(GROUPS):
        members = groups == group
        curve = kaplan_meier(survival.event[members], survival.time[members])
        plot_curve(axes, curve, COLOURS[group], f"{name} (n = {members.sum()})")
        rows.append([f"{name}:"] + [str(int((survival.time[members] >= tick).sum())) for tick in ticks])
    axes.set_ylim(0, 1.02)
    axes.set_xticks(ticks, [f"{tick:.4g}" for tick in ticks])
    axes.set_xlabel(f"time in {survival.unit}")
    axes.set_ylabel("Kaplan-Meier survival")
    axes.legend(frameon=False, loc="upper right")
    for line, (name, *counts) in enumerate(rows):
        height = -0.25 - 0.07 * line
        axes.text(-0.02, height, name, transform=axes.transAxes, ha="right", color=COLOURS[line])
        for tick, count in zip(ticks, counts, strict=True):
            axes.text(tick, height, count, transform=axes.get_xaxis_transform(), ha="center")
    axes.text(-0.02, -0.18, "at risk", transform=axes.transAxes, ha="right", style="italic")
    return figure


def plot_curve(
    axes: Axes, curve: StepFunction, colour: str, label: str | None, linestyle: LineDash = "-"
) -> None:
    """Draw a survival curve from time 0.

    Parameters
    ----------
    axes
        Where to draw.
    curve
        The curve.
    colour, linestyle
        How to draw it.
    label
        Its name in the legend.
    """
    times = np.concatenate([[0.0], curve.times])
    axes.step(times, curve(times), where="post", color=colour, label=label, linestyle=linestyle)


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


def _groups_sentence(risk: Array, survival: Survival, horizon: float) -> str:
    groups = thirds(risk)
    free = [
        float(kaplan_meier(survival.event[groups == g], survival.time[groups == g])(np.array([horizon]))[0])
        for g in (0, 2)
    ]
    return (
        f"At {horizon:.4g} {survival.unit}, {free[0]:.0%} of the third with the lowest predicted risk and "
        f"{free[1]:.0%} of the third with the highest predicted risk are free of the event."
    )
