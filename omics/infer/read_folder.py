"""Read all tables of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.infer.found_cells import find_cells
from omics.infer.found_events import is_events
from omics.infer.found_pgx import PROGRAMS, find_pgx
from omics.infer.found_table import ENDINGS, SERIES_CLINICAL, TEXT, FoundTable
from omics.infer.found_workbooks import WORKBOOK, read_workbook
from omics.readers import COMPANIONS, FOLDERS
from omics.readers.anndata_parts import whole_layers
from omics.readers.containers import modalities_of
from omics.readers.plain_tables import read_columns
from omics.readers.signatures import format_of_text
from omics.readers.text_files import read_lines

__all__ = ["MUDATA", "FoundFolder", "read_modalities", "read_tables"]

ANNDATA, MUDATA = ".h5ad", ".h5mu"
PLAIN = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".txt.gz")
"""Endings that do not show the program that wrote a file."""

SERIES = "series_matrix"

UNSAID = (".txt", ".tab", ".dat", "")
"""Endings that do not show how text is delimited."""


@dataclass(frozen=True)
class FoundFolder:
    """Tables of a folder, tables of doses and levels, and parts of files that are not used -> why."""

    tables: list[FoundTable]
    events: list[FoundTable]
    passed_over: dict[str, str]


def read_tables(folder: Path) -> FoundFolder:
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
        if not path.name.startswith(".") and path.suffix not in companions
    ]
    genes = [found for path in paths if _may_have_genes(path) and (found := find_pgx(path)) is not None]
    read = {table.file for table in genes}
    paths = [path for path in paths if _is_table(path) and path.name not in read]
    paths = [path for path in paths if path.is_file() or path.suffix in FOLDERS]
    if not paths:
        raise CohortError(
            "the folder has no table; put a samples table and a table of measurements there, such as "
            "outcome.csv and rna.csv",
            "no_table",
            file=str(folder),
        )
    # A file of single cells is recognised by the ids of the other tables; read as a table, it could fill the memory.
    # So are the patients of a workbook.
    later = (ANNDATA, WORKBOOK)
    tables = [_table(path) for path in paths if path.suffix.lower() not in later]
    tables += [_clinical_lines(path) for path in paths if path.name in _series(tables)]
    tables += genes
    passed_over: dict[str, str] = {}
    for path in paths:
        if path.suffix.lower() == WORKBOOK:
            book = read_workbook(path, tables)
            tables += book.tables
            passed_over |= book.passed_over
    for path in paths:
        if path.suffix == ANNDATA:
            tables.append(find_cells(path, tables) or _table(path))
    tables.sort(key=lambda table: table.file)
    events = [table for table in tables if not table.label and is_events(table)]
    return FoundFolder([table for table in tables if table not in events], events, passed_over)


def _may_have_genes(path: Path) -> bool:
    return path.name.endswith((*ENDINGS, *PROGRAMS)) if path.is_file() else path.suffix not in FOLDERS


def _is_table(path: Path) -> bool:
    if path.name.lower().endswith(tuple(map(str.lower, ENDINGS))):
        return True
    if path.name.endswith(TEXT) and path.is_file() and format_of_text(path) is not None:
        return True
    return _delimited(path) is not None


def _delimited(path: Path) -> str | None:
    """Format of text with tabs or commas whose ending does not show it, as in ``clinical.txt``; otherwise None."""
    name = path.name.lower()
    if Path(name.removesuffix(".gz")).suffix not in UNSAID or not path.is_file():
        return None
    try:
        first, second, third = (line for line in read_lines(path, 3))
    except (UnicodeDecodeError, OSError, EOFError):
        return None
    for mark, kind in (("\t", ".tsv"), (",", ".csv")):
        cells = second.count(mark)
        # The header of R's write.table has one name less.
        if cells and cells == third.count(mark) and 0 <= cells - first.count(mark) <= 1:
            return f"{kind}.gz" if name.endswith(".gz") else kind
    return None


def _series(tables: Sequence[FoundTable]) -> set[str]:
    return {table.file for table in tables if table.keys.get("format") == SERIES}


def _clinical_lines(path: Path) -> FoundTable:
    """Read what a series matrix of GEO says about its samples; it is a view too."""
    keys = {"file": path.name, "format": SERIES_CLINICAL}
    return FoundTable(
        f"{path.name} (clinical lines)", read_columns(path, SERIES_CLINICAL), keys=keys, label="samples"
    )


def _table(path: Path) -> FoundTable:
    keys: dict[str, str] = {}
    named = path.name.lower().endswith(tuple(map(str.lower, ENDINGS)))
    program = format_of_text(path) if path.name.endswith(PLAIN) else None
    program = program or (None if named else _delimited(path))
    if program is not None:
        keys["format"] = program
    frame = _not_empty(path, keys.get("format"))
    if path.suffix == ANNDATA and not _is_whole(frame) and (layers := whole_layers(path)):
        keys["layer"] = layers[0]
        frame = _not_empty(path, layer=layers[0])
    return FoundTable(path.name, frame, keys=keys)


def read_modalities(path: Path) -> list[FoundTable]:
    """Read the modalities of an h5mu file, each with the key ``mod``.

    Raises
    ------
    CohortError
        If a modality cannot be read.
    """
    return [
        FoundTable(
            f"{name}.csv", read_columns(path, None, {"mod": name}), keys={"file": path.name, "mod": name}
        )
        for name in modalities_of(path)
    ]


def _is_whole(frame: pd.DataFrame) -> bool:
    values = frame.iloc[:, 1:].to_numpy(dtype=float)
    return bool((np.nan_to_num(values) % 1 == 0).all())


def _not_empty(path: Path, program: str | None = None, layer: str | None = None) -> pd.DataFrame:
    frame = read_columns(path, program, None if layer is None else {"layer": layer})
    if frame.empty:
        raise CohortError(
            "the table has a header and no rows; was it cut short?", "no_patient", file=str(path)
        )
    return frame
