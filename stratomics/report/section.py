"""What a report is made of: sections of paragraphs, lists, tables and panels."""

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
    """A figure, the sentence that says what it shows for this cohort, and the table behind it.

    Attributes
    ----------
    id
        Name within the page, and of the csv file.
    figure
        Drawn inside :func:`stratomics.report.figures.style`.
    sentence
        Read aloud in place of the figure, and written below it.
    table
        The numbers that are drawn, in words and units that a stranger understands; the first column heads the rows.
    """

    id: str
    figure: Figure
    sentence: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Table:
    """A table that stands open in the page, the first column heading the rows; numbers may be texts with intervals."""

    id: str
    caption: str
    table: pd.DataFrame


Block = str | list[str] | Panel | Table
"""A paragraph, a list, a panel or a table."""


@dataclass(frozen=True)
class Section:
    """A section of the report, which the contents list names.

    Attributes
    ----------
    id, title
        Anchor and heading.
    blocks
        In order, unless a template of its own arranges `content`.
    template, content
        Of sections that need more than blocks.
    """

    id: str
    title: str
    blocks: Sequence[Block] = ()
    template: str = "section.html.j2"
    content: Any = None


def cell(value: object) -> str:
    """Write one value of a table.

    Examples
    --------
    >>> cell(0.123456), cell(float("nan")), cell(3), cell("II")
    ('0.1235', '', '3', 'II')
    """
    if isinstance(value, float):
        return "" if value != value else f"{value:.4g}"  # noqa: PLR0124  # NaN
    return str(value)


def coded(text: str) -> Markup:
    """Show what stands between backticks as code, and escape all of it.

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
    """Address of a table as csv that a browser downloads without a network."""
    return f"data:text/csv;base64,{base64.b64encode(table.to_csv(index=False).encode()).decode()}"
