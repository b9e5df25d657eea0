"""Workbooks in the layouts of Metabolon, written by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

__all__ = ["NEWER", "OLDER", "Rows", "write_book"]

Rows = Sequence[Sequence[Any]]

NEWER: dict[str, Rows] = {
    "Data Key and Explanation": [
        ["Peak Area Data", "raw areas of peaks"],
        ["Batch-normalized Data", "scaled"],
    ],
    "Chemical Annotation": [
        ["CHEM_ID", "LIB_ID", "SUPER_PATHWAY", "CHEMICAL_NAME", "HMDB"],
        [50, 1, "Amino Acid", "leucine", "HMDB0000687"],
        [35, 1, "Amino Acid", "valine", "HMDB0000883"],
        [999, 2, None, "X - 12345", None],
        [1000, 2, None, "leucine", None],
    ],
    "Sample Meta Data": [
        ["PARENT_SAMPLE_NAME", "CLIENT_SAMPLE_ID", "SAMPLE_TYPE", "AGE", "SEX"],
        ["ABCD-00001", "P1", "EXPERIMENTAL", 50, "F"],
        ["ABCD-00002", "P2", "EXPERIMENTAL", 61, "M"],
        ["ABCD-00003", "P3", "EXPERIMENTAL", None, "F"],
        ["ABCD-00009", None, "MTRX", None, None],
    ],
    "Peak Area Data": [
        ["PARENT_SAMPLE_NAME", 35, 50, 999, 1000],
        ["ABCD-00002", 100, 200.5, None, 7],
        ["ABCD-00001", 110, 210, 5, 8],
        ["ABCD-00003", 120, None, None, 9],
        ["ABCD-00009", 115, 205, 5, 8],
    ],
    "Batch-normalized Data": [
        ["PARENT_SAMPLE_NAME", 35, 50, 999, 1000],
        ["ABCD-00002", 0.9, 1.1, None, 0.7],
        ["ABCD-00001", 1.0, 1.2, 1.0, 0.8],
        ["ABCD-00003", 1.3, None, None, 0.9],
        ["ABCD-00009", 1.0, 1.0, 1.0, 0.8],
    ],
    "Batch-norm Imputed Data": [
        ["PARENT_SAMPLE_NAME", 35, 50, 999, 1000],
        ["ABCD-00002", 0.9, 1.1, 1.0, 0.7],
        ["ABCD-00001", 1.0, 1.2, 1.0, 0.8],
        ["ABCD-00003", 1.3, 1.1, 1.0, 0.9],
    ],
    "Log Transformed Data": [
        ["PARENT_SAMPLE_NAME", 35, 50, 999, 1000],
        ["ABCD-00002", -0.1, 0.1, 0.0, -0.4],
        ["ABCD-00001", 0.0, 0.2, 0.0, -0.2],
        ["ABCD-00003", 0.3, 0.1, 0.0, -0.1],
    ],
}
"""Sheets of a newer workbook; samples of the data are in another order than those of their sheet."""

TOP = [
    [None, None, None, None, "SAMPLE_NAME", "S-1", "S-2", "S-3"],
    [None, None, None, None, "CLIENT IDENTIFIER", "P1", "P2", "P3"],
    [None, None, None, None, "AGE", 50, 61, None],
]
HEADER = [
    "PATHWAY SORTORDER",
    "BIOCHEMICAL",
    "SUPER PATHWAY",
    "COMP ID",
    "Group   HMDB_ID",
    "case",
    "control",
    "case",
]

OLDER: dict[str, Rows] = {
    "Explanation": [["OrigScale", "values as measured"], [None, None]],
    "OrigScale": [
        *TOP,
        HEADER,
        [1, "leucine", "Amino Acid", 60, "HMDB00687", "8,412", 9000.5, None],
        [2, "valine", "Amino Acid", 1649, "HMDB00883", 100, "NDEF", 120],
    ],
    "ScaledImpData": [
        *TOP,
        HEADER,
        [1, "leucine", "Amino Acid", 60, "HMDB00687", 0.97, 1.03, 0.97],
        [2, "valine", "Amino Acid", 1649, "HMDB00883", 0.91, 0.91, 1.09],
    ],
}
"""Sheets of an older workbook: samples above, metabolites on the left."""


def write_book(path: Path, sheets: dict[str, Rows]) -> Path:
    """Write sheets into a workbook."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path
