"""The parts of a report: sections of paragraphs, lists, tables, panels (a figure with its data) and details."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.figure import Figure

from stratomics.report.figures.style import NARROW

__all__ = ["Block", "Details", "Panel", "Section", "Table", "cell", "coded", "column_classes", "csv_link"]

NUMBER = re.compile(r"[+\-<>~]?\s?\d")
"""How a text begins that is a number, perhaps with an interval."""
SENTENCE = 40
"""Letters from which a text is a sentence."""
EMPTY = ("", "none", "nan", "not available", "not tested", "too few", "not feasible")
"""Texts in place of a number."""


@dataclass(frozen=True)
class Panel:
    """A figure, the sentence that states what it shows for this cohort, and the data behind it.

    Attributes
    ----------
    id
        Name in the page and of the csv file.
    title
        What the figure shows, for any cohort, in a few words; the page numbers it.
    figure
        Created inside :func:`stratomics.report.figures.style.style`.
    sentence
        Caption, and the text that a screen reader reads instead of the figure.
    table
        The numbers in the figure, with readable column names and units; the first column labels the rows.
    """

    id: str
    title: str
    figure: Figure
    sentence: str
    table: pd.DataFrame

    @property
    def width(self) -> str:
        """Class of the figure in the page: ``narrow`` or ``wide``."""
        return "narrow" if self.figure.get_figwidth() <= NARROW else "wide"


@dataclass(frozen=True)
class Table:
    """A table shown in the page; the first column labels the rows, and numbers may be texts with intervals."""

    id: str
    caption: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Details:
    """Details that are collapsed on the screen.

    Attributes
    ----------
    summary
        What the details are, in a few words: the line that opens them.
    blocks
        Content in reading order.
    """

    summary: str
    blocks: Sequence[Block]


Block = str | list[str] | Panel | Table | Details
"""A paragraph, a list, a panel, a table, or details that are collapsed."""


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


def column_classes(table: pd.DataFrame) -> list[str]:
    """Class of the cells of each column in the page.

    Parameters
    ----------
    table
        A table of a section.

    Returns
    -------
    list of str
        ``n`` for numbers, perhaps with intervals, which are shown on the right and never wrap; ``long`` for sentences;
        nothing for other texts.

    Examples
    --------
    >>> column_classes(pd.DataFrame({"method": ["ridge"], "C": ["0.71 (0.60 to 0.80)"], "n": [3], "why": ["few"]}))
    ['', 'n', 'n', '']
    """
    return [_class(table.iloc[:, place]) for place in range(table.shape[1])]


def _class(column: pd.Series[Any]) -> str:
    if _is_numeric(column):
        return "n"
    return "long" if max((len(str(value)) for value in column), default=0) > SENTENCE else ""


def _is_numeric(column: pd.Series[Any]) -> bool:
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return True
    texts = [text for text in map(str, column) if text not in EMPTY]
    return bool(texts) and sum(bool(NUMBER.match(text)) for text in texts) >= len(texts) / 2


def coded(text: str) -> Markup:
    """Show text between backticks as code, and escape everything.

    Examples
    --------
    >>> str(coded("run `stratomics check` of <b>"))
    'run <code>stratomics check</code> of &lt;b&gt;'
    """
    pieces = text.split("`")
    pairs = zip_longest(pieces[::2], pieces[1::2])
    return Markup("").join(
        Markup("{}").format(plain) + (Markup("") if code is None else _code(code)) for plain, code in pairs
    )


def _code(command: str) -> Markup:
    """Code that breaks between words only: a browser also breaks after a hyphen, as in ``--method``."""
    whole, plain = Markup('<span class="whole">{}</span>'), Markup("{}")
    words = [(whole if "-" in word else plain).format(word) for word in command.split(" ")]
    return Markup("<code>{}</code>").format(Markup(" ").join(words))


def csv_link(table: pd.DataFrame) -> str:
    """Return the data URL of a table as csv of six digits, so that a browser can save it without a network."""
    text = table.to_csv(index=False, float_format="%.6g")
    return f"data:text/csv;base64,{base64.b64encode(text.encode()).decode()}"
