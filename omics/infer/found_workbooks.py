"""Recognise the sheets of a workbook as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.infer.found_table import METABOLON_SAMPLES, FoundTable
from omics.readers.metabolon_sheets import BOTH, DATA, METABOLITES, SAMPLES, sheets_of
from omics.readers.plain_tables import read_columns
from omics.readers.sheets import sheet_names

__all__ = ["METABOLON", "WORKBOOK", "FoundWorkbook", "read_workbook"]

WORKBOOK = ".xlsx"
METABOLON = "metabolon"

SHARED = 0.5
"""Share of the ids of samples that must recur in another table."""

FEW_COLUMNS = 200
"""Columns of another table that may have the ids."""


@dataclass(frozen=True)
class FoundWorkbook:
    """Tables of a workbook, and sheets that are not used -> why."""

    tables: list[FoundTable]
    passed_over: dict[str, str]


def read_workbook(path: Path, tables: Sequence[FoundTable]) -> FoundWorkbook:
    """Read the sheets of a workbook.

    Parameters
    ----------
    path
        The workbook.
    tables
        Other tables of the folder, whose ids tell which name of a sample is the patient.

    Returns
    -------
    FoundWorkbook
        Of a workbook of Metabolon its data and its samples, otherwise each sheet that is a table.

    Raises
    ------
    CohortError
        If it is not a workbook, or no sheet is a table.
    """
    kinds = sheets_of(path)
    if {DATA, BOTH} & set(kinds.values()):
        return _metabolon(path, kinds, tables)
    names = sheet_names(path)
    if len(names) == 1:
        return FoundWorkbook([FoundTable(path.name, read_columns(path))], {})
    found, passed_over, errors = [], {}, []
    for name in names:
        try:
            frame = read_columns(path, None, {"sheet": name})
        except CohortError as error:
            errors.append(error)
            passed_over[_called(path, name)] = error.sentence
            continue
        if frame.empty or frame.shape[1] == 1:
            passed_over[_called(path, name)] = "it has no rows and columns of a table"
        else:
            keys = {"file": path.name, "sheet": name}
            found.append(FoundTable(_called(path, name), frame, keys=keys, label=name))
    if not found:
        raise errors[0] if errors else CohortError("no sheet is a table", "empty_table", file=str(path))
    return FoundWorkbook(found, passed_over)


def _called(path: Path, sheet: str) -> str:
    return f"{path.name}, sheet '{sheet}'"


def _metabolon(path: Path, kinds: Mapping[str, str], tables: Sequence[FoundTable]) -> FoundWorkbook:
    chosen = next(name for name, kind in kinds.items() if kind in (DATA, BOTH))
    keys: dict[str, str] = {"file": path.name, "format": METABOLON, "sheet": chosen}
    found, passed_over = [], {}
    if {SAMPLES, BOTH} & set(kinds.values()):
        samples = read_columns(path, METABOLON_SAMPLES)
        ids = _patients(samples, tables)
        if ids is not None:
            keys["id"] = ids
            if samples[ids].duplicated().any():
                keys["samples_per_patient"] = "first"
            samples = samples[[ids, *(name for name in samples if name != ids)]]
        named = {"file": path.name, "format": METABOLON_SAMPLES}
        apart = next((name for name, kind in kinds.items() if kind == SAMPLES), None)
        called = f"{_called(path, chosen)} (samples)" if apart is None else _called(path, apart)
        found.append(FoundTable(called, samples, keys=named, label="samples"))
    data = read_columns(path, METABOLON, {"sheet": chosen}, keys.get("id"))
    table = FoundTable(_called(path, chosen), data, keys=keys, label=METABOLON)
    for name in sheet_names(path):
        if name != chosen and kinds.get(name) not in (SAMPLES, METABOLITES):
            same = f"the same samples are read from '{chosen}'; sheet: NAME reads another one"
            passed_over[_called(path, name)] = same if name in kinds else "it has no data"
    return FoundWorkbook([*found, table], passed_over)


def _patients(samples: pd.DataFrame, tables: Sequence[FoundTable]) -> str | None:
    """Label of the samples whose values are ids in another table; None where the first one is, or none."""
    known = {str(value) for column in _columns(tables) for value in column}
    shares = {
        str(name): float(samples[name].dropna().astype(str).isin(known).mean())
        for name in samples
        if samples[name].notna().all()
    }
    best = max(shares, key=lambda name: shares[name], default=None)
    first = str(samples.columns[0])
    return best if best is not None and shares[best] > max(SHARED, shares.get(first, 0.0)) else None


def _columns(tables: Sequence[FoundTable]) -> Iterator[pd.Index]:
    for table in tables:
        yield table.rows
        yield table.columns
        if table.frame.shape[1] <= FEW_COLUMNS:
            texts = table.frame.select_dtypes(object)
            yield from (pd.Index(texts[name].dropna().unique()) for name in texts)
