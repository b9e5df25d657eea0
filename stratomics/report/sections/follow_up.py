"""How long patients were followed, or of how many the response is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from omics.cohort.endpoints import Survival
from stratomics.evaluation.follow_up import FollowUp, follow_up
from stratomics.evaluation.metrics.response_set_coverage import exact_interval
from stratomics.report.figures import COLOURS
from stratomics.report.section import Block, Panel
from stratomics.runs.run_directory import RunDirectory

__all__ = ["draw_follow_up", "followed"]

TICKS = 6


def followed(run: RunDirectory) -> Block | None:
    """Draw the follow-up of a survival endpoint, say the shares of a response; None where nobody has the endpoint."""
    if not run.outcome.observed.any():
        return None
    if run.kind != Survival.kind:
        return _response(run)
    survival = run.survival.take(np.flatnonzero(run.survival.observed))
    found = follow_up(survival)
    late = f"{run.endpoint}.entry" in run.patients
    return Panel(
        "follow-up",
        draw_follow_up(survival, found),
        _sentence(survival, found, late),
        _table(survival, found),
    )


def _response(run: RunDirectory) -> str:
    response = run.response
    n, known, positive = len(response.observed), int(response.observed.sum()), int(response.positive.sum())
    low, high = exact_interval(positive, known)
    return (
        f"The endpoint {run.endpoint} is known of {known} of {n} patients ({known / n:.0%}) and positive in {positive} "
        f"of them ({positive / known:.0%}, exact 95% interval {low:.0%} to {high:.0%})."
    )


def draw_follow_up(survival: Survival, found: FollowUp) -> Figure:
    """Reverse Kaplan-Meier curve with its median, numbers still watched, and events so far."""
    figure = Figure(figsize=(7, 3.2))
    axes = figure.add_subplot()
    times = np.concatenate([[0.0], found.curve.times])
    axes.step(times, found.curve(times), where="post", color=COLOURS[0])
    if np.isfinite(found.median):
        axes.plot([0.0, found.median, found.median], [0.5, 0.5, 0.0], "--", color="#777777", linewidth=1)
        axes.annotate(
            f"median {found.median:.4g}", (found.median, 0.5), (5, 5), textcoords="offset points", fontsize=9
        )
    axes.set_ylim(0, 1.02)
    axes.set_xlim(0, times[-1] * 1.02)
    axes.set_ylabel("share still followed")
    axes.set_xlabel(f"time in {survival.unit}")
    ticks = np.linspace(0, times[-1], TICKS)
    axes.set_xticks(ticks, [f"{tick:.4g}" for tick in ticks])
    watched, events = _counts(survival, ticks)
    for line, (name, counts) in enumerate((("at risk", watched), ("events", events))):
        height = -0.3 - 0.1 * line
        axes.text(-0.06, height, name, transform=axes.transAxes, ha="right", fontsize=9)
        for tick, count in zip(ticks, counts, strict=True):
            axes.text(tick, height, str(count), transform=axes.get_xaxis_transform(), ha="center", fontsize=9)
    return figure


def _counts(survival: Survival, ticks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Patients still watched at each tick, and events up to it."""
    watched = (survival.time[:, None] >= ticks).sum(axis=0)
    return watched, (survival.event[:, None] & (survival.time[:, None] <= ticks)).sum(axis=0)


def _table(survival: Survival, found: FollowUp) -> pd.DataFrame:
    times = np.concatenate([[0.0], found.curve.times])
    watched, events = _counts(survival, times)
    columns = {f"time in {survival.unit}": times, "share still followed": found.curve(times)}
    return pd.DataFrame(columns | {"at risk": watched, "events so far": events})


def _sentence(survival: Survival, found: FollowUp, late: bool) -> str:
    events, n = int(survival.event.sum()), len(survival.time)
    if np.isfinite(found.median):
        low, high = (f"{end:.4g}" if np.isfinite(end) else "not reached" for end in (found.low, found.high))
        median = f"Median follow-up is {found.median:.4g} {survival.unit} (95% interval {low} to {high})"
    else:
        median = "Median follow-up cannot be told, since most patients had the event"
    said = (
        f"{median}, by the reverse Kaplan-Meier curve of {n} patients, in which being lost is the event; {events} had "
        f"the event ({events / n:.0%}), the longest time is {survival.time.max():.4g} {survival.unit}."
    )
    return said + (" Patients who came under observation late are counted from time 0." if late else "")
