"""Lists of sequenced samples: a sample that was sequenced and has no mutation is in no table of mutations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.text_files import iterate_lines

__all__ = ["ALL", "LIST", "case_list_beside", "read_case_list", "with_sequenced"]

ALL = "all"
"""Value of ``sequenced`` where every patient of the samples table was sequenced."""

LIST = "case_lists/cases_sequenced.txt"
"""Case list of cBioPortal with the samples that were sequenced, relative to the study."""

IDS = "case_list_ids:"


def case_list_beside(path: Path) -> str | None:
    """Path of the case list in the folder of a table of mutations, if there is one."""
    return LIST if (path.parent / LIST).is_file() else None


def read_case_list(path: Path) -> list[str]:
    """Read a case list of cBioPortal (``case_list_ids: A<tab>B``), or a file with one id per line.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    list of str
        The ids, each once.

    Raises
    ------
    CohortError
        If the file is missing or has no id.
    """
    if not path.is_file():
        raise CohortError("no such file; correct the path of sequenced", "missing_file", file=str(path))
    lines = [line.strip() for line in iterate_lines(path)]
    listed = [line.removeprefix(IDS).split() for line in lines if line.startswith(IDS)]
    ids = listed[0] if listed else [line for line in lines if line]
    if not ids:
        raise CohortError("the list has no id; give one per line", "no_patient", file=str(path))
    return list(dict.fromkeys(ids))


def with_sequenced(table: pd.DataFrame, sequenced: Path | Sequence[str]) -> pd.DataFrame:
    """Add a row of zeros for each sample that was sequenced and has no mutation.

    Parameters
    ----------
    table
        ``sample_id``, then one column of 0 and 1 per gene.
    sequenced
        Ids of the samples, or a file as :func:`read_case_list` reads it.

    Returns
    -------
    DataFrame
        Of the same columns; the rows of `table` first.
    """
    ids = (
        read_case_list(sequenced) if isinstance(sequenced, Path) else list(dict.fromkeys(map(str, sequenced)))
    )
    known = set(table["sample_id"])
    order = [*table["sample_id"], *(one for one in ids if one not in known)]
    return table.set_index("sample_id").reindex(order, fill_value=0.0).reset_index()
