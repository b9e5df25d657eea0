"""Notes about what a reader leaves out by the rules of its format; they stay with the table for ``check``."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["LEFT_OUT", "attach_notes", "left_out_note", "notes_of"]

LEFT_OUT = "left_out"
"""Key of the notes in ``attrs`` of a table and in ``uns`` of a view."""
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
