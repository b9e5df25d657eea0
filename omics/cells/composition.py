"""Composition: how many cells of each type a patient has, as counts and as centred log-ratios."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omics.cells.open_cells import SingleCells
from omics.modalities.transforms import clr

__all__ = ["cells_per_type", "log_ratios"]


def cells_per_type(cells: SingleCells) -> pd.DataFrame:
    """Count the cells of each patient and type.

    Returns
    -------
    DataFrame
        Patients x cell types, int64; both in ascending order.
    """
    patients, types = cells.patients, cells.types
    flat = np.bincount(patients.codes * len(types) + types.codes, minlength=len(patients) * len(types))
    return pd.DataFrame(flat.reshape(len(patients), len(types)), patients.names, types.names)


def log_ratios(counts: pd.DataFrame) -> pd.DataFrame:
    """Centred log-ratio of the numbers of cells, one patient at a time.

    The logarithm of the number of cells of a type minus the mean logarithm over all types (Aitchison 1982,
    doi 10.1111/j.2517-6161.1982.tb01195.x). A type without a cell counts as 0.65 times the smallest number of cells
    among the types that the patient has (multiplicative replacement, Martin-Fernandez et al. 2003,
    doi 10.1023/A:1023866030544).

    Parameters
    ----------
    counts
        Patients x cell types, as from :func:`cells_per_type`.

    Returns
    -------
    DataFrame
        Of the same shape; the values of a patient sum to 0.

    Examples
    --------
    >>> log_ratios(pd.DataFrame([[10, 10, 20]], ["p1"], ["B", "NK", "T"])).round(3)
            B     NK      T
    p1 -0.231 -0.231  0.462
    """
    return pd.DataFrame(clr(counts.to_numpy(dtype=np.float64)), counts.index, counts.columns)
