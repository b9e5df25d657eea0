"""Gene panels as cBioPortal writes them: a gene off the panel of a patient was not measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header
from omics.readers.text_files import iterate_lines

__all__ = ["matrix_beside", "off_panel", "panel_files"]

MATRIX = "data_gene_panel_matrix.txt"
SAMPLE = "SAMPLE_ID"
PROFILES = ("mutations", "mutation")
"""Column of the matrix with the panel of a sample; the first column after the ids where it has another name."""

WHOLE = ("NA", "", "WES", "WXS", "WGS")
"""Panels that have every gene."""


def matrix_beside(path: Path) -> str | None:
    """Name of the matrix of panels in the folder of a table of mutations, if there is one."""
    return MATRIX if (path.parent / MATRIX).is_file() else None


def panel_files(matrix: Path) -> list[Path]:
    """List the matrix and the files of panels beside it."""
    return [matrix, *sorted(set(matrix.parent.glob("data_gene_panel_*.txt")) - {matrix})]


def off_panel(table: pd.DataFrame, matrix: Path) -> pd.DataFrame:
    """Replace genes that are not on the panel of a patient by NaN.

    A patient of the matrix without any mutation gets a row: zeros on the panel. A patient who is not in the matrix
    keeps their values.

    Parameters
    ----------
    table
        ``sample_id``, then one column per gene, as from :func:`omics.readers.maf.read_maf`.
    matrix
        ``data_gene_panel_matrix.txt``: SAMPLE_ID and the panel of each sample; the genes of a panel are in
        ``gene_list`` of a file beside it that has ``stable_id: PANEL``.

    Returns
    -------
    DataFrame
        Of the same columns.

    Raises
    ------
    CohortError
        If the matrix is missing or has no such columns, or a panel has no list of genes.
    """
    if not matrix.is_file():
        raise CohortError("no such file; correct the path of panels", "missing_file", file=str(matrix))
    header = read_header(matrix)
    profile = next(
        (name for name in PROFILES if name in header.names), header.names[min(1, len(header.names) - 1)]
    )
    cells = read_cells(matrix, header, [SAMPLE, profile])
    panel_of = dict(zip(cells.text(SAMPLE), cells.text(profile), strict=True))
    genes = _genes(matrix)
    for sample, panel in panel_of.items():
        if panel not in genes and panel not in WHOLE:
            raise CohortError(
                f"panel '{panel}' has no list of genes in this folder; add data_gene_panel_{panel}.txt",
                "unknown_panel",
                file=str(matrix),
                patient=sample,
            )
    ids = [*table["sample_id"], *(sample for sample in panel_of if sample not in set(table["sample_id"]))]
    values = table.set_index("sample_id").reindex(ids).fillna(0.0)
    columns = pd.Index(values.columns)
    for panel in set(panel_of.values()) & set(genes):
        rows = [sample for sample in ids if panel_of.get(sample) == panel]
        values.loc[rows, columns[~columns.isin(genes[panel])]] = np.nan
    return values.reset_index()


def _genes(matrix: Path) -> dict[str, set[str]]:
    genes: dict[str, set[str]] = {}
    for file in panel_files(matrix)[1:]:
        panel, listed = "", set[str]()
        for line in iterate_lines(file):
            key, _, value = line.partition(":")
            if key.strip() == "stable_id":
                panel = value.strip()
            elif key.strip() == "gene_list":
                listed = set(value.split())
        if panel:
            genes[panel] = listed
    return genes
