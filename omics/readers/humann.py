"""Read tables of HUMAnN: abundance by pathway or gene family."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import patient_table
from omics.readers.notes import attach_notes, left_out_note

__all__ = ["HEADER", "read_humann"]

HEADER = re.compile(r"# ?(Pathway|Gene Family)\b.*")
"""Name of the first column."""

SUFFIX = re.compile(r"[_-]Abundance(-\w+)?$")
"""End of the name of a sample, with the unit."""

COVERAGE = re.compile(r"[_-]Coverage$")
PART = "|"


def read_humann(path: Path) -> pd.DataFrame:
    """Read the totals of a table by sample, as fractions of 1.

    HUMAnN writes each pathway or gene family once as a total and once for each species (``PWY-1042: ...|g__...``). Only
    the totals are kept, with UNMAPPED and UNINTEGRATED, so that the parts of a sample sum to 1 whatever the unit is.

    Parameters
    ----------
    path
        Output of ``humann`` or ``humann_join_tables``; key ``humann``.

    Returns
    -------
    DataFrame
        ``sample_id`` (without ``_Abundance``), then (samples x totals) fractions of 1, for ``scale: relative``.

    Raises
    ------
    CohortError
        If the first column is not that of HUMAnN, the table has coverages, a value is negative, or a sample has no
        abundance.

    Notes
    -----
    Beghini et al. 2021, doi 10.7554/eLife.65088; https://github.com/biobakery/humann.
    """
    file = str(path)
    header = read_header(path, comment="")
    first, *samples = header.names
    if not HEADER.fullmatch(first):
        sentence = f"the first column is '{first}'; HUMAnN writes '# Pathway' or '# Gene Family'"
        raise CohortError(sentence, "missing_column", file=file, column=first)
    if coverages := [name for name in samples if COVERAGE.search(name)]:
        sentence = f"'{coverages[0]}' is a coverage; use the table of abundances"
        raise CohortError(sentence, "not_abundance", file=file, column=coverages[0])
    cells = read_cells(path, header, [first, *samples])
    names = cells.text(first)
    total = np.array([PART not in name for name in names], dtype=bool)
    values = cells.numbers(samples)[total].T
    ids = [SUFFIX.sub("", name) for name in samples]
    sums = np.nansum(values, axis=1)
    for wrong, what in (
        ((values < 0).any(axis=1), "a negative abundance"),
        (sums == 0, "no abundance at all"),
    ):
        if wrong.any():
            raise CohortError(
                f"{what}; correct the table, or leave the sample out",
                "not_abundance",
                file=file,
                patient=ids[int(wrong.argmax())],
            )
    kept = [name for name, is_total in zip(names, total, strict=True) if is_total]
    table = patient_table(ids, kept, values / sums[:, None], file)
    parts = [name for name in names if PART in name]
    return attach_notes(table, [left_out_note("row(s) that are parts by species", parts)]) if parts else table
