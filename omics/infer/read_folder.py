"""The tables of a folder, as the readers give them."""

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
    """One table of a folder: its file's name, and its columns, of which the first holds the ids of the rows."""

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

    def beside(self, identifier: str) -> pd.DataFrame:
        """Give all columns but that of ids; the first, which readers leave as text, as numbers where it holds them."""
        others = self.frame.drop(columns=identifier)
        first = str(self.frame.columns[0])
        if first in others:
            numbers = pd.to_numeric(others[first], errors="coerce")
            if (numbers.notna() == others[first].notna()).all():
                others[first] = numbers
        return others

    @cached_property
    def columns(self) -> pd.Index:
        """Names of all columns but the first, as text."""
        return self.frame.columns[1:].astype(str)


def read_tables(folder: Path) -> list[FoundTable]:
    """Read every table that lies in `folder` and whose ending a reader knows, in the order of their names.

    Raises
    ------
    CohortError
        No such folder, no table in it, or one that cannot be read.
    """
    if not folder.is_dir():
        raise CohortError("no such folder; name one that holds tables", "missing_file", file=str(folder))
    companions = set(chain.from_iterable(COMPANIONS.values()))
    paths = [
        path
        for path in sorted(folder.iterdir())
        if path.name.endswith(ENDINGS) and not path.name.startswith(".") and path.suffix not in companions
    ]
    paths = [path for path in paths if path.is_file() or path.suffix in FOLDERS]
    if not paths:
        raise CohortError(
            "the folder holds no table; put a table of patients and one of measurements there, such as "
            "outcome.csv and rna.csv",
            "no_table",
            file=str(folder),
        )
    return [FoundTable(path.name, _with_cells(path)) for path in paths]


def _with_cells(path: Path) -> pd.DataFrame:
    frame = read_columns(path)
    if frame.empty:
        raise CohortError(
            "the table has a header and no row; was it cut short?", "no_patient", file=str(path)
        )
    return frame
