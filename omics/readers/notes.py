"""What a reader leaves out by the rules of its format: said with the table, so that ``check`` can say it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["LEFT_OUT", "left_out", "noted", "notes_of"]

LEFT_OUT = "left_out"
"""Where a table keeps its notes in ``attrs``, and a view in ``uns``."""
SHOWN = 5


def noted(table: pd.DataFrame, notes: Sequence[str]) -> pd.DataFrame:
    """Attach a sentence for each kind of thing that was left out."""
    if notes:
        table.attrs[LEFT_OUT] = list(notes)
    return table


def notes_of(table: pd.DataFrame) -> list[str]:
    """Give the sentences that :func:`noted` attached.

    Examples
    --------
    >>> notes_of(noted(pd.DataFrame(), ["2 buffers left out"]))
    ['2 buffers left out']
    """
    return list(table.attrs.get(LEFT_OUT, ()))


def left_out(what: str, names: Sequence[str]) -> str:
    """Say how many of `what` were left out, and the names of the first.

    Examples
    --------
    >>> left_out("control sample(s)", ["NC1", "NC2"])
    '2 control sample(s) left out: NC1, NC2'
    """
    return f"{len(names)} {what} left out: {', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''}"
