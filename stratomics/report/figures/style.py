"""Colours, widths and fonts of all figures, and their SVG, which follows the light or dark style of its page."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypedDict

import matplotlib as mpl
from matplotlib.figure import Figure

from stratomics.evaluation.comparison import LABELS

__all__ = [
    "COLOURS",
    "DASHES",
    "FONT",
    "GREY",
    "GRID",
    "INK",
    "NARROW",
    "RISK_COLOURS",
    "WIDE",
    "LineDash",
    "LineStyle",
    "method_lines",
    "new_figure",
    "style",
    "svg",
]

LineDash = str | tuple[int, tuple[float, ...]]
"""Style of a line, in the words of matplotlib."""

NARROW, WIDE = 4.4, 8.0
"""The two widths of figures in inches. A narrow one fits a phone of 390 px with text of 11 px."""

FONT = 10.0
"""Size of all text in points."""

# Colours of Okabe and Ito, which can be distinguished with any colour vision, darkened until their contrast with white
# is at least 3 to 1.
COLOURS = ("#0072b2", "#b07d00", "#c84a00", "#00805e", "#b0528a")
GREY = "#6b7278"
"""Colour of what is compared with something else, and of lines of reference."""
GRID = "#dde1e5"
"""Colour of lines that only guide the eye."""
INK = "#1c2024"
"""Colour of text and axes."""
RISK_COLOURS = (COLOURS[0], GREY, COLOURS[2])
"""Low, middle and high risk."""
DASHES: tuple[LineDash, ...] = ((0, (5, 2)), (0, (1, 1.3)), (0, (7, 2, 1, 2)))
"""Styles of all lines except the first, so that lines can be distinguished without colours."""

VARIABLES = {INK: "currentColor", GREY: "var(--figure-grey,#6b7278)", GRID: "var(--figure-grid,#dde1e5)"} | {
    colour: f"var(--figure-{number},{colour})" for number, colour in enumerate(COLOURS, 1)
}
"""Colour -> what stands for it in a page; ``figures.css`` sets the variables for light and dark."""

COORDINATES = re.compile(r'\b(?:d|x|y|transform|width|height)="[^"]*"')
NUMBER = re.compile(r"-?\d+\.\d{3,}")
"""A coordinate with more digits than a screen can show."""
IDS = re.compile(r'(?<=<g) id="[^"]*"')
SPACE = re.compile(r" *\n *")
STYLE = re.compile(r' style="[^"]*"')
USES = re.compile(r"<g([^>]*)>\n((?:<use [^>]*/>\n)+)</g>")
"""Marks of a line, one element each."""
COLOUR = re.compile(r"#[0-9a-f]{6}")
FONTS = re.compile(r"'[^']+'(, '[^']+')*, sans-serif")
"""Families of the font, which matplotlib repeats for each text."""


@contextmanager
def style() -> Iterator[None]:
    """Set a plain style in which the bytes of a figure depend on its numbers only."""
    ink = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    sizes = ("font.size", "axes.titlesize", "axes.labelsize", "xtick.labelsize", "ytick.labelsize")
    settings: Any = {
        "svg.hashsalt": "stratomics",
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        **dict.fromkeys(ink, INK),
        **dict.fromkeys([*sizes, "legend.fontsize", "legend.title_fontsize"], FONT),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "grid.color": GRID,
        "legend.frameon": False,
        "lines.solid_capstyle": "butt",
        # Names come from files: a dollar sign must not start a formula.
        "text.parse_math": False,
    }
    with mpl.rc_context(settings):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Create a figure of one of the two widths, in which nothing is cut off.

    Parameters
    ----------
    width
        `NARROW` or `WIDE`.
    height
        Height in inches.

    Returns
    -------
    Figure
    """
    return Figure(figsize=(width, height), layout="constrained")


def svg(figure: Figure) -> str:
    """Inline SVG of a figure: transparent, with text and axes in the colour of the page's text."""
    if (layout := figure.get_layout_engine()) is not None:
        # Once here instead of in savefig, which draws everything for it.
        layout.execute(figure)
        figure.set_layout_engine("none")
        for axes in figure.axes:
            # The last bits of the layout depend on the order of its solver in memory, and names of clips on them.
            left, bottom, width, height = (round(part, 5) for part in axes.get_position(original=True).bounds)
            axes.set_position((left, bottom, width, height))
    buffer = io.StringIO()
    metadata = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(buffer, format="svg", metadata=metadata, transparent=True)
    text = buffer.getvalue()
    text = COLOUR.sub(lambda found: VARIABLES.get(found[0], found[0]), text[text.index("<svg") :])
    return _compact(FONTS.sub("system-ui, sans-serif", text))


def _compact(text: str) -> str:
    """Shorten coordinates, spaces and repeated styles, and remove ids that are the same in every figure."""
    text = COORDINATES.sub(lambda found: NUMBER.sub(_rounded, found[0]), text)
    return USES.sub(_one_style, SPACE.sub("\n", IDS.sub("", text)))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _one_style(group: re.Match[str]) -> str:
    """Write the style of many marks once, on their group."""
    styles = set(STYLE.findall(group[2]))
    if len(styles) != 1:
        return group[0]
    return f"<g{group[1]}{styles.pop()}>\n{STYLE.sub('', group[2])}</g>"


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
    linestyle: LineDash
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
