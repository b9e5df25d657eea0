"""MetaPhlAn 3 and 4: merged tables of relative abundance by clade."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import patient_table

__all__ = ["read_metaphlan"]

CLADE = "clade_name"
WITHOUT_CLADE = ("UNCLASSIFIED", "UNKNOWN")
TAXON_COLUMNS = ("NCBI_tax_id", "clade_taxid")
PERCENT = 100.0
ROUNDING = 0.1
"""By how much the printed percentages of one sample may exceed 100."""


def read_metaphlan(path: Path) -> pd.DataFrame:
    """Read the species of a merged table.

    Every rank of MetaPhlAn's output sums to the same whole; species alone are kept (rows that end in
    ``s__``, neither the ranks above nor the SGBs below), and what was assigned to no clade, so that the parts
    of a sample sum to at most 1.

    Parameters
    ----------
    path
        Output of ``merge_metaphlan_tables.py``; key ``metaphlan``.

    Returns
    -------
    DataFrame
        ``sample_id``, then (samples x species) fractions of 1, for ``scale: relative``. A species is called
        ``s__Genus_species``; what has no clade keeps its name, UNCLASSIFIED or UNKNOWN.

    Raises
    ------
    CohortError
        No column ``clade_name`` (a profile not merged yet), no species, a row of another length, values that
        are no percentages.

    Notes
    -----
    Blanco-Miguez et al. 2023, doi 10.1038/s41587-023-01688-w; https://github.com/biobakery/MetaPhlAn.
    """
    file = str(path)
    header = read_header(path)
    samples = [name for name in header.names if name not in (CLADE, *TAXON_COLUMNS)]
    cells = read_cells(path, header, [CLADE, *samples])
    names = [_species(clade) for clade in cells.text(CLADE)]
    species = [name for name in names if name]
    if all(name in WITHOUT_CLADE for name in species):
        raise CohortError(
            "no species (s__) in clade_name; run MetaPhlAn with all taxonomic levels", "no_species", file=file
        )
    percent = cells.numbers(samples)[[bool(name) for name in names]].T
    _check_percent(percent, samples, file)
    return patient_table(samples, species, percent / PERCENT, file)


def _species(clade: str) -> str:
    """Name of a species or of what has no clade; empty for any other rank."""
    last = re.split(r"[|;]", clade.strip())[-1]
    return last if last.startswith("s__") or last in WITHOUT_CLADE else ""


def _check_percent(percent: NDArray[np.float64], ids: list[str], file: str) -> None:
    """Refuse what no percentages (samples x species) can be."""
    for wrong, what in (
        ((percent < 0).any(axis=1), "a negative abundance"),
        (np.nansum(percent, axis=1) > PERCENT + ROUNDING, "more than 100 percent of species"),
    ):
        if wrong.any():
            raise CohortError(
                f"{what}; the table must hold MetaPhlAn's relative abundances",
                "not_percent",
                file=file,
                patient=ids[int(wrong.argmax())],
            )
