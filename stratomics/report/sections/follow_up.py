"""Follow-up of a survival endpoint, or completeness of a response."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from models.survival.risk_sets import number_at_risk
from models.survival.time_unit import time_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.follow_up import FollowUp, follow_up
from stratomics.evaluation.intervals import exact_interval
from stratomics.report.figures.style import COLOURS, GREY, WIDE, new_figure
from stratomics.report.figures.survival_curves import counts_below
from stratomics.report.figures.time_axis import time_axis
from stratomics.report.section import Block, Panel
from stratomics.runs.run_directory import RunDirectory

__all__ = ["draw_follow_up", "follow_up_block"]


def follow_up_block(run: RunDirectory) -> Block | None:
    """Draw the follow-up of a survival endpoint, or state the shares of a response; None if none is recorded."""
    if not run.outcome.observed.any():
        return None
    if run.kind != Survival.kind:
        return _response(run)
    survival = run.survival.take(np.flatnonzero(run.survival.observed))
    result = follow_up(survival)
    delayed_entry = f"{run.endpoint}.entry" in run.patients
    return Panel(
        "follow-up",
        "Follow-up of the patients",
        draw_follow_up(survival, result),
        _sentence(survival, result, delayed_entry),
        _table(survival, result),
    )


def _response(run: RunDirectory) -> str:
    response = run.response
    n, known, positive = len(response.observed), int(response.observed.sum()), int(response.positive.sum())
    low, high = exact_interval(positive, known)
    return (
        f"The endpoint {run.endpoint} is recorded for {known} of {n} patients ({known / n:.0%}) and positive in "
        f"{positive} of them ({positive / known:.0%}, exact 95% interval {low:.0%} to {high:.0%})."
    )


def draw_follow_up(survival: Survival, result: FollowUp) -> Figure:
    """Draw the reverse Kaplan-Meier curve with its median, numbers at risk and events so far.

    Parameters
    ----------
    survival
        Endpoint of the patients.
    result
        Curve and median follow-up of the same patients.

    Returns
    -------
    Figure
    """
    figure = new_figure(WIDE, 3.6)
    axes = figure.add_subplot()
    times = np.concatenate([[0.0], result.curve.times])
    axes.step(times, result.curve(times), where="post", color=COLOURS[0], linewidth=1.8)
    axis = time_axis(float(times[-1]), survival.unit)
    if np.isfinite(result.median):
        axes.plot([0.0, result.median, result.median], [0.5, 0.5, 0.0], "--", color=GREY, linewidth=1)
        axes.annotate(
            f"median {axis.unit.text(result.median)}",
            (result.median, 0.5),
            (5, 5),
            textcoords="offset points",
        )
    axis.show(axes)
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.linspace(0, 1, 6), ["0", "20%", "40%", "60%", "80%", "100%"])
    axes.set_ylabel("Still followed")
    at_risk, events = _counts(survival, axis.at)
    counts_below(axes, axis.at, [("At risk", GREY, at_risk), ("Events", GREY, events)])
    return figure


def _counts(survival: Survival, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patients at risk at each time, and events up to it."""
    at_risk = number_at_risk(survival.time, ticks)
    return at_risk, (survival.event[:, None] & (survival.time[:, None] <= ticks)).sum(axis=0)


def _table(survival: Survival, result: FollowUp) -> pd.DataFrame:
    times = np.concatenate([[0.0], result.curve.times])
    at_risk, events = _counts(survival, times)
    unit = time_unit(float(times[-1]), survival.unit)
    columns = {
        f"time in {unit.name}" if unit.name else "time": times * unit.factor,
        "share still followed": result.curve(times),
    }
    return pd.DataFrame(columns | {"at risk": at_risk, "events so far": events})


def _sentence(survival: Survival, result: FollowUp, delayed_entry: bool) -> str:
    events, n = int(survival.event.sum()), len(survival.time)
    unit = time_unit(float(survival.time.max()), survival.unit)
    if np.isfinite(result.median):
        low, high = (
            unit.number(end) if np.isfinite(end) else "not reached" for end in (result.low, result.high)
        )
        median = f"Median follow-up is {unit.text(result.median)} (95% interval {low} to {high})"
    else:
        median = "Median follow-up cannot be estimated, because most patients had the event"
    text = (
        f"{median}, from the reverse Kaplan-Meier curve of {n} patients, in which censoring is the event. {events} "
        f"patients had the event ({events / n:.0%}); the longest observed time is "
        f"{unit.text(float(survival.time.max()))}."
    )
    return text + (" Patients with delayed entry are counted from time 0." if delayed_entry else "")
