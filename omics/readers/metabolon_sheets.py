"""Layouts of the sheets of a workbook of Metabolon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from omics.common.errors import CohortError
from omics.readers.matrix import check_named, check_unique
from omics.readers.sheets import first_rows, sheet_cells

__all__ = [
    "BOTH",
    "DATA",
    "IDS",
    "METABOLITES",
    "NAMES",
    "NUMBERS",
    "SAMPLES",
    "Sheet",
    "describe_data",
    "is_imputed",
    "is_log",
    "label_of",
    "read_sheet",
    "sheets_of",
    "text_of",
]

T = TypeVar("T")

DATA, SAMPLES, METABOLITES, BOTH = "data", "samples", "metabolites", "both"
"""What a sheet holds; an older one has samples above, metabolites on the left and data."""

INSPECTED = 60
"""Rows of a sheet in which its header must be."""

SAMPLE, METABOLITE = "PARENT SAMPLE NAME", "CHEM ID"
IDS = (SAMPLE, "SAMPLE NAME", "SAMPLE ID", "CLIENT IDENTIFIER", "CLIENT SAMPLE ID")
"""Labels of the ids of samples, the best first."""

NAMES = ("CHEMICAL NAME", "BIOCHEMICAL", "PLOT NAME")
NUMBERS = (METABOLITE, "CHEMICAL ID", "COMP ID")
"""Labels of the name and of the number of a metabolite."""

ANNOTATION = {
    *NAMES, *NUMBERS, "PATHWAY SORTORDER", "SUPER PATHWAY", "SUB PATHWAY", "PLATFORM", "RI", "MASS", "CAS", "KEGG",
    "HMDB", "HMDB ID", "GROUP HMDB", "GROUP HMDB ID", "PUBCHEM", "CHEMSPIDER", "SMILES", "INCHIKEY",
}  # fmt: skip
"""Labels of columns that describe metabolites."""

LABEL_AND_NAME = re.compile(r"(.*\S)\s+(?:HMDB(?:[_ ]ID)?|KEGG|CAS|PUBCHEM)", re.IGNORECASE)
"""Cell of the header that has the label of the last row of samples and the name of the last column of metabolites."""


@dataclass(frozen=True)
class Sheet:
    """Samples, metabolites and values of a sheet; each label, in capitals, -> its cells."""

    samples: dict[str, list[Any]]
    metabolites: dict[str, list[Any]]
    values: list[list[Any]] = field(default_factory=list)  # metabolites x samples


def sheets_of(path: Path) -> dict[str, str]:
    """Find what the sheets of a workbook hold.

    Parameters
    ----------
    path
        A workbook (.xlsx).

    Returns
    -------
    dict
        Name of a sheet -> DATA, SAMPLES, "metabolites", or "both" for an older sheet with everything; the sheet of
        data that is read first: not imputed before imputed, no logarithms before logarithms, normalised before peak
        areas. Other sheets are left out; the dict is empty for a workbook of another kind.
    """
    kinds = {name: kind for name, rows in first_rows(path, INSPECTED).items() if (kind := _kind(rows))}
    order = {name: place for place, name in enumerate(kinds)}
    ranked = sorted(
        kinds, key=lambda name: (is_log(name), is_imputed(name), "norm" not in name.lower(), order[name])
    )
    return {name: kinds[name] for name in ranked}


def is_imputed(sheet: str) -> bool:
    """Whether the name of a sheet says that missing values are replaced; logarithms are made from such values."""
    return "imp" in sheet.lower() or is_log(sheet)


def is_log(sheet: str) -> bool:
    """Whether the name of a sheet says that its values are logarithms."""
    return bool(re.search(r"(?<![a-z])(log|ln)", sheet.lower()))


def label_of(value: Any) -> str:
    """Spell a label in capitals with spaces; empty for an empty cell.

    Examples
    --------
    >>> label_of("PARENT_SAMPLE_NAME"), label_of(None)
    ('PARENT SAMPLE NAME', '')
    """
    return re.sub(r"[\W_]+", " ", str(value)).strip().upper() if value is not None else ""


def _kind(rows: Sequence[Sequence[Any]]) -> str | None:
    """Recognise what a sheet holds, by its first rows."""
    filled = [row for row in rows if any(cell is not None for cell in row)]
    if not filled:
        return None
    head = [label_of(cell) for cell in filled[0]]
    if SAMPLE in head:
        others = [label for label in head if label and label != SAMPLE]
        numbered = sum(label.isdigit() for label in others)
        return DATA if head[0] == SAMPLE and others and numbered > len(others) / 2 else SAMPLES
    if METABOLITE in head and set(head) & set(NAMES):
        return METABOLITES
    return BOTH if _header_place(filled) is not None else None


def _header_place(rows: Sequence[Sequence[Any]]) -> int | None:
    """Row of an older sheet with the labels of metabolites."""
    for place, row in enumerate(rows):
        labels = {label_of(cell) for cell in row}
        if "BIOCHEMICAL" in labels and len(labels & ANNOTATION) > 2:  # noqa: PLR2004  # its name and two more
            return place
    return None


def describe_data(path: Path, chosen: str, known: Mapping[str, str]) -> Sheet:
    """Read a sheet of data, with what other sheets say about its samples and metabolites.

    Parameters
    ----------
    path
        The workbook.
    chosen
        Name of the sheet.
    known
        As from :func:`sheets_of`.

    Returns
    -------
    Sheet
        Data, samples and metabolites.
    """
    data = read_sheet(path, chosen, known[chosen])
    if known[chosen] == BOTH:
        return data
    found = {kind: name for name, kind in reversed(list(known.items())) if kind in (SAMPLES, METABOLITES)}
    samples, metabolites = data.samples, data.metabolites
    if SAMPLES in found:
        samples = _joined(samples, SAMPLE, read_sheet(path, found[SAMPLES], SAMPLES).samples)
    if METABOLITES in found:
        metabolites = _joined(
            metabolites, METABOLITE, read_sheet(path, found[METABOLITES], METABOLITES).metabolites
        )
    return Sheet(samples, metabolites, data.values)


def _joined(first: dict[str, list[Any]], key: str, second: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Cells of `second` in the order of `first`, by the label `key`."""
    keys: list[Any] = next((cells for label, cells in second.items() if label_of(label) == key), [])
    rows = {text_of(value): place for place, value in enumerate(keys)}
    order = [rows.get(text_of(value)) for value in next(iter(first.values()))]
    others = {label: cells for label, cells in second.items() if label_of(label) != key}
    return first | {
        label: [None if place is None else cells[place] for place in order] for label, cells in others.items()
    }


def read_sheet(path: Path, name: str, kind: str) -> Sheet:
    """Read one sheet.

    Parameters
    ----------
    path
        The workbook.
    name
        Name of the sheet.
    kind
        What it holds, as :func:`sheets_of` finds it.

    Returns
    -------
    Sheet
        What it holds; the rest is empty.

    Raises
    ------
    CohortError
        If a column of data has no name or the name of another one, or no row of samples is there.
    """
    rows = [row for row in sheet_cells(path, name) if any(cell is not None for cell in row)]
    width = max(map(len, rows))
    rows = [row + [None] * (width - len(row)) for row in rows]
    if kind == BOTH:
        return _older(rows, str(path))
    header, *body = rows
    filled = [place for place in range(width) if any(row[place] is not None for row in rows)]
    names = [text_of(header[place]) for place in filled]
    if kind == DATA:
        check_named(names, "column", "empty_feature", str(path))
        check_unique([str(name) for name in names], str(path))
    columns = {name: [row[place] for row in body] for name, place in _apart(names, filled)}
    if kind == DATA:
        first, *others = columns
        return Sheet({first: columns[first]}, {METABOLITE: others}, [columns[name] for name in others])
    return Sheet(columns, {}) if kind == SAMPLES else Sheet({}, columns)


def _older(rows: list[list[Any]], file: str) -> Sheet:
    """Sheet with labels of samples above the header, in its last column of metabolites."""
    top = _header_place(rows)
    if top is None:
        raise CohortError("no row has the label BIOCHEMICAL; was it cut off?", "missing_section", file=file)
    header = rows[top]
    body = [row for row in rows[top + 1 :] if any(cell is not None for cell in row)]
    known = [place for place, cell in enumerate(header) if label_of(cell) in ANNOTATION]
    edge = next((place for place, cell in enumerate(rows[0]) if cell is not None), 0) if top else max(known)
    above = [(text_of(row[edge]), row[edge + 1 :]) for row in rows[:top]]
    match = LABEL_AND_NAME.fullmatch(str(header[edge]).strip())
    if not top or match:
        above.append((match[1] if match else IDS[1], header[edge + 1 :]))
    labels, cells_of = [label for label, _ in above], [cells for _, cells in above]
    samples = dict(_apart(labels, cells_of))
    if not samples:
        raise CohortError(
            "no row of samples stands above the metabolites; was it cut off?", "no_patient", file=file
        )
    filled = [
        place
        for place, cells in enumerate(zip(*samples.values(), strict=True))
        if any(c is not None for c in cells)
    ]
    return Sheet(
        {label: [cells[place] for place in filled] for label, cells in samples.items()},
        {str(header[place]): [row[place] for row in body] for place in known},
        [[row[edge + 1 + place] for place in filled] for row in body],
    )


def _apart(names: Sequence[str | None], things: Sequence[T]) -> Iterator[tuple[str, T]]:
    """Yield named things; a name that repeats gets a number."""
    seen: dict[str, int] = {}
    for name, thing in zip(names, things, strict=True):
        if name is not None:
            seen[name] = seen.get(name, 0) + 1
            yield name if seen[name] == 1 else f"{name}_{seen[name]}", thing


def text_of(value: Any) -> str | None:
    """Cell as text; None for an empty one."""
    # A sheet does not distinguish integers: the id 7 may be stored as 7.0.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else str(value)
