"""Colours, line styles and shared figures of the report."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypedDict

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stratomics.evaluation.comparison import LABELS

__all__ = [
    "COLOURS",
    "DASHES",
    "GREY",
    "LineStyle",
    "forest",
    "method_lines",
    "plot_forest",
    "style",
    "svg",
]

# Colours of Okabe and Ito, which can be distinguished with any colour vision.
COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7")
DASHES = ((0, (5, 2)), (0, (1, 1.3)), (0, (7, 2, 1, 2)))
"""Styles of all lines except the first, so that lines can be distinguished without colours."""
GREY = "#555555"
"""Colour of what is compared with something else."""


@contextmanager
def style() -> Iterator[None]:
    """Set a plain style in which the bytes of a figure depend on its numbers only."""
    settings: Any = {
        "svg.hashsalt": "stratomics",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        # Names come from files: a dollar sign must not start a formula.
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


class LineStyle(TypedDict):
    """How the line of a method is drawn, in the words of matplotlib.

    Attributes
    ----------
    color, linestyle, linewidth, zorder
        Properties of the line.
    label
        Name of the method in the legend.
    """

    color: str
    linestyle: str | tuple[int, tuple[float, ...]]
    linewidth: float
    label: str
    zorder: int


def method_lines(names: Iterable[str]) -> dict[str, LineStyle]:
    """Name of a method -> line style: solid and thick for the first, which is stratomics; dashes for the others.

    Examples
    --------
    >>> [line["linewidth"] for line in method_lines(["stratomics", "clinical_cox"]).values()]
    [2.4, 1.3]
    """
    return {
        name: {
            # Four colours and three dash patterns give twelve different lines.
            "color": COLOURS[1 + (place - 1) % (len(COLOURS) - 1)] if place else COLOURS[0],
            "linestyle": DASHES[(place - 1) % len(DASHES)] if place else "-",
            "linewidth": 1.3 if place else 2.4,
            "label": LABELS.get(name, name),
            # Dashed lines are drawn on top, so that they are visible where they overlap the thick line.
            "zorder": 3 if place else 2,
        }
        for place, name in enumerate(names)
    }


def forest(labels: Sequence[str], figures: Sequence[Mapping[str, float]], title: str) -> Figure:
    """Draw a forest plot: estimates with 95% intervals, one line per method.

    Parameters
    ----------
    labels
        Names of the methods, stratomics first.
    figures
        ``estimate``, ``low`` and ``high`` of each method, in the same order.
    title
        Label of the horizontal axis.

    Returns
    -------
    Figure
    """
    figure = Figure(figsize=(7, 0.6 + 0.45 * len(labels)))
    colours = [GREY if place else COLOURS[0] for place in range(len(labels))]
    plot_forest(figure.add_subplot(), labels, figures, title, colours)
    return figure


def plot_forest(
    axes: Axes,
    labels: Sequence[str],
    figures: Sequence[Mapping[str, float]],
    title: str,
    colours: Sequence[str],
) -> None:
    """Draw estimates with 95% intervals, one line each, the first at the top.

    Parameters
    ----------
    axes
        Where to draw.
    labels
        Names of the lines.
    figures
        ``estimate``, ``low`` and ``high`` of each line, in the same order.
    title
        Label of the horizontal axis.
    colours
        Colour of each line.
    """
    for place, (entry, label, colour) in enumerate(zip(figures, labels, colours, strict=True)):
        axes.plot([entry["low"], entry["high"]], [place, place], color=colour, linewidth=2)
        axes.plot(entry["estimate"], place, "o", color=colour, label=label)
    axes.set_yticks(range(len(labels)), list(labels))
    axes.invert_yaxis()
    axes.set_xlabel(title)
