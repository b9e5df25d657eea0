"""Figure of one patient under several regimens: exposure with the range of training, and survival with bands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.report.figures.style import COLOURS, DASHES, GREY, GRID, WIDE, LineDash, new_figure, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_twin_curves", "draw_twin_exposure", "twin_figure"]

BAND = 0.13
"""Opacity of a band."""

INTERVAL = ["estimate", "low", "high"]


def twin_figure(
    exposure: pd.DataFrame, curves: pd.DataFrame, predictions: pd.DataFrame, unit: str, note: str
) -> Figure:
    """Draw the twins of one patient: exposure on the left, predictions on the right.

    Parameters
    ----------
    exposure, curves, predictions
        Tables of :class:`stratomics.pharmacology.twins.result.Twins`, for one patient.
    unit
        Unit of time.
    note
        Limits of use, written below.

    Returns
    -------
    Figure
        Regimens whose exposure is outside the range of training are grey.
    """
    measures = list(dict.fromkeys(exposure["measure"]))
    with style():
        figure = new_figure(WIDE, 1.2 + max(2.8, 1.1 * len(measures)))
        grid = figure.add_gridspec(len(measures), 2)
        for place, measure in enumerate(measures):
            draw_twin_exposure(figure.add_subplot(grid[place, 0]), exposure[exposure["measure"] == measure])
        right = figure.add_subplot(grid[:, 1])
        if len(curves):
            draw_twin_curves(right, curves, _outside(exposure), unit)
        else:
            _draw_probabilities(right, predictions)
        figure.suptitle(f"Patient {exposure['patient'].iloc[0]}", x=0.01, ha="left", fontweight="bold")
        figure.supxlabel(f"Grey area: range of training. {note}", fontsize=8, color=GREY)
    return figure


def draw_twin_exposure(axes: Axes, exposure: pd.DataFrame) -> None:
    """Draw one measure of exposure under each regimen, with its interval and the range of training.

    Parameters
    ----------
    axes
        Where to draw.
    exposure
        One row per regimen.
    """
    low, high = exposure[["training_low", "training_high"]].iloc[0]
    if np.isfinite(low):
        axes.axvspan(low, high, color=GRID, alpha=0.6, linewidth=0)
    numbers = exposure[INTERVAL].to_numpy(float)
    for place, (values, beyond) in enumerate(zip(numbers, exposure["outside"], strict=True)):
        _draw_interval(axes, values, place, GREY if beyond else _colour(place))
    axes.set_yticks(range(len(exposure)), [str(name) for name in exposure["regimen"]])
    axes.set_ylim(len(exposure) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel(f"{exposure['measure'].iloc[0]}, {exposure['basis'].iloc[0]}")


def draw_twin_curves(
    axes: Axes, curves: pd.DataFrame, outside: Sequence[str] = (), unit: str = "", labels: Sequence[str] = ()
) -> None:
    """Draw S(t) under each regimen with its band.

    Parameters
    ----------
    axes
        Where to draw.
    curves
        One row per regimen and time: survival, low, high.
    outside
        Regimens to draw in grey.
    unit
        Unit of time.
    labels
        Text of each regimen in the legend; by default its name.
    """
    for place, (name, rows) in enumerate(curves.groupby("regimen", sort=False)):
        times = np.concatenate([[0.0], rows["time"]])
        values, low, high = (np.concatenate([[1.0], rows[key]]) for key in ("survival", "low", "high"))
        colour = GREY if name in outside else _colour(place)
        label = labels[place] if len(labels) else str(name)
        dash: LineDash = DASHES[(place - 1) % len(DASHES)] if place else "-"
        axes.plot(
            times,
            values,
            color=colour,
            linestyle=dash,
            linewidth=1.8,
            label=f"{label} (outside the range of training)" if name in outside else label,
        )
        axes.fill_between(times, low, high, color=colour, alpha=BAND, linewidth=0)
    axes.set_ylim(0, 1.02)
    axes.set_yticks(np.linspace(0, 1, 6), ["0", "20%", "40%", "60%", "80%", "100%"])
    axes.set_xlim(left=0)
    axes.set_xlabel(f"time in {unit}" if unit else "time")
    axes.set_ylabel("Predicted survival, 90% interval")
    axes.legend(loc="best")


def _draw_probabilities(axes: Axes, predictions: pd.DataFrame) -> None:
    names = list(dict.fromkeys(predictions["endpoint"]))
    regimens = list(dict.fromkeys(predictions["regimen"]))
    keys = predictions[["endpoint", "regimen", "outside"]].to_numpy()
    for (endpoint, regimen, beyond), values in zip(keys, predictions[INTERVAL].to_numpy(float), strict=True):
        place, number = names.index(endpoint), regimens.index(regimen)
        at = place + (number - (len(regimens) - 1) / 2) * 0.2
        label = str(regimen) if place == 0 else None
        _draw_interval(axes, values, at, GREY if beyond else _colour(number), label)
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.set_xlabel("Predicted probability, 90% interval")
    axes.legend(loc="best")


def _draw_interval(
    axes: Axes, values: NDArray[np.float64], at: float, colour: str, label: str | None = None
) -> None:
    """Draw a point and its interval, `values` in the order of INTERVAL, at a height."""
    estimate, low, high = values
    axes.plot([low, high], [at, at], color=colour, linewidth=1.8)
    axes.plot([estimate], [at], "o", color=colour, label=label)


def _outside(exposure: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(exposure.loc[exposure["outside"], "regimen"]))


def _colour(place: int) -> str:
    return COLOURS[place % len(COLOURS)]
