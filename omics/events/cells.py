"""Cells of a table of events as numbers; a point means missing, as in NONMEM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.events.refuse import refuse_rows
from omics.readers.not_numbers import not_a_number

__all__ = ["numbers_of", "texts_of"]

if TYPE_CHECKING:
    Column = pd.Series[Any]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
MISSING = ("", ".")


def texts_of(cells: Column) -> pd.Series[str]:
    """Cells as texts without blanks around them, empty where missing."""
    return cells.map(lambda cell: "" if pd.isna(cell) else str(cell).strip())


def numbers_of(rows: pd.DataFrame, cells: Column, name: str, file: str) -> pd.Series[float]:
    """Convert the cells of a column to float64; an empty cell and a point become NaN.

    Parameters
    ----------
    rows
        Columns ``patient`` and ``row`` of the events.
    cells
        (rows,) numbers or texts.
    name
        Name of the column, for errors.
    file
        Named in errors.

    Returns
    -------
    Series of float
        (rows,) the numbers.

    Raises
    ------
    CohortError
        If a cell is a text or infinite.
    """
    if cells.dtype.kind in "fiub":
        values = cells.astype(float)
    else:
        texts = texts_of(cells)
        wrong = ~texts.map(lambda text: text in MISSING or bool(NUMBER.fullmatch(text)))
        if wrong.any():
            place = int(wrong.to_numpy().argmax())
            row, patient = rows[["row", "patient"]].iloc[place]
            sentence = f"row {row}: {not_a_number(texts.iloc[place])}"
            raise CohortError(sentence, "text_for_number", file=file, column=name, patient=str(patient))
        values = texts.map(lambda text: np.nan if text in MISSING else float(text)).astype(float)
    sentence = "{column} is infinite; correct the cell"
    refuse_rows(rows.assign(column=name), np.isinf(values), "infinite_value", sentence, file)
    return values
