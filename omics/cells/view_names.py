"""Names of the views of one table of cells: ``blood.B cells``, ``blood.T cells``, ..., ``blood.composition``."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from omics.common.errors import CohortError

__all__ = ["COMPOSITION", "cell_type_names", "families", "full_name", "pairs_of_families"]

COMPOSITION = "composition"
"""Last part of the name of the view with the numbers of cells."""


def cell_type_names(cell_types: Iterable[str], file: str) -> dict[str, str]:
    """Name the view of each cell type: as the type, without spaces around it, and with ``_`` in place of ``/``.

    Parameters
    ----------
    cell_types
        The cell types.
    file
        Named in errors.

    Returns
    -------
    dict
        Cell type -> name.

    Raises
    ------
    CohortError
        If two types would have the same name, or one is called composition.

    Examples
    --------
    >>> cell_type_names(["B cells", "NK/T"], "cells.h5ad")
    {'B cells': 'B cells', 'NK/T': 'NK_T'}
    """
    names: dict[str, str] = {}
    taken = {COMPOSITION: "the composition"}
    for cell_type in cell_types:
        name = cell_type.strip().replace("/", "_")
        if name in taken:
            raise CohortError(
                f"the view of cell type '{cell_type}' would be called '{name}', as that of {taken[name]}; "
                "rename the cell type",
                "same_view_name",
                file=file,
            )
        names[cell_type], taken[name] = name, f"'{cell_type}'"
    return names


def full_name(table: str, name: str) -> str:
    """Join the name of a table of cells with that of one of its views.

    Parameters
    ----------
    table
        Name in ``cohort.yaml``.
    name
        Name of a cell type, or `COMPOSITION`.

    Returns
    -------
    str
        Name of the view.

    Examples
    --------
    >>> full_name("blood", "B cells")
    'blood.B cells'
    """
    return f"{table}.{name}"


def families(views: Iterable[str]) -> dict[str, list[str]]:
    """Find the views that come from one table of cells.

    Parameters
    ----------
    views
        Names of all views of a cohort.

    Returns
    -------
    dict
        Table of cells -> its views, without the composition.

    Examples
    --------
    >>> families(["rna", "blood.B cells", "blood.composition"])
    {'blood': ['blood.B cells']}
    """
    names = list(views)
    tables = [name.removesuffix(f".{COMPOSITION}") for name in names if name.endswith(f".{COMPOSITION}")]
    return {
        table: [
            name for name in names if name.startswith(f"{table}.") and name != full_name(table, COMPOSITION)
        ]
        for table in tables
    }


def pairs_of_families(views: Iterable[str]) -> set[tuple[str, str]]:
    """Find the pairs of views that are cell types of one table, in the order of `views`."""
    return {pair for family in families(views).values() for pair in combinations(family, 2)}
