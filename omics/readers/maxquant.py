"""Read proteinGroups.txt of MaxQuant."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.delimited import Cells, read_cells, read_header
from omics.readers.matrix import check_nonnegative, patient_table
from omics.readers.notes import attach_notes

__all__ = ["read_protein_groups"]

log = logging.getLogger(__name__)

QUANTITIES = ("LFQ intensity ", "Intensity ", "iBAQ ")
"""Text before the name of a sample in the header; the first kind that the file has is used."""

NO_SAMPLES = ("iBAQ peptides",)
MARKS = ("Reverse", "Potential contaminant", "Contaminant", "Only identified by site")
"""Columns that mark with + a group that is not a quantified protein; older versions write Contaminant."""

LABELLED = ("Ratio H/L", "Ratio M/L", "Reporter intensity")
FEATURE = "Majority protein IDs"


def read_protein_groups(path: Path) -> pd.DataFrame:
    """Read the protein groups of MaxQuant: LFQ intensities, otherwise intensities, otherwise iBAQ.

    The name of a feature is the first of its majority protein IDs, or all of them where groups share the first one.
    A 0 is below detection and stays 0. Decoys, contaminants and groups that were only identified by a modified site
    are left out; the log and ``check`` report them.

    Source: https://cox-labs.github.io/coxdocs/output_tables.html;
    Cox and Mann 2008, doi 10.1038/nbt.1511.

    Raises
    ------
    CohortError
        If columns are missing, samples were labelled, a row has another width, an intensity is text or negative, or a
        group appears twice.
    """
    file = str(path)
    header = read_header(path)
    quantity, samples = _samples(header.names, file)
    marks = [mark for mark in MARKS if mark in header.names]
    cells = read_cells(path, header, [FEATURE, *marks, *samples])
    kept, notes = _proteins(cells, marks)
    features = _names([name for name, keep in zip(cells.text(FEATURE), kept, strict=True) if keep])
    ids = [name.removeprefix(quantity) for name in samples]
    table = patient_table(ids, features, cells.numbers(samples)[kept].T, file)
    return attach_notes(check_nonnegative(table, "intensity", file), notes)


def _samples(header: list[str], file: str) -> tuple[str, list[str]]:
    """Find the kind of quantity that the file has, and its columns."""
    if any(name.startswith(LABELLED) for name in header):
        raise CohortError(
            "the samples were labelled (SILAC, TMT) and share their intensities; use a label-free table",
            "labelled_samples",
            file=file,
        )
    for quantity in QUANTITIES:
        samples = [name for name in header if name.startswith(quantity) and name not in NO_SAMPLES]
        if samples:
            return quantity, samples
    raise CohortError(
        "no intensity of a sample; name the experiments in MaxQuant, so that each has its column",
        "missing_column",
        file=file,
        column="LFQ intensity SAMPLE",
    )


def _proteins(cells: Cells, marks: list[str]) -> tuple[NDArray[np.bool_], list[str]]:
    """Which groups are proteins of the sample, and a note on the others."""
    notes = []
    kept = np.ones(len(cells.labels), dtype=np.bool_)
    for mark in marks:
        marked = np.array([cell == "+" for cell in cells.text(mark)], dtype=np.bool_)
        if count := int((marked & kept).sum()):
            notes.append(f"{count} group(s) marked {mark} left out")
            log.info("%s: %s", cells.file, notes[-1])
        kept &= ~marked
    if not kept.any():
        raise CohortError(
            "all groups are decoys or contaminants; export it again", "empty_table", file=cells.file
        )
    return kept, notes


def _names(majority: list[str]) -> list[str]:
    firsts = pd.Series([ids.split(";")[0] for ids in majority], dtype=object)
    shared = firsts.duplicated(keep=False)
    return [ids if share else first for ids, share, first in zip(majority, shared, firsts, strict=True)]
