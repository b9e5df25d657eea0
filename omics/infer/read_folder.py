"""Read all tables of a folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers import COMPANIONS, FOLDERS, READERS
from omics.readers.plain_tables import read_columns

__all__ = ["FoundTable", "read_tables"]

ENDINGS = tuple(ending for ending in READERS if ending.startswith("."))


@dataclass(frozen=True)
class FoundTable:
    """One table of a folder: the name of its file, and its columns, the first of which has the ids of the rows."""

    file: str
    frame: pd.DataFrame

    @property
    def stem(self) -> str:
        """Name of the file without its ending."""
        ending = max((end for end in ENDINGS if self.file.endswith(end)), key=len)
        return self.file.removesuffix(ending)

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


def read_tables(folder: Path) -> list[FoundTable]:
    """Read every table in `folder` that has the ending of a known format, in the order of their names.

    Raises
    ------
    CohortError
        If the folder does not exist, has no table, or a table cannot be read.
    """
    if not folder.is_dir():
        raise CohortError("no such folder; name a folder with tables", "missing_file", file=str(folder))
    companions = set(chain.from_iterable(COMPANIONS.values()))
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.name.endswith(ENDINGS) and not path.name.startswith(".") and path.suffix not in companions
    ]
    paths = [path for path in paths if path.is_file() or path.suffix in FOLDERS]
    if not paths:
        raise CohortError(
            "the folder has no table; put a samples table and a table of measurements there, such as "
            "outcome.csv and rna.csv",
            "no_table",
            file=str(folder),
        )
    return [FoundTable(path.name, _with_cells(path)) for path in paths]


def _with_cells(path: Path) -> pd.DataFrame:
    frame = read_columns(path)
    if frame.empty:
        raise CohortError(
            "the table has a header and no rows; was it cut short?", "no_patient", file=str(path)
        )
    return frame
