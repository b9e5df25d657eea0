"""Plots of factors: patients by two factors, variance explained, and the largest loadings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.factors.annotate import FACTORS
from omics.common.errors import InputError, nearest
from stratomics.api.pl.axes import check_axes, drawing, note
from stratomics.api.pl.colours import colour_values, scatter
from stratomics.api.tools.stored_factors import StoredFactors, stored_factors
from stratomics.report.figures.style import COLOURS, GREY
from stratomics.report.sections.factors import draw_explained, explained_size

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from mudata import MuData

__all__ = ["factors", "left_out", "loadings", "variance_explained"]

TICKS = 4
"""Maximum number of intervals between ticks of loadings, so that their labels do not touch in a panel."""


def factors(
    cohort: MuData,
    x: int | str = 1,
    y: int | str = 2,
    color: str | None = None,
    *,
    key: str = FACTORS,
    ax: Axes | None = None,
) -> Axes:
    """Draw patients by two factors.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``.
    x, y
        Factors, by number from 1 or by name.
    color
        A column of ``cohort.obs``, a feature such as ``"rna:TP53"``, or None. Categories, and columns of at most six
        whole numbers, have a legend; other numbers a colour bar. Values of a feature are as stored, on the scale that
        the label names. Patients without a value are grey.
    key
        Key of the factors.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Patients without any view are left out, as the title then says.

    Raises
    ------
    InputError
        If the cohort has no such factors, no such column or feature, or `ax` is no ordinary Axes.
    """
    check_axes(ax)
    stored = stored_factors(cohort, key)
    columns = [stored.number(x), stored.number(y)]
    places = np.where(stored.known[:, None], stored.mean[:, columns], np.nan)
    colour = None if color is None else colour_values(cohort, color)
    with drawing(ax, (5.6, 4.2)) as axes:
        scatter(axes, places, colour)
        axes.set_xlabel(_label(stored, columns[0]))
        axes.set_ylabel(_label(stored, columns[1]))
        note(axes, left_out(stored))
    return axes


def variance_explained(cohort: MuData, key: str = FACTORS, *, ax: Axes | None = None) -> Axes:
    """Draw the share of the variance of each view that each factor explains.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``.
    key
        Key of the factors.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        A heat map, as in the report of a run.
    """
    explained = stored_factors(cohort, key).variance_explained
    with drawing(ax, explained_size(explained)) as axes:
        draw_explained(axes, explained)
    return axes


def loadings(
    cohort: MuData,
    factor: int | str = 1,
    view: str | None = None,
    n: int = 10,
    *,
    key: str = FACTORS,
    ax: Axes | None = None,
) -> Axes:
    """Draw the largest loadings of one factor.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``.
    factor
        Number from 1, or name.
    view
        One view; all views by default.
    n
        Number of features.
    key
        Key of the factors.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        One line per feature, the largest absolute loading at the top. Loadings of all views are on the harmonized
        scale and can be compared.

    Raises
    ------
    InputError
        If there is no such factor or view, or `n` is below 1.
    """
    stored = stored_factors(cohort, key)
    tables = stored.loadings(cohort)
    if view is not None and view not in tables:
        raise InputError(f"no loadings of a view '{view}'; {nearest(view, tables)}")
    if n < 1:
        raise InputError(f"n is {n}; give the number of features to draw, at least 1")
    name = stored.names[stored.number(factor)]
    parts = [
        pd.DataFrame({"view": one, "feature": table.index.astype(str), "loading": table[name].to_numpy()})
        for one, table in tables.items()
        if view in (None, one)
    ]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["loading"] != 0]
    top = table.iloc[np.argsort(-table["loading"].abs().to_numpy(), kind="stable")[:n]]
    colours = {one: COLOURS[place % len(COLOURS)] for place, one in enumerate(tables)}
    with drawing(ax, (5.6, 0.9 + 0.28 * max(len(top), 3))) as axes:
        _draw_loadings(axes, top, colours)
        axes.set_xlabel(f"loading on {_spaced(name)}" + ("" if view is None else f", {view}"))
        if view is None:
            axes.legend(
                title="view", frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0), alignment="left"
            )
    return axes


def left_out(stored: StoredFactors) -> list[str]:
    """State how many patients have no view; empty if all have one."""
    count = int((~stored.known).sum())
    return [f"{count} patient{'s' * (count > 1)} without any view left out"] if count else []


def _draw_loadings(axes: Axes, top: pd.DataFrame, colours: dict[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator

    heights = np.arange(len(top))
    for one, colour in colours.items():
        rows = (top["view"] == one).to_numpy(dtype=bool)
        if rows.any():
            values = top["loading"].to_numpy(dtype=np.float64)[rows]
            axes.hlines(heights[rows], 0.0, values, color=colour, linewidth=1.5)
            axes.plot(values, heights[rows], "o", color=colour, label=one)
    axes.axvline(0.0, color=GREY, linewidth=1)
    axes.set_yticks(heights, list(top["feature"]))
    axes.xaxis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 5, 10]))
    axes.set_ylim(len(top) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def _label(stored: StoredFactors, place: int) -> str:
    return f"{_spaced(stored.names[place])} ({stored.scale[place] ** 2:.0%} of the variance)"


def _spaced(name: str) -> str:
    return f"factor {name.removeprefix('factor')}" if name.startswith("factor") else name
