"""Figures of the report: each takes saved numbers and gives a matplotlib figure that a person can change."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

__all__ = ["COLOURS", "forest", "style", "svg"]

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
