"""Single cells: how many cells and cell types, and which patients lack which type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from omics.cells.view_names import COMPOSITION, cell_type_names, families, full_name
from omics.checks.finding import INFO, Finding
from omics.cohort.read import cohort_spec
from omics.readers import CELLS

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["describe_cells"]

SHOWN = 5
"""Number of cell types that a finding lists."""


def describe_cells(cohort: MuData) -> Iterator[Finding]:
    """Count the cells, the types, and the pairs of patient and type with too few cells for a pseudobulk."""
    views = cohort_spec(cohort).views
    for table in families(views):
        # Log-ratios that were computed elsewhere do not tell the number of cells.
        if views[full_name(table, COMPOSITION)].scale != CELLS:
            continue
        composition = cohort[full_name(table, COMPOSITION)]
        counts = np.nan_to_num(np.asarray(composition.X, dtype=np.float64))
        types = [str(name) for name in composition.var_names]
        names = cell_type_names(types, table)
        lacking = {
            name: composition.n_obs - _patients(cohort, full_name(table, names[name])) for name in types
        }
        missing = sum(lacking.values())
        sentence = f"{counts.sum():,.0f} cells of {composition.n_obs} patients, {len(types)} cell types"
        if missing:
            most = sorted((name for name in types if lacking[name]), key=lambda name: -lacking[name])
            shown = ", ".join(f"{name} {lacking[name]}" for name in most[:SHOWN])
            sentence += (
                f"; {missing} of {counts.size} pseudobulks are missing because of too few cells "
                f"(patients without: {shown}{', ...' if most[SHOWN:] else ''})"
            )
        yield Finding("cells", INFO, table, sentence)


def _patients(cohort: MuData, view: str) -> int:
    return int(cohort[view].n_obs) if view in cohort.mod else 0
