"""DIA-NN: matrices of protein groups, genes and precursors."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.errors import CohortError
from omics.readers.matrices import (
    file_stem,
    patient_table,
    read_cells,
    read_lines,
    refuse_negative,
    split_line,
)

__all__ = ["read_diann"]

FEATURES = ("Precursor.Id", "Protein.Group", "Genes")
"""What names a row: the first that the matrix has (pr_matrix, pg_matrix, gg_matrix)."""

ANNOTATION = {
    *FEATURES,
    "Protein.Ids",
    "Protein.Names",
    "First.Protein.Description",
    "Proteotypic",
    "Stripped.Sequence",
    "Modified.Sequence",
    "Precursor.Charge",
    "N.Sequences",
    "N.Proteotypic.Sequences",
    "All Mapped Proteins",
    "All Mapped Genes",
}
RAW = "raw|mzml|d|wiff|wiff2|dia|htrms"


def read_diann(path: Path) -> pd.DataFrame:
    """Read ``report.pg_matrix.tsv``, ``report.gg_matrix.tsv`` or ``report.pr_matrix.tsv``.

    Every column that is no annotation is a run, called as its raw file without path and ending. An
    empty cell was not identified and is NaN.

    Source: https://github.com/vdemichev/DiaNN, section Output;
    Demichev et al. 2020, doi 10.1038/s41592-019-0638-x.

    Raises
    ------
    CohortError
        Columns missing, a row of another width, text or a negative number for a quantity, a
        repeated feature.
    """
    file = str(path)
    header = split_line(read_lines(path, 1)[0])
    feature = next((name for name in FEATURES if name in header), FEATURES[1])
    cells = read_cells(path, header, 1)
    features = cells.text(feature)
    positions = [i for i, name in enumerate(header) if name not in ANNOTATION]
    if not positions:
        raise CohortError("no column of a run; export the matrix again", "no_samples", file=file)
    ids = [file_stem(header[position], RAW) for position in positions]
    return refuse_negative(patient_table(ids, cells.numbers(positions).T, features, file), "quantity", file)
