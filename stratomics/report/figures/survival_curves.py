"""Kaplan-Meier curves with bands, marks of censoring, numbers at risk and names beside the curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stratomics.report.figures.curve_groups import CurveGroup
from stratomics.report.figures.line_labels import LineEnd, beside_lines
from stratomics.report.figures.style import GREY, INK, WIDE, new_figure
from stratomics.report.figures.time_axis import TimeAxis

__all__ = [
    "CurvePlot",
    "counts_below",
    "draw_curve",
    "draw_survival",
    "numbers_at_risk",
    "survival_figure",
    "survival_figures",
]

Array = NDArray[np.float64]

LINE, HEADER, GAP = 14.0, 46.0, 20.0
"""Of the numbers at risk, in points: height of a line, distance below the plot, and of names to the left."""
EARLY, CORNER = 0.5, 0.3
"""A curve that is below `CORNER` at this share of the time axis passes through the lower left corner."""
FEW_TICKS = 5
"""Most ticks of a plot of half the width."""


@dataclass(frozen=True)
class CurvePlot:
    """One plot of a figure with several: its title, groups, and lines of text in its corner."""

    title: str
    groups: Sequence[CurveGroup]
    lines: Sequence[str] = ()


def survival_figures(plots: Sequence[CurvePlot], axis: TimeAxis) -> Figure:
    """Draw survival curves of several parts of the patients side by side, on the same axes.

    Parameters
    ----------
    plots
        The plots, from left to right.
    axis
        The time axis of all.

    Returns
    -------
    Figure
    """
    figure = new_figure(WIDE, 4.0 + 0.2 * max(len(plot.groups) for plot in plots))
    # Half of the width has space for half of the ticks.
    few = TimeAxis(axis.unit, axis.end, axis.ticks[:: 2 if len(axis.ticks) > FEW_TICKS else 1])
    for place, (plot, axes) in enumerate(
        zip(plots, figure.subplots(1, len(plots), squeeze=False)[0], strict=True)
    ):
        draw_survival(axes, plot.groups, few, plot.lines)
        axes.set_title(plot.title, loc="left", fontweight="bold")
        if place:
            axes.set_ylabel("")
    return figure


def survival_figure(
    groups: Sequence[CurveGroup], axis: TimeAxis, lines: Sequence[str] = (), width: float = WIDE
) -> Figure:
    """Draw Kaplan-Meier curves of groups, with numbers at risk.

    Parameters
    ----------
    groups
        The groups.
    axis
        The time axis.
    lines
        Lines of text in the lower left corner, such as the hazard ratio.
    width
        Width of the figure.

    Returns
    -------
    Figure
    """
    figure = new_figure(width, 3.6 + 0.2 * len(groups))
    draw_survival(figure.add_subplot(), groups, axis, lines)
    return figure


def draw_survival(
    axes: Axes, groups: Sequence[CurveGroup], axis: TimeAxis, lines: Sequence[str] = ()
) -> None:
    """Draw the Kaplan-Meier curves of groups, their names beside them, and numbers at risk below.

    Parameters
    ----------
    axes
        Where to draw.
    groups
        The groups.
    axis
        The time axis.
    lines
        Lines of text in a free corner, such as the hazard ratio.
    """
    for one in groups:
        draw_curve(axes, one)
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.linspace(0, 1, 6), ["0", "20%", "40%", "60%", "80%", "100%"])
    axis.show(axes)
    axes.set_ylabel("Free of the event")
    end = np.array([axis.end])
    beside_lines(axes, [LineEnd(one.name, float(one.curve.curve(end)[0]), one.colour) for one in groups])
    numbers_at_risk(axes, groups, axis.at)
    if lines:
        _in_corner(axes, groups, axis.end, lines)


def _in_corner(axes: Axes, groups: Sequence[CurveGroup], end: float, lines: Sequence[str]) -> None:
    """Write lines of text in the lower left corner, or in the upper right one if a curve falls into the first."""
    early = min(float(one.curve.curve(np.array([EARLY * end]))[0]) for one in groups)
    low = early > CORNER
    axes.text(
        0.03 if low else 0.98,
        0.03 if low else 0.99,
        "\n".join(lines),
        transform=axes.transAxes,
        va="bottom" if low else "top",
        ha="left" if low else "right",
        linespacing=1.35,
    )


def draw_curve(axes: Axes, group: CurveGroup) -> None:
    """Draw one Kaplan-Meier curve from time 0, its pointwise 95% band and a mark for each censored patient.

    Parameters
    ----------
    axes
        Where to draw.
    group
        The group.
    """
    of_group, colour, curve = group.curve, group.colour, group.curve.curve
    times = np.concatenate([[0.0], curve.times])
    axes.step(
        times,
        curve(times),
        where="post",
        color=colour,
        linestyle=group.linestyle,
        linewidth=1.8,
        label=group.name,
    )
    low, high = (np.concatenate([[1.0], end]) for end in (of_group.low, of_group.high))
    axes.fill_between(times, low, high, step="post", color=colour, alpha=0.13, linewidth=0)
    censored = np.sort(of_group.survival.time[~of_group.survival.event])
    axes.plot(censored, curve(censored), "|", color=colour, markersize=6, markeredgewidth=0.9)


def numbers_at_risk(axes: Axes, groups: Sequence[CurveGroup], ticks: Array) -> None:
    """Write the patients of each group under observation at each tick below the plot.

    Parameters
    ----------
    axes
        Where to write.
    groups
        The groups; a single one needs no line for its name.
    ticks
        Times, in the unit of the endpoint.
    """
    rows = [(one.name, one.colour, one.curve.at_risk(ticks)) for one in groups]
    if len(groups) == 1:
        rows = [("At risk", GREY, rows[0][2])]
    counts_below(axes, ticks, rows if len(rows) == 1 else [("At risk", GREY, []), *rows])


def counts_below(
    axes: Axes, ticks: Array, rows: Sequence[tuple[str, str, Sequence[int] | NDArray[np.int64]]]
) -> None:
    """Write rows of counts below the plot, in points, so that any size of Axes fits.

    Parameters
    ----------
    axes
        Where to write.
    ticks
        Times of the counts, in the unit of the endpoint.
    rows
        Name, colour and counts of each row; a heading has no counts.
    """

    def write(text: str, x: float, line: int, *, label: bool, colour: str) -> None:
        axes.annotate(
            text,
            (x, 0.0),
            (-GAP if label else 0.0, -HEADER - LINE * line),
            xycoords=("axes fraction" if label else "data", "axes fraction"),
            textcoords="offset points",
            ha="right" if label else "center",
            va="top",
            color=colour,
            annotation_clip=False,
        )

    for line, (name, colour, counts) in enumerate(rows):
        write(name, 0.0, line, label=True, colour=colour)
        for tick, count in zip(ticks if len(counts) else (), counts, strict=True):
            write(str(count), float(tick), line, label=False, colour=INK)
