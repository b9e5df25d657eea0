"""Read the values of a view in blocks of rows, so that a table too large for memory can stay on disk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["BLOCK", "measured_patients", "value_blocks"]

BLOCK = 2**22
"""Number of values per block: small compared with a large table, large enough that the cost of a call is negligible."""


def value_blocks(view: AnnData) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield blocks of adjacent rows and their values (m, p) float64, from first to last.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> [(rows, values.shape) for rows, values in value_blocks(read_cohort("bundled:tcga_acc")["rppa"])]
    [(slice(0, 46, None), (46, 33))]
    """
    size = max(1, BLOCK // max(view.n_vars, 1))
    for start in range(0, view.n_obs, size):
        rows = slice(start, min(start + size, view.n_obs))
        yield rows, np.asarray(view[rows].X, dtype=np.float64)


def measured_patients(view: AnnData) -> NDArray[np.bool_]:
    """(n,) bool: the patient has at least one value."""
    measured = np.zeros(view.n_obs, dtype=bool)
    for rows, values in value_blocks(view):
        measured[rows] = np.isfinite(values).any(axis=1)
    return measured
