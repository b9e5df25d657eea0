"""Read tables of proteins of FragPipe (combined_protein.tsv) and of Spectronaut (pivot and long report)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header
from omics.readers.long_report import pivoted
from omics.readers.matrix import check_nonnegative, file_stem, patient_table

__all__ = ["read_fragpipe", "read_spectronaut"]

FRAGPIPE = (" MaxLFQ Intensity", " Intensity")
"""Text after the name of a sample in the header; the first kind that the file has is used."""

NO_SAMPLES = ("Combined", "Summarized")
QUANTITY = re.compile(r"^(?:\[\d+\] )?(.+)\.PG\.Quantity$")
RAW = "raw|mzml|d|wiff|wiff2|dia|htrms"


def read_fragpipe(path: Path) -> pd.DataFrame:
    """Read ``combined_protein.tsv`` of FragPipe: MaxLFQ intensities, otherwise intensities.

    A feature is named by the column Protein; contaminants and decoys (``contam_``, ``rev_``) are left out. A 0 was not
    quantified and is NaN.

    Source: https://fragpipe.nesvilab.org/docs/tutorial_fragpipe_outputs.html;
    Yu et al. 2021, doi 10.1016/j.mcpro.2021.100077.

    Raises
    ------
    CohortError
        If columns are missing, a row has another width, an intensity is text or negative, or a protein appears twice.
    """
    file = str(path)
    header = read_header(path, comment="")
    for kind in FRAGPIPE:
        samples = [name for name in header.names if name.endswith(kind) and not name.startswith(NO_SAMPLES)]
        if samples:
            break
    else:
        raise CohortError(
            "no intensity of a sample; use combined_protein.tsv",
            "missing_column",
            file=file,
            column="SAMPLE Intensity",
        )
    cells = read_cells(path, header, ["Protein", *samples])
    proteins = cells.text("Protein")
    kept = np.array([not name.startswith(("contam_", "rev_")) for name in proteins], dtype=np.bool_)
    values = cells.numbers(samples)[kept]
    names = [name for name, keep in zip(proteins, kept, strict=True) if keep]
    ids = [name.removesuffix(kind) for name in samples]
    table = patient_table(ids, names, np.where(values == 0, np.nan, values).T, file)
    return check_nonnegative(table, "intensity", file)


def read_spectronaut(path: Path) -> pd.DataFrame:
    """Read protein groups of Spectronaut: a pivot report with ``RUN.PG.Quantity``, or a long one with R.FileName.

    The name of a run is that of its raw file, without the number in brackets and the ending.

    Source: Spectronaut manual, Biognosys; Bruderer et al. 2015, doi 10.1074/mcp.M114.044305.

    Raises
    ------
    CohortError
        If columns are missing, a row has another width, a quantity is text or negative, or a group has two quantities
        in one run.
    """
    file = str(path)
    header = read_header(path, separators="\t;,", comment="")
    runs = {name: match[1] for name in header.names if (match := QUANTITY.match(name))}
    if not runs:
        return pivoted(path, header, "R.FileName", "PG.ProteinGroups", "PG.Quantity", RAW)
    cells = read_cells(path, header, ["PG.ProteinGroups", *runs])
    ids = [file_stem(run, RAW) for run in runs.values()]
    # A run without the group has the text Filtered.
    quantities = [
        [np.nan if cell == "Filtered" else cell or np.nan for cell in cells.text(name)] for name in runs
    ]
    table = patient_table(ids, cells.text("PG.ProteinGroups"), quantities, file)
    return check_nonnegative(table, "quantity", file)
