"""Long reports of mass spectrometry: one row per run and feature, which may repeat for each of its precursors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.common.memory import check_table_size
from omics.readers.delimited import Header, read_cells
from omics.readers.matrix import check_nonnegative, file_stem, patient_table

__all__ = ["pivoted", "pivoted_frame"]


def pivoted(
    path: Path,
    header: Header,
    run: str,
    feature: str,
    quantity: str,
    endings: str,
    most: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Read a long report as runs x features.

    Parameters
    ----------
    path, header
        The file and its header.
    run, feature, quantity
        Columns of the raw file, of the feature and of its quantity.
    endings
        Endings of raw files.
    most
        Column -> largest value of the rows that are read, such as a q-value; columns that the file lacks are ignored.

    Returns
    -------
    DataFrame
        As from :func:`omics.readers.matrix.patient_table`.

    Raises
    ------
    CohortError
        If a column is missing, a quantity is text or negative, or a feature has two quantities in a run.
    """
    limits = {name: limit for name, limit in (most or {}).items() if name in header.names}
    cells = read_cells(path, header, [run, feature, quantity, *limits])
    numbers = cells.numbers([quantity, *limits])
    rows = pd.DataFrame({"run": cells.text(run), "feature": cells.text(feature), "quantity": numbers[:, 0]})
    kept = np.ones(len(rows), dtype=bool)
    for place, limit in enumerate(limits.values(), start=1):
        kept &= ~(numbers[:, place] > limit)
    return pivoted_frame(rows[kept], endings, str(path))


def pivoted_frame(rows: pd.DataFrame, endings: str, file: str) -> pd.DataFrame:
    """Bring rows with ``run``, ``feature`` and ``quantity`` into runs x features, as :func:`pivoted` does.

    Parameters
    ----------
    rows
        One row per run, feature and precursor.
    endings
        Endings of raw files.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        As from :func:`omics.readers.matrix.patient_table`.

    Raises
    ------
    CohortError
        As :func:`pivoted`.
    """
    once = rows[rows["quantity"].notna()].drop_duplicates()
    twice = once.duplicated(["run", "feature"])
    if twice.any():
        run, feature, _ = once[twice].iloc[0]
        raise CohortError(
            f"'{feature}' has two quantities in one run; export one quantity per protein group",
            "repeated_value",
            file=file,
            patient=str(run),
        )
    runs, ids = pd.factorize(once["run"])
    features, names = pd.factorize(once["feature"])
    check_table_size(len(ids), len(names), file)
    values = np.full((len(ids), len(names)), np.nan)
    values[runs, features] = once["quantity"]
    table = patient_table([file_stem(str(run), endings) for run in ids], list(names), values, file)
    return check_nonnegative(table, "quantity", file)
