"""Refuse the first wrong row of a table of events, with its row and patient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["refuse_rows"]


def refuse_rows(
    table: pd.DataFrame, wrong: pd.Series[Any] | NDArray[np.bool_], code: str, sentence: str, file: str
) -> None:
    """Raise :class:`CohortError` for the first wrong row; do nothing if no row is wrong.

    Parameters
    ----------
    table
        Events, with the columns ``patient`` and ``row``.
    wrong
        (rows,) bool.
    code
        Code of the error.
    sentence
        What is wrong and what to do; ``{name}`` stands for the value of a column in the wrong row.
    file
        Named in the error.

    Raises
    ------
    CohortError
        If a row is wrong.

    Examples
    --------
    >>> rows = pd.DataFrame({"patient": ["7"], "row": [3], "rate": [-5.0]})
    >>> refuse_rows(rows, rows["rate"] < 0, "bad_rate", "RATE is {rate:g}; correct it", "a.csv")
    Traceback (most recent call last):
    ...
    omics.common.errors.CohortError: a.csv, patient 7: row 3: RATE is -5; correct it
    """
    places = np.flatnonzero(np.asarray(wrong, dtype=bool))
    if not len(places):
        return
    row = {str(name): table[name].iloc[places[0]] for name in table.columns}
    raise CohortError(
        f"row {row['row']}: {sentence.format(**row)}", code, file=file, patient=str(row["patient"])
    )
