"""MetaPhlAn 3 and 4: merged tables of relative abundance by clade."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from omics.errors import CohortError
from omics.readers.cells import cell, fields_under, patient_table, refuse_repeated

__all__ = ["read_metaphlan"]

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
    header, rows = _rows(path.read_text(encoding="utf-8-sig"), file)
    refuse_repeated(header, file)
    kept = [(name, row) for row in rows if (name := _species(row[0]))]
    if all(name in WITHOUT_CLADE for name, _ in kept):
        raise CohortError(
            "no species (s__) in clade_name; run MetaPhlAn with all taxonomic levels", "no_species", file=file
        )
    places = [place for place, name in enumerate(header) if place and name not in TAXON_COLUMNS]
    values = [[cell(row[place]) for _, row in kept] for place in places]
    table = patient_table(values, [header[place] for place in places], [name for name, _ in kept], file)
    percent = table.drop(columns="sample_id")
    _check_percent(percent, table["sample_id"].tolist(), file)
    return pd.concat([table[["sample_id"]], percent / PERCENT], axis=1)


def _rows(text: str, file: str) -> tuple[list[str], list[list[str]]]:
    lines = [line.split("\t") for line in text.split("\n") if line.strip() and not line.startswith("#")]
    if not lines or lines[0][0] != "clade_name":
        raise CohortError(
            "no column clade_name; merge profiles with merge_metaphlan_tables.py",
            "missing_column",
            file=file,
            column="clade_name",
        )
    header, *rows = lines
    return [name.strip() for name in header], [fields_under(header, row, file) for row in rows]


def _species(clade: str) -> str:
    """Name of a species or of what has no clade; empty for any other rank."""
    last = re.split(r"[|;]", clade.strip())[-1]
    return last if last.startswith("s__") or last in WITHOUT_CLADE else ""


def _check_percent(percent: pd.DataFrame, ids: list[str], file: str) -> None:
    total = percent.sum(axis=1)
    for wrong, what in (
        ((percent < 0).any(axis=1), "a negative abundance"),
        (total > PERCENT + ROUNDING, "more than 100 percent of species"),
    ):
        if wrong.any():
            raise CohortError(
                f"{what}; the table must hold MetaPhlAn's relative abundances",
                "not_percent",
                file=file,
                patient=ids[int(wrong.to_numpy().argmax())],
            )
