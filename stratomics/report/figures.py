"""Figures of the report: each takes saved numbers and gives a matplotlib figure that a person can change."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.censoring import kaplan_meier
from omics.endpoints import Survival

__all__ = ["calibration", "forest", "risk_groups", "style", "svg"]

Array = NDArray[np.float64]

# Okabe and Ito's colours, told apart with any colour vision.
COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7")


@contextmanager
def style() -> Iterator[None]:
    """Make plain figures whose bytes depend on nothing but their numbers."""
    settings: Any = {
        "svg.hashsalt": "stratomics",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        # Names come from files: a dollar sign is a dollar sign.
        "text.parse_math": False,
    }
    with mpl.rc_context(settings):
        yield


def svg(figure: Figure) -> str:
    """Inline SVG of a figure."""
    buffer = io.StringIO()
    figure.savefig(
        buffer,
        format="svg",
        metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")),
        bbox_inches="tight",
    )
    text = buffer.getvalue()
    return text[text.index("<svg") :]


def forest(labels: Sequence[str], figures: Sequence[Mapping[str, float]], title: str) -> Figure:
    """Estimates with 95% intervals, one line a method, the first line being ours."""
    figure = Figure(figsize=(7, 0.6 + 0.45 * len(labels)))
    axes = figure.add_subplot()
    for place, (entry, label) in enumerate(zip(figures, labels, strict=True)):
        colour = COLOURS[0] if place == 0 else "#555555"
        axes.plot([entry["low"], entry["high"]], [place, place], color=colour, linewidth=2)
        axes.plot(entry["estimate"], place, "o", color=colour, label=label)
    axes.set_yticks(range(len(labels)), list(labels))
    axes.invert_yaxis()
    axes.set_xlabel(title)
    return figure


def risk_groups(risk: Array, survival: Survival) -> Figure:
    """Kaplan-Meier curves of thirds of out-of-fold risk, with numbers at risk."""
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    groups = thirds(risk)
    ticks = np.linspace(0, survival.time.max(), 6)
    rows = []
    for group, name in enumerate(("low risk", "middle risk", "high risk")):
        members = groups == group
        curve = kaplan_meier(survival.event[members], survival.time[members])
        times = np.concatenate([[0.0], curve.times])
        axes.step(
            times, curve(times), where="post", color=COLOURS[group], label=f"{name} (n = {members.sum()})"
        )
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


def calibration(predicted: Array, survival: Survival, horizon: float) -> Figure:
    """Predicted against observed survival at one time, in thirds of the prediction."""
    figure = Figure(figsize=(4.2, 4.2))
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for mean, low, observed, high in calibration_points(predicted, survival, horizon):
        axes.plot([mean, mean], [low, high], color=COLOURS[0], linewidth=2)
        axes.plot(mean, observed, "o", color=COLOURS[0])
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel(f"predicted survival at {horizon:.4g} {survival.unit}")
    axes.set_ylabel("Kaplan-Meier survival in the group")
    return figure


def calibration_points(
    predicted: Array, survival: Survival, horizon: float
) -> list[tuple[float, float, float, float]]:
    """(mean predicted, low, observed, high) per third; the interval is Greenwood's on the log-log scale."""
    points: list[tuple[float, float, float, float]] = []
    groups = thirds(predicted)
    for group in range(3):
        members = groups == group
        event, time = survival.event[members], survival.time[members]
        observed = float(kaplan_meier(event, time)(np.array([horizon]))[0])
        low, high = _log_log_interval(event, time, observed, horizon)
        points.append((float(predicted[members].mean()), low, observed, high))
    return points


def thirds(values: Array) -> NDArray[np.int64]:
    """Group 0, 1 or 2 of each patient by rank; ties go by the order of the table."""
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return (rank * 3) // len(values)


def _log_log_interval(
    event: NDArray[np.bool_], time: Array, observed: float, horizon: float
) -> tuple[float, float]:
    if observed in (0.0, 1.0):
        # Nobody, or everybody, had the event: an exact binomial bound among those still watched.
        bound = 0.025 ** (1.0 / max(int((time >= horizon).sum()), 1))
        return (bound, 1.0) if observed == 1.0 else (0.0, 1.0 - bound)
    times = np.unique(time[event & (time <= horizon)])
    deaths = np.array([(event & (time == t)).sum() for t in times])
    at_risk = np.array([(time >= t).sum() for t in times])
    greenwood = float((deaths / (at_risk * (at_risk - deaths))).sum())
    width = 1.96 * np.sqrt(greenwood) / abs(np.log(observed))
    return float(observed ** np.exp(width)), float(observed ** np.exp(-width))
