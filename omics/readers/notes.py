"""Notes about what a reader leaves out by the rules of its format; they stay with the table for ``check``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

__all__ = [
    "LEFT_OUT",
    "TO_CHECK",
    "attach_notes",
    "attach_warnings",
    "is_sentence",
    "left_out_note",
    "notes_of",
    "warnings_of",
]

LEFT_OUT = "left_out"
"""Key of the notes in ``attrs`` of a table and in ``uns`` of a view."""
TO_CHECK = "to_check"
"""Key of what a person should check about a table: code of the finding -> sentence."""
SENTENCE, FOOTNOTE_MARKS = 3, ("*", "\u2020", "\u2021")
"""Number of words of a sentence below a table, and marks with which a footnote begins."""
SHOWN = 5
"""Number of names that a note lists."""


def attach_notes(table: pd.DataFrame, notes: Sequence[str]) -> pd.DataFrame:
    """Attach notes to a table.

    Parameters
    ----------
    table
        The table.
    notes
        One sentence per kind of thing that was left out.

    Returns
    -------
    DataFrame
        `table`.
    """
    if notes:
        table.attrs[LEFT_OUT] = list(notes)
    return table


def notes_of(table: pd.DataFrame) -> list[str]:
    """Return the notes of a table.

    Examples
    --------
    >>> notes_of(attach_notes(pd.DataFrame(), ["2 buffers left out"]))
    ['2 buffers left out']
    """
    return list(table.attrs.get(LEFT_OUT, ()))


def attach_warnings(table: pd.DataFrame, warnings: Mapping[str, str]) -> pd.DataFrame:
    """Attach what a person should check to a table.

    Parameters
    ----------
    table
        The table.
    warnings
        Code of the finding -> sentence; added to those of the table.

    Returns
    -------
    DataFrame
        `table`.
    """
    if warnings:
        table.attrs[TO_CHECK] = {**warnings_of(table), **warnings}
    return table


def warnings_of(table: pd.DataFrame) -> dict[str, str]:
    """Return what a person should check about a table: code -> sentence."""
    return dict(table.attrs.get(TO_CHECK, {}))


def is_sentence(text: str, others: Sequence[str]) -> bool:
    """Whether the first cell of an otherwise empty row is a footnote, and not the id of a patient without values.

    Parameters
    ----------
    text
        The cell.
    others
        The first cells of the other rows; where they have blanks, so may an id.

    Returns
    -------
    bool
        True for a mark such as * or at least three words, if no other row begins so.

    Examples
    --------
    >>> is_sentence("values are log2", ["P1", "P2"]), is_sentence("Patient no 3", ["Patient no 1", "P2"])
    (True, False)
    """
    words = text.split()
    long = len(words) >= SENTENCE or text[:1] in FOOTNOTE_MARKS
    return bool(words) and long and not any(" " in one for one in others)


def left_out_note(what: str, names: Sequence[str]) -> str:
    """Sentence with the number and the first names of what was left out.

    Parameters
    ----------
    what
        What was left out.
    names
        Their names.

    Returns
    -------
    str
        The note.

    Examples
    --------
    >>> left_out_note("control sample(s)", ["NC1", "NC2"])
    '2 control sample(s) left out: NC1, NC2'
    """
    return f"{len(names)} {what} left out: {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}"
