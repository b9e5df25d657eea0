"""Figures of the report: each takes saved numbers and gives a matplotlib figure that a person can change."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from stratomics.evaluation.comparison import LABELS

__all__ = ["COLOURS", "DASHES", "forest", "method_lines", "style", "svg"]

# Okabe and Ito's colours, told apart with any colour vision.
COLOURS = ("#0072B2", "#E69F00", "#D55E00", "#009E73", "#CC79A7")
DASHES = ((0, (5, 2)), (0, (1, 1.3)), (0, (7, 2, 1, 2)))
"""Of all lines but the first, so that nobody needs colours to tell them apart."""


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


def method_lines(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Name of a method -> how its line is drawn: ours, the first, thick and whole; each other in dashes of its own.

    Examples
    --------
    >>> [line["linewidth"] for line in method_lines(["stratomics", "clinical_cox"]).values()]
    [2.4, 1.3]
    """
    return {
        name: {
            # Four colours and three dashes: twelve lines before two are alike.
            "color": COLOURS[1 + (place - 1) % (len(COLOURS) - 1)] if place else COLOURS[0],
            "linestyle": DASHES[(place - 1) % len(DASHES)] if place else "-",
            "linewidth": 1.3 if place else 2.4,
            "label": LABELS.get(name, name),
            # Dashes on top of the thick line can be seen where both are one.
            "zorder": 3 if place else 2,
        }
        for place, name in enumerate(names)
    }


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
