"""Read ADAT files of SomaScan: relative fluorescence units of SOMAmers."""

from __future__ import annotations

import logging
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import Header, read_cells, split_line
from omics.readers.matrix import check_nonnegative, patient_table
from omics.readers.notes import attach_notes
from omics.readers.text_files import iterate_lines

__all__ = ["read_adat"]

log = logging.getLogger(__name__)

PROTEIN, HUMAN = "Protein", "Human"
SECTIONS = ("^HEADER", "^COL_DATA", "^ROW_DATA", "^TABLE_BEGIN")


def read_adat(path: Path) -> pd.DataFrame:
    """Read an ADAT file, also with gzip: samples by ``SampleId``, SOMAmers by ``SeqId``.

    Calibrators, quality controls and buffers are left out, and SOMAmers of another type than Protein or another
    organism than Human; the log and ``check`` report them. Samples and SOMAmers with a flag of quality control stay.

    Source: https://github.com/SomaLogic/SomaLogic-Data, section ADAT File Format;
    Gold et al. 2010, doi 10.1371/journal.pone.0015004.

    Raises
    ------
    CohortError
        If a section or a column is missing, a row has another width, a measurement is text or negative, a SOMAmer
        appears twice, or all samples are controls.

    Notes
    -----
    Below ``^TABLE_BEGIN`` are the fields of ``^COL_DATA``, one per line, to the right of as many
    empty cells as ``^ROW_DATA`` has fields; then the names of the fields of ``^ROW_DATA``; then one line per sample:
    its fields, an empty cell, its measurements.
    """
    file = str(path)
    lines, fields = _preamble(path)
    above, left = len(fields["^COL_DATA"]), len(fields["^ROW_DATA"])
    table = [split_line(line) for line in islice(iterate_lines(path), lines, lines + above + 1)]
    somamers = next((row[left + 1 :] for row in table if row[left : left + 1] == ["SeqId"]), None)
    if not somamers:
        raise CohortError(
            "the lines below ^TABLE_BEGIN have no SeqId; export the ADAT again",
            "missing_column",
            file=file,
            column="SeqId",
        )
    header = Header([*table[-1][:left], "", *somamers], lines + above + 1)
    cells = read_cells(path, header, ["SampleId", "SampleType", *somamers])
    ids, types = cells.text("SampleId"), cells.text("SampleType")
    kept = np.array([kind == "Sample" for kind in types])
    controls = Counter(kind for kind in types if kind != "Sample")
    notes = [f"{count} sample(s) of type {kind or '(empty)'} left out" for kind, count in controls.items()]
    for note in notes:
        log.info("%s: %s", file, note)
    if not kept.any():
        raise CohortError("all samples are controls; export all plates", "empty_table", file=file)
    names = [name for name, keep in zip(ids, kept, strict=True) if keep]
    human, others = _human_proteins(table, left, len(somamers))
    if others:
        counts = ", ".join(f"{kind} {count}" for kind, count in others.most_common())
        notes.append(f"{others.total()} SOMAmer(s) that measure no human protein left out: {counts}")
        log.info("%s: %s", file, notes[-1])
    kept_names = [name for name, keep in zip(somamers, human, strict=True) if keep]
    measured = patient_table(names, kept_names, cells.numbers(kept_names)[kept], file)
    return attach_notes(check_nonnegative(measured, "measurement", file), notes)


def _human_proteins(table: list[list[str]], left: int, count: int) -> tuple[list[bool], Counter[str]]:
    """Which SOMAmers measure a human protein, and the number of the others by their type or organism."""

    def field(name: str, default: str) -> list[str]:
        row = next((row[left + 1 :] for row in table if row[left : left + 1] == [name]), [default] * count)
        return [cell.strip() for cell in (row + [""] * count)[:count]]

    types, organisms = field("Type", PROTEIN), field("Organism", HUMAN)
    other: Counter[str] = Counter()
    human = []
    for kind, organism in zip(types, organisms, strict=True):
        human.append(kind in (PROTEIN, "") and organism in (HUMAN, ""))
        if not human[-1]:
            other[kind if kind not in (PROTEIN, "") else organism] += 1
    return human, other


def _preamble(path: Path) -> tuple[int, dict[str, list[str]]]:
    """Return the number of lines down to ^TABLE_BEGIN, and the fields that ^COL_DATA and ^ROW_DATA name."""
    seen: list[str] = []
    fields: dict[str, list[str]] = {}
    length = 0
    for line in iterate_lines(path):
        length += 1
        cells = split_line(line)
        if cells[0].startswith("^"):
            seen.append(cells[0])
        elif cells[0] in ("!Name", "Name") and seen:
            fields[seen[-1]] = [cell for cell in cells[1:] if cell]
        if seen and seen[-1] == SECTIONS[-1]:
            break
    absent = [name for name in SECTIONS if name not in seen]
    absent += [name for name in SECTIONS[1:3] if name not in fields]
    if absent:
        raise CohortError(
            f"the section {absent[0]} is missing or empty; export the ADAT again",
            "missing_section",
            file=str(path),
        )
    return length, fields
