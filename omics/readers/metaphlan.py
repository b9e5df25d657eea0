"""Read merged tables of MetaPhlAn 3 and 4: relative abundance by clade."""

from __future__ import annotations

import re
from collections import Counter
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
"""Amount by which the rounded percentages of a sample may exceed 100 in sum."""


def read_metaphlan(path: Path) -> pd.DataFrame:
    """Read the species of a merged table.

    Every rank in the output of MetaPhlAn sums to the same total. Only species are kept (rows that end in ``s__``, not
    the ranks above or the SGBs below) and what was assigned to no clade, so that the parts of a sample sum to at
    most 1.

    Parameters
    ----------
    path
        Output of ``merge_metaphlan_tables.py``; key ``metaphlan``.

    Returns
    -------
    DataFrame
        ``sample_id``, then (samples x species) fractions of 1, for ``scale: relative``. Species are named
        ``s__Genus_species``, and ``g__Genus|s__species`` where two genera have a species of this name; the part
        without a clade keeps its name, UNCLASSIFIED or UNKNOWN.

    Raises
    ------
    CohortError
        If there is no column ``clade_name`` (a profile that is not merged) or no species, a row has another width,
        or values are not percentages.

    Notes
    -----
    Blanco-Miguez et al. 2023, doi 10.1038/s41587-023-01688-w; https://github.com/biobakery/MetaPhlAn.
    """
    file = str(path)
    header = read_header(path)
    samples = [name for name in header.names if name not in (CLADE, *TAXON_COLUMNS)]
    cells = read_cells(path, header, [CLADE, *samples])
    names = [_species(clade) for clade in cells.text(CLADE)]
    species = _told_apart(cells.text(CLADE), names)
    if all(name in WITHOUT_CLADE for name in species):
        raise CohortError(
            "no species (s__) in clade_name; run MetaPhlAn with all taxonomic levels", "no_species", file=file
        )
    percent = cells.numbers(samples)[[bool(name) for name in names]].T
    _check_percent(percent, samples, file)
    return patient_table(samples, species, percent / PERCENT, file)


def _species(clade: str) -> str:
    """Name of a species or of the part without a clade; empty for any other rank."""
    last = re.split(r"[|;]", clade.strip())[-1]
    return last if last.startswith("s__") or last in WITHOUT_CLADE else ""


def _told_apart(clades: list[str], names: list[str]) -> list[str]:
    """Names of the species; one that several clades share is preceded by the rank above it."""
    kept = [(clade, name) for clade, name in zip(clades, names, strict=True) if name]
    count = Counter(name for _, name in kept)
    return [
        "|".join(re.split(r"[|;]", clade.strip())[-2:]) if count[name] > 1 else name for clade, name in kept
    ]


def _check_percent(percent: NDArray[np.float64], ids: list[str], file: str) -> None:
    """Check that values (samples x species) are percentages."""
    for wrong, what in (
        ((percent < 0).any(axis=1), "a negative abundance"),
        (np.nansum(percent, axis=1) > PERCENT + ROUNDING, "more than 100 percent of species"),
    ):
        if wrong.any():
            raise CohortError(
                f"{what}; the table must have the relative abundances of MetaPhlAn",
                "not_percent",
                file=file,
                patient=ids[int(wrong.argmax())],
            )
