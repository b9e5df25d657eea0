"""Names beside the ends of lines, in place of a legend; and the lines of all methods of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.report.figures.style import COLOURS, DASHES, FONT, GREY, LineDash

__all__ = ["LineEnd", "apart", "beside_lines", "draw_methods"]

LINE = 1.35
"""Distance of two names, as a multiple of the size of the text."""
PLOT = 0.75
"""Height of a plot, as a share of that of its figure."""
POINTS = 72.0
"""Points of an inch."""


@dataclass(frozen=True)
class LineEnd:
    """Name of a line and where the line ends.

    Attributes
    ----------
    name
        Name of the line.
    height
        Its value at the right.
    colour
        Its colour.
    """

    name: str
    height: float
    colour: str


def beside_lines(axes: Axes, ends: Sequence[LineEnd]) -> None:
    """Write names at the right of the plot, beside the ends of their lines.

    Parameters
    ----------
    axes
        With all lines drawn and its limits set.
    ends
        Names and ends of the lines; names are moved until none covers another.
    """
    low, high = axes.get_ylim()
    figure = axes.get_figure(root=True)
    assert figure is not None, "Axes to draw on are in a figure"
    # The plot is lower than its figure, by the labels of its axis.
    inches = PLOT * figure.get_figheight()
    share = np.clip([(end.height - low) / (high - low) for end in ends], 0.0, 1.0)
    for end, height in zip(ends, apart(share, LINE * FONT / POINTS / inches), strict=True):
        axes.annotate(
            end.name,
            (1.015, height),
            xycoords="axes fraction",
            va="center",
            color=end.colour,
            annotation_clip=False,
        )


def apart(heights: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    """Move heights until no two are closer than a distance.

    Parameters
    ----------
    heights
        (n,) heights between 0 and 1.
    distance
        Smallest distance.

    Returns
    -------
    array
        (n,) heights in the same order; they leave the space between 0 and 1 only if it is too small for all.

    Examples
    --------
    >>> apart(np.array([0.0, 0.52, 0.5]), 0.1).round(2)
    array([0.  , 0.52, 0.42])
    """
    order = np.argsort(-heights, kind="stable")
    placed = heights[order].astype(np.float64)
    for place in range(1, len(placed)):
        placed[place] = min(placed[place], placed[place - 1] - distance)
    # Names that left the plot at the bottom move up, and push those above them.
    if len(placed) and placed[-1] < 0.0:
        placed[-1] = 0.0
        for place in range(len(placed) - 2, -1, -1):
            placed[place] = max(placed[place], placed[place + 1] + distance)
    moved = np.empty_like(placed)
    moved[order] = placed
    return moved


def draw_methods(axes: Axes, x: pd.Series[float], curves: pd.DataFrame) -> list[LineEnd]:
    """Draw a curve of each method: stratomics and the clinical model in colour, all others in grey.

    Parameters
    ----------
    axes
        Where to draw.
    x
        (n,) values of the horizontal axis.
    curves
        (n, methods) values, one column per method.

    Returns
    -------
    list of LineEnd
        Names of stratomics, the clinical model and the others, for :func:`beside_lines`.
    """
    clinical = clinical_baseline(map(str, curves.columns))
    # A single point has no line.
    marker = "o" if len(x) == 1 else None
    ends = []
    others = [name for name in curves if name not in (OURS, clinical)]
    for name in others:
        axes.plot(x, curves[name], color=GREY, linewidth=0.9, alpha=0.65, marker=marker)
    if others:
        ends.append(LineEnd("other methods", float(_last(curves[others]).median()), GREY))
    styles: list[tuple[str | None, str, LineDash]] = [
        (clinical, COLOURS[2], DASHES[0]),
        (OURS, COLOURS[0], "-"),
    ]
    for name, colour, dash in styles:
        if name is not None and name in curves:
            axes.plot(x, curves[name], color=colour, linestyle=dash, linewidth=2.0, marker=marker)
            ends.append(LineEnd(LABELS.get(name, name), float(_last(curves[[name]]).iloc[0]), colour))
    return ends


def _last(curves: pd.DataFrame) -> pd.Series[float]:
    """Last known value of each column; 0 where there is none."""
    return curves.ffill().iloc[-1].fillna(0.0)
