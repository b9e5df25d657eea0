"""Read GCT 1.2 and 1.3: an expression matrix with annotation."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import Header, read_cells, split_line
from omics.readers.matrix import patient_table
from omics.readers.text_files import read_lines

__all__ = ["read_gct"]


def read_gct(path: Path) -> pd.DataFrame:
    """Read a GCT file, also with gzip; descriptions, metadata of rows and columns, and a column id are left out.

    Source: https://www.genepattern.org/file-formats-guide (1.2);
    https://clue.io/connectopedia/gct_format (1.3); Enache et al. 2019, doi
    10.1093/bioinformatics/bty784.

    Raises
    ------
    CohortError
        If the version is unknown, the table does not have the dimensions of line 2, a row has another width, a number
        is text, or a feature appears twice.
    """
    file = str(path)
    version, dimensions, names = read_lines(path, 3)
    rows, samples, row_metadata, column_metadata = _dimensions(version.strip(), dimensions, file)
    header = [name.strip() for name in split_line(names)]
    width = 1 + row_metadata + samples
    # cmapPy and GTEx write a column id before Name.
    numbered = version.strip() == "#1.2" and header[:3] == ["id", "Name", "Description"]
    if len(header) != width + numbered:
        raise CohortError(
            f"the header has {len(header)} columns and line 2 declares {width}; export it again",
            "wrong_shape",
            file=file,
        )
    feature, ids = header[numbered], header[1 + row_metadata + numbered :]
    cells = read_cells(path, Header(header, lines=3), [feature, *ids]).below(column_metadata)
    features = cells.text(feature)
    if len(features) != rows:
        raise CohortError(
            f"the table has {len(features)} rows and line 2 declares {rows}; it was cut or edited, "
            "export it again",
            "wrong_shape",
            file=file,
        )
    return patient_table(ids, features, cells.numbers(ids).T, file)


def _dimensions(version: str, line: str, file: str) -> tuple[int, int, int, int]:
    """Return the numbers of rows, samples, columns of row metadata and rows of column metadata."""
    counts = {"#1.2": 2, "#1.3": 4}
    if version not in counts:
        raise CohortError(
            f"line 1 is '{version[:20]}' and not #1.2 or #1.3; save the table as GCT",
            "unsupported_version",
            file=file,
        )
    numbers = line.split()
    if len(numbers) != counts[version] or not all(number.isdigit() for number in numbers):
        raise CohortError(
            f"line 2 of GCT {version[1:]} must have {counts[version]} whole numbers; export it again",
            "wrong_shape",
            file=file,
        )
    rows, samples, *metadata = map(int, numbers)
    # Version 1.2 has one column of row metadata: Description.
    row_metadata, column_metadata = metadata or (1, 0)
    if rows == 0 or samples == 0:
        raise CohortError("line 2 declares an empty table; export it again", "empty_table", file=file)
    return rows, samples, row_metadata, column_metadata
