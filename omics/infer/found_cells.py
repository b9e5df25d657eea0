"""Recognise an h5ad of single cells: a column of patients, a column of cell types, and whole counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from omics.cells.cell_source import StoredCells
from omics.cells.count_matrix import first_wrong
from omics.cells.labels import Labels, labels_of
from omics.common.errors import CohortError
from omics.infer.found_table import FoundTable, ids_of
from omics.infer.guess import Guess, words
from omics.readers.containers import anndata_errors, open_store

__all__ = ["FoundCells", "find_cells"]

SHARED = 0.5
"""Share of the patients of the cells that must be ids of a table."""

INSPECTED = 10**5
"""Number of values that are compared with whole numbers."""

MOST_TYPES = 500
"""Largest number of cell types; a column with more labels has barcodes or ids."""

PATIENT_WORDS = ("patient", "donor", "subject", "individual", "sample")
TYPE_WORDS = ("celltype", "type", "annotation", "ontology", "lineage", "subset", "label")
CLUSTER_WORDS = ("cluster", "clusters", "leiden", "louvain")
"""Words in the names of columns, the most reliable first."""


@dataclass(frozen=True)
class FoundCells(FoundTable):
    """An h5ad of cells; as a table it has one row per patient, with their number of cells.

    Attributes
    ----------
    patient, cell_type
        Columns of ``obs``.
    layer
        Layer with whole numbers, or None for X; the guess is not sure if neither has.
    """

    patient: str
    cell_type: Guess[str]
    layer: Guess[str | None]


def find_cells(path: Path, tables: Sequence[FoundTable]) -> FoundCells | None:
    """Read the labels of an h5ad if it holds single cells of patients who are in another table.

    Parameters
    ----------
    path
        The file.
    tables
        The other tables of the folder.

    Returns
    -------
    FoundCells or None
        None if no column of ``obs`` has the ids of another table for several rows each, or no other column could be
        that of the cell types.
    """
    try:
        store = open_store(path)
    except OSError:
        return None  # reading it as a table reports what is wrong with the file
    try:
        return _find(StoredCells(store, str(path)), path.name, tables)
    except CohortError:
        return None
    finally:
        store.close()


def _find(source: StoredCells, file: str, tables: Sequence[FoundTable]) -> FoundCells | None:
    with anndata_errors(source.file):
        labels = dict(_labels(source))
        known = list(_ids(tables))
        patient = _patient(labels, known, len(source))
        if patient is None:
            return None
        cell_type = _cell_type(
            {name: one for name, one in labels.items() if name != patient}, labels[patient]
        )
        if cell_type is None:
            return None
        of_patient = labels[patient]
        count = np.bincount(of_patient.codes[of_patient.codes >= 0], minlength=len(of_patient))
        frame = pd.DataFrame({patient: of_patient.names, "number of cells": count})
        return FoundCells(file, frame, patient, cell_type, _layer(source))


def _labels(source: StoredCells) -> Iterator[tuple[str, Labels]]:
    """Labels of the columns that are neither measurements nor truth values."""
    for name in source.names:
        column = source.column(name)
        if column.dtype.kind not in "fb":
            yield name, labels_of(column)


def _ids(tables: Sequence[FoundTable]) -> Iterator[pd.Index]:
    for table in tables:
        for name in table.frame.columns:
            ids = ids_of(table.frame, str(name))
            if ids is not None:
                yield ids


def _patient(labels: dict[str, Labels], known: Sequence[pd.Index], cells: int) -> str | None:
    """Column with several cells for most labels, which recur among the ids of a table."""
    shared = {
        name: max((float(one.names.isin(ids).mean()) for ids in known), default=0.0)
        for name, one in labels.items()
        if 0 < len(one) < cells
    }
    found = [name for name, share in shared.items() if share >= SHARED]
    return min(found, key=lambda name: (-shared[name], _rank(name, PATIENT_WORDS)), default=None)


def _cell_type(labels: dict[str, Labels], patients: Labels) -> Guess[str] | None:
    """Column with several labels, which differ between the cells of a patient; its name decides."""
    possible = [
        name for name, one in labels.items() if 1 < len(one) <= MOST_TYPES and not _constant(one, patients)
    ]
    if not possible:
        return None
    both = (*TYPE_WORDS, *CLUSTER_WORDS)
    name = min(possible, key=lambda name: _rank(name, both))
    count = len(labels[name])
    if _rank(name, TYPE_WORDS) < len(TYPE_WORDS):
        return Guess(name, f"{name} has the {count} cell types")
    return Guess(
        name, f"{name} has {count} labels that differ within patients: are they cell types?", sure=False
    )


def _constant(one: Labels, patients: Labels) -> bool:
    pairs = np.unique(patients.codes * (len(one) + 1) + one.codes)
    return len(pairs) <= len(np.unique(patients.codes))


def _rank(name: str, order: Sequence[str]) -> int:
    """Position of the first word of `order` in a name; after the last one if there is none."""
    present = words(name)
    return next((at for at, word in enumerate(order) if word in present), len(order))


def _layer(source: StoredCells) -> Guess[str | None]:
    for layer in (None, *sorted(source.layers, key=lambda name: name != "counts")):
        values = source.counts(layer).some_values(INSPECTED)
        if len(values) and first_wrong(values) is None:
            return Guess(layer, "whole numbers in X" if layer is None else f"whole numbers in layer {layer}")
    return Guess(None, "no whole numbers in X or a layer: sums need raw counts", sure=False)
