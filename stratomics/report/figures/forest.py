"""Forest plots: estimates with 95% intervals, one row each, and their values at the right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stratomics.report.figures.style import COLOURS, GREY, INK, WIDE, new_figure

__all__ = ["ForestRow", "forest", "plot_forest", "ratio_axis", "ratio_ticks", "values_beside"]

TICKS = (1.0, 0.5, 2.0, 0.2, 5.0, 0.1, 10.0, 0.05, 20.0, 0.7, 1.5, 0.3, 3.0, 0.8, 1.2, 0.9, 1.1)
"""Ticks of ratios, the first ones preferred."""
LOWEST, HIGHEST = 0.04, 25.0
"""Limits of an axis of ratios; longer intervals are cut."""
APART = 0.16
"""Smallest distance of two ticks, as a share of the axis, at which their labels do not touch in a panel."""
LETTER = 5.6
"""Width of a letter in points."""
ROW = 0.3
"""Height of a row in inches."""


@dataclass(frozen=True)
class ForestRow:
    """One row of a forest plot.

    Attributes
    ----------
    label
        Its name.
    estimate, low, high
        Estimate and 95% interval; NaN draws nothing.
    text
        What is written at the right.
    colour
        Colour of the row.
    heading
        Whether the row is the heading of those below it.
    """

    label: str
    estimate: float
    low: float
    high: float
    text: str
    colour: str = COLOURS[0]
    heading: bool = False


def forest(
    rows: Sequence[ForestRow],
    label: str,
    heading: str,
    *,
    reference: float | None = None,
    ratio: bool = False,
    width: float = WIDE,
) -> Figure:
    """Draw a forest plot with the values at the right.

    Parameters
    ----------
    rows
        The rows, the first at the top.
    label
        Label of the horizontal axis.
    heading
        Heading of the values at the right.
    reference
        Value of no effect, or of chance.
    ratio
        Whether estimates are ratios, which have a logarithmic axis.
    width
        Width of the figure.

    Returns
    -------
    Figure
    """
    figure = new_figure(width, 0.85 + ROW * len(rows))
    axes = figure.add_subplot()
    plot_forest(axes, rows, label)
    if reference is not None:
        axes.axvline(reference, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    if ratio:
        ratio_axis(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", left=False, pad=LETTER * max(len(row.label) for row in rows))
    for row, tick in zip(rows, axes.get_yticklabels(), strict=True):
        tick.set(ha="left", fontweight="bold" if row.heading else "normal")
    values_beside(axes, rows, heading)
    return figure


def values_beside(axes: Axes, rows: Sequence[ForestRow], heading: str = "") -> None:
    """Write the value of each row at the right of the plot.

    Parameters
    ----------
    axes
        With all rows drawn.
    rows
        The rows.
    heading
        Heading of the values.
    """
    for place, text in enumerate((heading, *(row.text for row in rows)), -1):
        if text:
            axes.annotate(
                text,
                (1.03, place if place >= 0 else -0.9),
                xycoords=("axes fraction", "data"),
                va="center",
                color=GREY if place < 0 or rows[place].heading else INK,
                annotation_clip=False,
            )


def plot_forest(axes: Axes, rows: Sequence[ForestRow], label: str) -> None:
    """Draw estimates with 95% intervals, one row each, the first at the top.

    Parameters
    ----------
    axes
        Where to draw.
    rows
        The rows.
    label
        Label of the horizontal axis.
    """
    for place, row in enumerate(rows):
        axes.plot([row.low, row.high], [place, place], color=row.colour, linewidth=1.8)
        axes.plot(row.estimate, place, "s", color=row.colour, markersize=6, label=row.label)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(label)


def ratio_axis(axes: Axes) -> None:
    """Make the horizontal axis logarithmic, with round ticks.

    Parameters
    ----------
    axes
        With all ratios drawn.
    """
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    low, high = max(low, LOWEST), min(high, HIGHEST)
    axes.set_xlim(low, high)
    ticks = ratio_ticks(low, high)
    # The labels of a log axis are formulas, which the style of the report shows literally.
    axes.minorticks_off()
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def ratio_ticks(low: float, high: float) -> list[float]:
    """Few round ticks of a logarithmic axis.

    Parameters
    ----------
    low, high
        Limits of the axis.

    Returns
    -------
    list of float
    """
    apart, kept = APART * math.log(high / low), list[float]()
    for tick in TICKS:
        if low <= tick <= high and all(abs(math.log(tick / other)) >= apart for other in kept):
            kept.append(tick)
    return sorted(kept)
