"""Figure of tumour sizes over time with the curves of single patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from stratomics.report.figures.style import COLOURS, GREY, WIDE, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["tumour_figure"]

PATIENTS, COLUMNS = 12, 4
"""Patients that are shown, and panels in a row."""

BAND = 0.15


def tumour_figure(curves: pd.DataFrame, sizes: pd.DataFrame, note: str) -> Figure:
    """Draw measured sizes and fitted curves, one panel per patient.

    Parameters
    ----------
    curves
        Columns ``patient``, ``time`` (weeks), ``size``, ``low`` and ``high`` (mm).
    sizes
        Columns ``patient``, ``time``, ``size`` and ``censored``.
    note
        Written below.

    Returns
    -------
    Figure
        Up to 12 patients, evenly spaced from the most to the least shrunken. An open mark is a size below the limit.
    """
    chosen = _chosen(curves)
    rows = -(-len(chosen) // COLUMNS)
    with style():
        figure = new_figure(WIDE, 0.8 + 1.6 * rows)
        panels = figure.subplots(rows, COLUMNS, sharex=True, squeeze=False).ravel()
        for axes, patient in zip(panels, chosen, strict=False):
            _draw(axes, curves[curves["patient"] == patient], sizes[sizes["patient"] == patient])
        for axes in panels[len(chosen) :]:
            axes.set_visible(False)
        figure.supylabel("sum of diameters, mm", fontsize=9)
        figure.supxlabel(f"weeks since treatment began. {note}", fontsize=8, color=GREY)
    return figure


def _chosen(curves: pd.DataFrame) -> list[str]:
    by_patient = curves.groupby("patient", sort=False)["size"]
    order = (by_patient.last() / by_patient.first()).sort_values(kind="stable").index
    count = min(PATIENTS, len(order))
    return [str(order[round(k * (len(order) - 1) / max(1, count - 1))]) for k in range(count)]


def _draw(axes: Axes, curve: pd.DataFrame, sizes: pd.DataFrame) -> None:
    axes.fill_between(curve["time"], curve["low"], curve["high"], color=COLOURS[0], alpha=BAND, linewidth=0)
    axes.plot(curve["time"], curve["size"], color=COLOURS[0])
    for below, fill in ((False, COLOURS[0]), (True, "white")):
        part = sizes[sizes["censored"] == below]
        axes.scatter(part["time"], part["size"], s=14, color=fill, edgecolors=COLOURS[0], zorder=3)
    axes.set_ylim(bottom=0)
    axes.set_title(str(curve["patient"].iloc[0]), fontsize=8)
