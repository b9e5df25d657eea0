"""Read series matrices of GEO: the table of measurements, and the clinical lines above it."""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import fit_to_header, missing_to_none, split_line
from omics.readers.matrix import patient_table
from omics.readers.text_files import iterate_lines

__all__ = ["OTHER_IDS", "read_series_clinical", "read_series_matrix"]

BEGIN, END = "!series_matrix_table_begin", "!series_matrix_table_end"
ACCESSION, TITLE, TRAITS = "!Sample_geo_accession", "!Sample_title", "!Sample_characteristics_ch"
OTHER_IDS = "other_ids"
"""Key in ``attrs`` of a table: its ids -> other names of the same samples."""


def read_series_matrix(path: Path) -> pd.DataFrame:
    """Read the table of a series matrix, also with gzip: samples by GSM accession, features by ID_REF.

    The titles of the samples are kept as other ids, for a samples table that has them.

    Source: https://www.ncbi.nlm.nih.gov/geo/info/soft.html; Barrett et al. 2013, doi 10.1093/nar/gks1193.

    Raises
    ------
    CohortError
        If the table is missing or empty, has no end, a row has another width, a number is text, or a feature appears
        twice.
    """
    file = str(path)
    lines = iterate_lines(path)
    described = _described(list(takewhile(lambda line: not line.startswith(BEGIN), lines)))
    rows, ended = [], False
    for line in lines:
        if line.startswith(END):
            ended = True
            break
        if line.strip():
            rows.append(_cells(line))
    if not ended or len(rows) < 2:  # noqa: PLR2004  # a header and a row
        raise CohortError(
            "the table of the series matrix is missing, empty or has no end; download the file again",
            "no_block",
            file=file,
        )
    header, *body = rows
    body = [fit_to_header(header, row, file) for row in body]
    values = [[missing_to_none(row[place]) for row in body] for place in range(1, len(header))]
    table = patient_table(header[1:], [row[0] for row in body], values, file)
    names = dict(zip(described.get(ACCESSION, []), described.get(TITLE, []), strict=False))
    table.attrs[OTHER_IDS] = {name: names[name] for name in header[1:] if names.get(name)}
    return table


def read_series_clinical(path: Path) -> pd.DataFrame:
    """Read the clinical lines of a series matrix: one row per sample, with its title and its characteristics.

    Parameters
    ----------
    path
        The series matrix.

    Returns
    -------
    DataFrame
        ``sample_id`` (GSM accession), ``title``, and one column per characteristic ``name: value``, with the types that
        a csv file would have.

    Raises
    ------
    CohortError
        If there is no line of accessions.
    """
    lines = list(takewhile(lambda line: not line.startswith(BEGIN), iterate_lines(path)))
    described = _described(lines)
    ids = described.get(ACCESSION, [])
    if not ids:
        raise CohortError(
            f"no line {ACCESSION}; download the series matrix again", "missing_section", file=str(path)
        )
    columns: dict[str, dict[int, str]] = {}
    for cells in (_cells(line) for line in lines if line.startswith(TRAITS)):
        for place, cell in enumerate(cells[1 : len(ids) + 1]):
            name, colon, value = cell.partition(":")
            if colon:
                columns.setdefault(name.strip(), {})[place] = value.strip()
    frame = pd.DataFrame(
        {"sample_id": ids, "title": (described.get(TITLE, []) + [""] * len(ids))[: len(ids)]}
    )
    for name, values in columns.items():
        texts = pd.Series([missing_to_none(values.get(place, "")) for place in range(len(ids))], dtype=object)
        numbers = pd.to_numeric(texts, errors="coerce")
        frame[name] = numbers if (numbers.notna() == texts.notna()).all() else texts
    return frame


def _described(lines: list[str]) -> dict[str, list[str]]:
    """First line of each kind: its key -> its cells."""
    described: dict[str, list[str]] = {}
    for line in filter(str.strip, lines):  # an empty line stands between the series and its samples
        key, *cells = _cells(line)
        described.setdefault(key, cells)
    return described


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in split_line(line, "\t", '"')]
