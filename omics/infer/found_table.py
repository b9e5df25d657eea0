"""One table of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from omics.readers import READERS

__all__ = ["ENDINGS", "METABOLON_SAMPLES", "SERIES_CLINICAL", "TEXT", "FoundTable", "ids_of"]

ENDINGS = tuple(ending for ending in READERS if ending.startswith("."))
"""Endings of files that are read without a declared format."""


TEXT = (".txt", ".txt.gz")
"""Endings of files whose program is recognised by their header."""


METABOLON_SAMPLES, SERIES_CLINICAL = "metabolon_samples", "series_clinical"
"""Formats of what a file of measurements says about its samples."""


@dataclass(frozen=True)
class FoundTable:
    """One table of a folder.

    Attributes
    ----------
    file
        Name of the file.
    frame
        Its columns, the first of which has the ids of the rows.
    keys
        Further keys of the view in ``cohort.yaml``, such as the format or the layer that was read.
    label
        Name of its part of the file, such as a sheet.
    """

    file: str
    frame: pd.DataFrame
    keys: Mapping[str, Any] = field(default_factory=dict, kw_only=True)
    label: str = field(default="", kw_only=True)

    @property
    def stem(self) -> str:
        """Name of the file without its ending, or of the part of it."""
        name = self.file.lower()
        ending = max((end for end in (*ENDINGS, *TEXT) if name.endswith(end.lower())), key=len, default="")
        return self.label or self.file[: len(name) - len(ending)].removesuffix(".gz")

    @cached_property
    def rows(self) -> pd.Index:
        """First cell of each row, as text."""
        return pd.Index(self.frame.iloc[:, 0].astype(str))

    def without_ids(self, identifier: str) -> pd.DataFrame:
        """All columns except the id column; the first column, which readers leave as text, as numbers if possible."""
        others = self.frame.drop(columns=identifier)
        first = str(self.frame.columns[0])
        if first in others:
            numbers = pd.to_numeric(others[first], errors="coerce")
            if (numbers.notna() == others[first].notna()).all():
                others[first] = numbers
        return others

    @cached_property
    def columns(self) -> pd.Index:
        """Names of all columns except the first, as text."""
        return self.frame.columns[1:].astype(str)


def ids_of(frame: pd.DataFrame, name: str) -> pd.Index | None:
    """Values of a column that could be ids: unique texts or whole numbers, none of them missing.

    Parameters
    ----------
    frame
        A table.
    name
        Name of the column.

    Returns
    -------
    Index or None
        The ids as text; None if they could not be ids.
    """
    if name not in frame.columns:
        return None
    column: pd.Series[Any] = frame[name]
    if column.dtype.kind not in "Oiu" or column.isna().any() or not column.is_unique:
        return None
    return pd.Index(column.astype(str))
