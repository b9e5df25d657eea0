"""The parts of a report: sections of paragraphs, lists, tables and panels (a figure with its data)."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

__all__ = ["Block", "Panel", "Section", "Table", "cell", "coded", "csv_link"]


@dataclass(frozen=True)
class Panel:
    """A figure, the sentence that states what it shows for this cohort, and the data behind it.

    Attributes
    ----------
    id
        Name in the page and of the csv file.
    figure
        Created inside :func:`stratomics.report.figures.style`.
    sentence
        Caption, and the text that a screen reader reads instead of the figure.
    table
        The numbers in the figure, with readable column names and units; the first column labels the rows.
    """

    id: str
    figure: Figure
    sentence: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Table:
    """A table shown in the page; the first column labels the rows, and numbers may be texts with intervals."""

    id: str
    caption: str
    table: pd.DataFrame


Block = str | list[str] | Panel | Table
"""A paragraph, a list, a panel or a table."""


@dataclass(frozen=True)
class Section:
    """A section of the report, listed in its contents.

    Attributes
    ----------
    id, title
        Anchor and heading.
    blocks
        Content in reading order, unless `template` arranges `content`.
    template, content
        For sections that need a template of their own.
    """

    id: str
    title: str
    blocks: Sequence[Block] = ()
    template: str = "section.html.j2"
    content: Any = None


def cell(value: object) -> str:
    """Format one value of a table.

    Examples
    --------
    >>> cell(0.123456), cell(float("nan")), cell(3), cell("II")
    ('0.1235', '', '3', 'II')
    """
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"  # noqa: PLR0124  # NaN
    return str(value)


def coded(text: str) -> Markup:
    """Show text between backticks as code, and escape everything.

    Examples
    --------
    >>> str(coded("run `stratomics check` of <b>"))
    'run <code>stratomics check</code> of &lt;b&gt;'
    """
    pieces = [Markup("{}").format(piece) for piece in text.split("`")]
    pairs = zip_longest(pieces[::2], pieces[1::2])
    return Markup("").join(
        plain if code is None else plain + Markup("<code>{}</code>").format(code) for plain, code in pairs
    )


def csv_link(table: pd.DataFrame) -> str:
    """Return the data URL of a table as csv, so that a browser can save it without a network."""
    return f"data:text/csv;base64,{base64.b64encode(table.to_csv(index=False).encode()).decode()}"
