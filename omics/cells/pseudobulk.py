"""Pseudobulks: raw counts of single cells, summed per patient and cell type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cells.composition import cells_per_type
from omics.cells.count_matrix import BLOCK
from omics.cells.min_cells import MIN_CELLS, check_min_cells
from omics.cells.open_cells import SingleCells
from omics.common.errors import CohortError

__all__ = ["Pseudobulk", "pseudobulks"]


@dataclass(frozen=True)
class Pseudobulk:
    """Sums of one cell type over the patients with enough cells of it.

    Attributes
    ----------
    patients
        (n,) their ids, in ascending order.
    counts
        (n, genes) float64, sums of raw counts.
    cells
        (n,) number of cells in each sum.
    too_few
        Patients with fewer cells, who have no sum.
    """

    patients: pd.Index
    counts: NDArray[np.float64]
    cells: NDArray[np.int64]
    too_few: pd.Index


def pseudobulks(cells: SingleCells, min_cells: int = MIN_CELLS, block: int = BLOCK) -> dict[str, Pseudobulk]:
    """Sum raw counts over the cells of each patient and cell type.

    Sums of raw counts keep their mean and variance in proportion, so that methods for bulk counts apply; with patients
    and not cells as the unit, false discoveries are controlled (Squair et al. 2021, doi 10.1038/s41467-021-25960-2;
    Crowell et al. 2020, doi 10.1038/s41467-020-19894-4).

    Parameters
    ----------
    cells
        From :func:`omics.cells.open_cells.open_cells`.
    min_cells
        Smallest number of cells of a sum; with fewer, the patient lacks this cell type (not: has zeros).
    block
        Number of values that are read together; it does not change the result.

    Returns
    -------
    dict of Pseudobulk
        Cell type -> its sums, for the types that some patient has enough cells of, in ascending order of their names.

    Raises
    ------
    CohortError
        If `min_cells` is not a whole number from 1, no patient has enough cells of any type, or a value of any cell is
        negative, not whole or not finite.

    Examples
    --------
    >>> from anndata import AnnData
    >>> from omics.cells.open_cells import open_cells
    >>> obs = pd.DataFrame({"patient": ["p1", "p1", "p2"], "cell_type": "T"}, index=["a", "b", "c"])
    >>> with open_cells(AnnData(np.array([[1], [2], [4]]), obs), "patient", "cell_type") as opened:
    ...     sums = pseudobulks(opened, min_cells=2)
    >>> sums["T"].counts.tolist(), list(sums["T"].too_few)
    ([[3.0]], ['p2'])
    """
    check_min_cells(min_cells, cells.source.file)
    table = cells_per_type(cells)
    enough = table.to_numpy() >= min_cells
    if not enough.any():
        raise CohortError(
            f"no patient has {min_cells} cells of one type, and at most {table.to_numpy().max()}; lower min_cells",
            "too_few_cells",
            file=cells.source.file,
        )
    # The sums of one type are adjacent, so that the table of a type is not copied.
    number = np.full(enough.shape, -1)
    number.T[enough.T] = np.arange(enough.sum())
    groups = number[cells.patients.codes, cells.types.codes]
    try:
        sums = cells.counts.group_sums(groups, int(enough.sum()), cells.not_a_count, block)
    except (OSError, ValueError) as error:
        raise CohortError(
            f"the counts cannot be read ({error}); save the cells again",
            "unreadable_file",
            file=cells.source.file,
        ) from None
    result = {}
    for at, name in enumerate(table.columns):
        rows = number[enough[:, at], at]
        if len(rows):
            part = slice(int(rows[0]), int(rows[-1]) + 1)
            counted = table.to_numpy()[enough[:, at], at]
            result[str(name)] = Pseudobulk(
                table.index[enough[:, at]], sums[part], counted, table.index[~enough[:, at]]
            )
    return result
