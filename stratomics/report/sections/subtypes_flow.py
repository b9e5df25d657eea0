"""Groups of patients in the report: colours of groups, and the flow between numbers of groups."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stratomics.report.figures.style import COLOURS, GREY, WIDE, new_figure
from stratomics.report.section import Panel
from stratomics.strata.groups.findings import PatientTables

__all__ = ["flow", "group_colours"]

Array = NDArray[np.float64]

FEWEST = 2
SPACE, WIDTH = 0.05, 0.035
"""Share of the height between two blocks, and half of the width of a block."""


def group_colours(k: int) -> list[str]:
    """Colours of k groups, the largest first; more than six groups share them.

    Examples
    --------
    >>> len(set(group_colours(6)))
    6
    """
    colours = (*COLOURS, GREY)
    return [colours[number % len(colours)] for number in range(k)]


def flow(tables: PatientTables) -> Panel | None:
    """Draw how patients move between groups when more groups are learned; None for one number of groups."""
    columns = [str(name) for name in tables.groups if str(name).startswith("k") and str(name)[1:].isdigit()]
    if len(columns) < FEWEST:
        return None
    figure = new_figure(WIDE, 3.2)
    axes = figure.add_subplot()
    n = len(tables.groups)
    for place, (left, right) in enumerate(pairwise(columns)):
        shares = pd.crosstab(tables.groups[left], tables.groups[right]).to_numpy(dtype=np.float64) / n
        _ribbons(axes, place, shares)
    for place, column in enumerate(columns):
        sizes = tables.groups[column].value_counts().sort_index()
        _blocks(axes, place, [str(name) for name in sizes.index], np.asarray(sizes, dtype=np.float64), n)
    axes.set_xlim(-0.15, len(columns) - 0.75)
    axes.set_xticks(range(len(columns)), [f"{column[1:]} groups" for column in columns])
    axes.set_yticks([])
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    sentence = (
        "How patients move between groups when more groups are learned; a block is a group, a band the patients who "
        "are in both. Groups that stay together are more trustworthy than groups that mix."
    )
    table = tables.groups[columns].value_counts(sort=False).rename("patients").reset_index()
    table = table.rename(columns={column: f"{column[1:]} groups" for column in columns})
    return Panel("groups-flow", "Flow of patients between numbers of groups", figure, sentence, table)


def _tops(shares: Array) -> Array:
    """Upper end of each block."""
    tops: Array = np.cumsum(shares) - shares + SPACE * np.arange(len(shares))
    return tops


def _blocks(axes: Axes, place: int, names: list[str], sizes: Array, n: int) -> None:
    tops, heights = _tops(sizes / n), sizes / n
    for number, (name, colour) in enumerate(zip(names, group_colours(len(names)), strict=True)):
        top, height = float(tops[number]), float(heights[number])
        axes.fill_between([place - WIDTH, place + WIDTH], top, top + height, color=colour, linewidth=0)
        text = f"{name}  {sizes[number]:.0f}"
        axes.text(place + WIDTH + 0.015, top + height / 2, text, ha="left", va="center")


def _ribbons(axes: Axes, place: int, shares: Array) -> None:
    """Draw bands from the groups of one number (rows) to those of the next (columns)."""
    left, right = _tops(shares.sum(axis=1)), _tops(shares.sum(axis=0))
    t = np.linspace(0.0, 1.0, 30)
    ease = t * t * (3.0 - 2.0 * t)
    x = place + WIDTH + t * (1.0 - 2.0 * WIDTH)
    colours = group_colours(len(shares))
    for (source, target), height in np.ndenumerate(shares):
        if height > 0:
            top = left[source] + (right[target] - left[source]) * ease
            axes.fill_between(x, top, top + height, color=colours[source], alpha=0.35, linewidth=0)
            left[source] += height
            right[target] += height
