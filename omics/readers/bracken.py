"""Read the combined table of Bracken: reads of each taxon of one rank."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import check_nonnegative, patient_table

__all__ = ["read_bracken"]

NAME, RANK = "name", "taxonomy_lvl"
READS = re.compile(r"(\.bracken|\.[a-z]+\.bracken)?_num$", re.IGNORECASE)


def read_bracken(path: Path) -> pd.DataFrame:
    """Read the output of ``combine_bracken_outputs.py``: the columns ``SAMPLE_num``, without those of shares.

    Source: https://github.com/jenniferlu717/Bracken; Lu et al. 2017, doi 10.7717/peerj-cs.104.

    Raises
    ------
    CohortError
        If there is no column of reads, the table has several ranks, a row has another width, a number is text or
        negative, or a taxon appears twice.
    """
    header = read_header(path)
    samples = [name for name in header.names if READS.search(name)]
    if not samples:
        raise CohortError(
            "no column SAMPLE_num; use the output of combine_bracken_outputs.py",
            "missing_column",
            file=str(path),
            column="SAMPLE_num",
        )
    cells = read_cells(path, header, [NAME, RANK, *samples])
    ranks = sorted(set(cells.text(RANK)))
    if len(ranks) > 1:
        raise CohortError(
            f"taxa of several ranks ({', '.join(ranks)}), which count a read several times; combine one rank",
            "no_species",
            file=str(path),
            column=RANK,
        )
    ids = [READS.sub("", name) for name in samples]
    table = patient_table(ids, cells.text(NAME), cells.numbers(samples).T, str(path))
    return check_nonnegative(table, "number of reads", str(path))
