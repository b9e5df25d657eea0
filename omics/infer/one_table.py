"""One table with everything: groups of its columns with the same first word, or a long run of numbers, are views."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence

import pandas as pd

from omics.infer.found_table import FoundTable, ids_of
from omics.infer.guess import words
from omics.infer.modality_of_table import FILE_WORDS

__all__ = ["split_table"]

PREFIX = re.compile(r"([A-Za-z][A-Za-z0-9]*)([_.:|])(?=.)")
"""First word of the name of a column, and the mark behind it."""

FEW = 5
"""Columns of a group whose word stands for a kind of measurement, such as rna."""

MANY = 30
"""Columns of a group with any other word."""


def split_table(table: FoundTable, identifier: str | None = None) -> list[FoundTable]:
    """Split a table into a samples table and a table for each group of columns, such as ``rna_TP53`` and ``rna_KRAS``.

    Parameters
    ----------
    table
        The table, with one row per patient.
    identifier
        Its id column, where it is known; otherwise the first one that could have ids.

    Returns
    -------
    list of FoundTable
        The samples table, then the views, whose entries in ``cohort.yaml`` have the file and the start of the names
        (``columns``), or the first and the last column where names have no groups; only `table` if neither is found.
    """
    frame = table.frame
    names = list(map(str, frame.columns))
    known = [identifier] if identifier else names
    ids = next((name for name in known if ids_of(frame, name) is not None), None)
    if ids is None:
        return [table]
    groups = _groups([name for name in names if name != ids and frame[name].dtype.kind in "fiub"])
    parts: dict[str, tuple[str | list[str], list[str]]] = {
        f"{prefix[:-1]}.csv": (prefix, columns) for prefix, columns in groups.items()
    }
    views = []
    if not parts and len(run := _longest_run(frame.drop(columns=ids))) >= MANY:
        parts = {"measurements.csv": ([run[0], run[-1]], run)}
    used = {name for _, columns in parts.values() for name in columns}
    for file, (chosen, columns) in parts.items():
        cut = {name: name.removeprefix(chosen) if isinstance(chosen, str) else name for name in columns}
        part = frame[[ids, *columns]].rename(columns=cut)
        keys = {"file": table.file, "columns": chosen, **({} if ids == names[0] else {"id": ids})}
        views.append(FoundTable(file, part, keys=keys))
    rest = frame[[name for name in names if name not in used]]
    return [FoundTable(table.file, rest, keys=table.keys), *views] if views else [table]


def _longest_run(frame: pd.DataFrame) -> list[str]:
    """Find the longest run of adjacent columns with fractions: without groups, these are measurements."""
    runs: list[list[str]] = [[]]
    for name, column in frame.items():
        if column.dtype.kind == "f" and (column.dropna() % 1 != 0).any():
            runs[-1].append(str(name))
        elif runs[-1]:
            runs.append([])
    return max(runs, key=len)


def _groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Start of the names -> columns, for groups that are large enough to be measurements."""
    kinds = set(" ".join(FILE_WORDS.values()).split())
    found = defaultdict(list)
    for name in names:
        match = PREFIX.match(name)
        if match:
            found[match[0]].append(name)
    return {
        prefix: columns
        for prefix, columns in found.items()
        if len(columns) >= (FEW if kinds & set(words(prefix)) else MANY + _accessions(columns))
    }


def _accessions(columns: Sequence[str]) -> float:
    """Infinity where the names are accessions such as NM_000546, whose start is no group."""
    return math.inf if sum(name.partition("_")[2].isdigit() for name in columns) > len(columns) / 2 else 0
