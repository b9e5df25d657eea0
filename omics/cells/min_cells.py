"""The smallest number of cells that are summed."""

from __future__ import annotations

import numpy as np

from omics.common.errors import CohortError

__all__ = ["MIN_CELLS", "check_min_cells"]

MIN_CELLS = 10
"""The default, as in muscat (Crowell et al. 2020, doi 10.1038/s41467-020-19894-4)."""


def check_min_cells(min_cells: object, file: str, place: str = "min_cells") -> None:
    """Raise :class:`CohortError` unless a smallest number of cells is a whole number from 1.

    Parameters
    ----------
    min_cells
        The number.
    file, place
        Where it is declared, for the error.

    Raises
    ------
    CohortError
        If it is not.
    """
    if isinstance(min_cells, bool) or not isinstance(min_cells, int | np.integer) or min_cells < 1:
        raise CohortError(
            f"{place} is {min_cells!r}; it must be a whole number from 1", "bad_min_cells", file=file
        )
