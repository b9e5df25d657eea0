"""Read all tables of a folder."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.infer.found_cells import find_cells
from omics.infer.found_table import ENDINGS, FoundTable
from omics.readers import COMPANIONS, FOLDERS
from omics.readers.plain_tables import read_columns

__all__ = ["read_tables"]

ANNDATA = ".h5ad"


def read_tables(folder: Path) -> list[FoundTable]:
    """Read every table in `folder` that has the ending of a known format, in the order of their names.

    Of single cells only the labels are read.

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
    # A file of single cells is recognised by the ids of the other tables; read as a table, it could fill the memory.
    tables = [FoundTable(path.name, _not_empty(path)) for path in paths if path.suffix != ANNDATA]
    for path in paths:
        if path.suffix == ANNDATA:
            tables.append(find_cells(path, tables) or FoundTable(path.name, _not_empty(path)))
    return sorted(tables, key=lambda table: table.file)


def _not_empty(path: Path) -> pd.DataFrame:
    frame = read_columns(path)
    if frame.empty:
        raise CohortError(
            "the table has a header and no rows; was it cut short?", "no_patient", file=str(path)
        )
    return frame
