"""Labels of cells, such as patients and cell types, as numbers with their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.readers.delimited import missing_to_none

__all__ = ["Labels", "labels_of"]


@dataclass(frozen=True)
class Labels:
    """One label per cell.

    Attributes
    ----------
    codes
        (cells,) position of the label of each cell in `names`; -1 where a cell has none.
    names
        The labels that some cell has, in ascending order.
    """

    codes: NDArray[np.int64]
    names: pd.Index

    def __len__(self) -> int:
        return len(self.names)

    def first_missing(self) -> int | None:
        """Position of the first cell without a label, if any."""
        missing = self.codes < 0
        return int(missing.argmax()) if missing.any() else None


def labels_of(column: pd.Series[Any]) -> Labels:
    """Read the labels of a column; a text that means "not measured" in a table is no label.

    The order of the names does not depend on the order of the cells.

    Examples
    --------
    >>> labels = labels_of(pd.Series(["T cells", "B cells", "T cells", "NA"]))
    >>> labels.codes.tolist(), list(labels.names)
    ([1, 0, 1, -1], ['B cells', 'T cells'])
    """
    codes, values = pd.factorize(column)
    texts = np.array([_text(value) for value in values], dtype=object)
    names = np.array(sorted({text for text in texts if text is not None}), dtype=object)
    position = {name: number for number, name in enumerate(names)}
    # The last entry is for cells without a value, whose code is -1.
    number = np.array([*(position.get(text, -1) for text in texts), -1], dtype=np.int64)
    return Labels(number[codes], pd.Index(names, dtype=object))


def _text(value: object) -> str | None:
    """Label as text, a whole number without decimals, so that patient 1 is '1' also in a column of floats."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    text = str(value)
    return text if missing_to_none(text) is not None else None
