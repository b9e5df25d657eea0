"""Read samples that were measured on the platform of a panel and on another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError
from stratomics.strata.panel.values import AnalyteName

__all__ = ["read_paired"]

Array = NDArray[np.float64]

COLUMNS = ("view", "analyte", "sample", "training", "other")


def read_paired(path: Path, analytes: Sequence[AnalyteName]) -> tuple[Array, Array]:
    """Read a table with the columns ``view``, ``analyte``, ``sample``, ``training`` and ``other``.

    Parameters
    ----------
    path
        A csv file; values are on the scale of the harmonized view (log2 of an intensity).
    analytes
        Analytes of the panel.

    Returns
    -------
    tuple of ndarray
        (n, m) values on the other platform, and on that of the panel; NaN where a sample has none.

    Raises
    ------
    InputError
        If a column or an analyte is missing.
    """
    try:
        table = pd.read_csv(path, dtype={"view": str, "analyte": str, "sample": str})
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; name a csv file with the columns {', '.join(COLUMNS)}"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a csv file ({error}); save it as csv") from None
    for column in COLUMNS:
        if column not in table:
            raise InputError(f"{path}: no column '{column}'; paired samples have {', '.join(COLUMNS)}")
    samples = pd.Index(table["sample"].unique())
    both = np.full((2, len(samples), len(analytes)), np.nan)
    for number, analyte in enumerate(analytes):
        rows = table[(table["view"] == analyte.view) & (table["analyte"] == analyte.feature)]
        if rows.empty:
            raise InputError(f"{path}: no sample of '{analyte}', which is in the panel; add its pairs")
        for side, column in enumerate(("other", "training")):
            numbers = pd.to_numeric(rows[column], errors="coerce").to_numpy(dtype=np.float64)
            both[side, samples.get_indexer(pd.Index(rows["sample"])), number] = numbers
    return both[0], both[1]
