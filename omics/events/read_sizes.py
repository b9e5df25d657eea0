"""Read tables of tumour sizes: one row per patient and time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.events.cells import numbers_of
from omics.events.check_sizes import WEEKS, check_sizes, check_time_unit
from omics.events.tumour_sizes import SizeTable
from omics.readers.declared_text import LIMIT
from omics.readers.notes import notes_of
from omics.readers.plain_tables import read_columns, read_table

__all__ = ["MILLIMETRES", "read_sizes"]

MILLIMETRES = {"mm": 1.0, "cm": 10.0}
"""Millimetres in a unit of size."""


def read_sizes(
    path: str | Path,
    *,
    patient: str = "patient",
    time: str = "time",
    size: str = "size",
    unit: str = "mm",
    time_unit: str = "days",
    below: float | None = None,
) -> SizeTable:
    """Read the sizes of tumours.

    Parameters
    ----------
    path
        A table in any plain format; other columns are ignored.
    patient, time, size
        Names of its columns. A size such as ``<5`` is below the limit 5.
    unit
        Unit of sizes and of `below`: mm or cm.
    time_unit
        Unit of times: days, weeks, months or years, from when treatment begins.
    below
        Sizes below this limit are known only to be below it; None without a limit.

    Returns
    -------
    SizeTable
        Sizes in mm, times in weeks, by patient in the order of the file and by time.

    Raises
    ------
    CohortError
        One sentence with file, row and patient.
    """
    path = Path(path)
    file = str(path)
    known = list(map(str, read_columns(path).columns))
    for name in (patient, time, size):
        if name not in known:
            raise CohortError(
                f"no such column; {nearest(name, known)}", "missing_column", file=file, column=name
            )
    frame = read_table(path, patient, unique=False)
    notes = notes_of(frame)
    rows = pd.DataFrame({"patient": frame.index.to_numpy(), "row": np.arange(1, len(frame) + 1)})
    cells = frame.reset_index(drop=True)
    rows["time"] = numbers_of(rows, cells[time], time, file) * WEEKS[time_unit]
    matches = cells[size].map(lambda cell: LIMIT.fullmatch(cell) if isinstance(cell, str) else None)
    stated = matches.map(lambda match: np.nan if match is None else float(match[1])).astype(float)
    measured = numbers_of(rows, cells[size].where(matches.isna()), size, file)
    limit = stated.fillna(np.nan if below is None else below)
    rows["censored"] = stated.notna() | ((measured >= 0) & (measured < limit))
    rows["size"] = measured.where(~rows["censored"], limit) * MILLIMETRES[unit]
    check_sizes(rows, file)
    check_time_unit(rows, time_unit, file)
    first = pd.Series(pd.factorize(rows["patient"])[0], rows.index)
    order = rows.assign(first=first).sort_values(["first", "time"], kind="stable").index
    table = rows.loc[order, ["patient", "time", "size", "censored", "row"]].reset_index(drop=True)
    return SizeTable(table, {"sizes_by_rule": "; ".join(notes)} if notes else {})
