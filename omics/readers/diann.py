"""Read matrices of DIA-NN: protein groups, genes and precursors."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.readers.delimited import read_cells, read_header
from omics.readers.long_report import pivoted, pivoted_frame
from omics.readers.matrix import check_nonnegative, file_stem, patient_table

__all__ = ["read_diann"]

FEATURES = ("Precursor.Id", "Protein.Group", "Genes")
"""Columns that can name the features, of pr_matrix, pg_matrix and gg_matrix; the first that the file has is used."""

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
RUN, QUANTITY = "Run", "PG.MaxLFQ"
Q_VALUES = {"Q.Value": 0.01, "PG.Q.Value": 0.01}
"""Largest q-values of the rows that are read of the long report: of the precursor, and of its protein group."""
RAW = "raw|mzml|d|wiff|wiff2|dia|htrms"


def read_diann(path: Path) -> pd.DataFrame:
    """Read ``report.pg_matrix.tsv``, ``report.gg_matrix.tsv`` or ``report.pr_matrix.tsv``, or the long main report.

    Every column that is not an annotation is a run; its name is that of the raw file without path and ending. An
    empty cell was not identified and is NaN. Of the main report (tsv, or parquet of DIA-NN 2), PG.MaxLFQ by Run and
    Protein.Group is read, with q-values up to 0.01.

    Source: https://github.com/vdemichev/DiaNN, section Output;
    Demichev et al. 2020, doi 10.1038/s41592-019-0638-x.

    Raises
    ------
    CohortError
        If columns are missing, a row has another width, a quantity is text or negative, or a feature appears twice.
    """
    file = str(path)
    if path.suffix == ".parquet":
        return _parquet_report(path)
    header = read_header(path)
    if {RUN, QUANTITY} <= set(header.names):
        return pivoted(path, header, RUN, FEATURES[1], QUANTITY, RAW, Q_VALUES)
    feature = next((name for name in FEATURES if name in header.names), FEATURES[1])
    runs = [name for name in header.names if name not in ANNOTATION]
    cells = read_cells(path, header, [feature, *runs])
    ids = [file_stem(run, RAW) for run in runs]
    table = patient_table(ids, cells.text(feature), cells.numbers(runs).T, file)
    return check_nonnegative(table, "quantity", file)


def _parquet_report(path: Path) -> pd.DataFrame:
    report = pd.read_parquet(path)
    for name in (RUN, FEATURES[1], QUANTITY):
        if name not in report:
            raise CohortError(
                f"no such column; {nearest(name, map(str, report.columns))}",
                "missing_column",
                file=str(path),
                column=name,
            )
    for name, limit in Q_VALUES.items():
        if name in report:
            report = report[~(report[name] > limit)]
    rows = report[[RUN, FEATURES[1], QUANTITY]].set_axis(["run", "feature", "quantity"], axis="columns")
    return pivoted_frame(rows, RAW, str(path))
