"""Read workbooks of Metabolon: sheets of data, of samples and of metabolites, or the older sheets with all three."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.readers.matrix import patient_table
from omics.readers.metabolon_sheets import (
    BOTH,
    DATA,
    IDS,
    NAMES,
    NUMBERS,
    SAMPLES,
    describe_data,
    is_imputed,
    label_of,
    read_sheet,
    sheets_of,
    text_of,
)
from omics.readers.notes import attach_notes, attach_warnings, left_out_note

__all__ = ["read_metabolon", "read_metabolon_samples"]

NO_VALUE = ("", "NDEF", "TAG")
"""Texts of a value that was not measured, besides those of every format."""

CONTROL = re.compile(r"\b(C?MTRX|PRCS|SOLV)", re.IGNORECASE)
"""Technical replicates of a pool, and blanks, in the name or the type of a sample."""

COMMAS = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")


def read_metabolon(path: Path, sheet: str | None = None, ids: str | None = None) -> pd.DataFrame:
    """Read the data of a workbook of Metabolon.

    Parameters
    ----------
    path
        The workbook; needs the extra ``xlsx``.
    sheet
        Its sheet; the first of :func:`sheets_of` if left out, so that neither imputed values nor logarithms are read
        unless the file has no others.
    ids
        Label of the ids among the samples, such as CLIENT_SAMPLE_ID; PARENT_SAMPLE_NAME by default, in older sheets
        SAMPLE_NAME or CLIENT IDENTIFIER.

    Returns
    -------
    DataFrame
        ``sample_id``, then one column per metabolite by its name, followed by its number where the name repeats. An
        empty cell is not measured. Pools and blanks are left out with a note.

    Raises
    ------
    CohortError
        If the workbook has no such sheet, or no such label of ids.

    Notes
    -----
    Layouts as used by metaboprep, https://github.com/MRCIEU/metaboprep (Hughes et al. 2022, doi
    10.1093/bioinformatics/btac059), and MetaboAnalystR.
    """
    known = sheets_of(path)
    data = [name for name, kind in known.items() if kind in (DATA, BOTH)]
    if not data:
        raise CohortError(
            "no sheet of data of Metabolon, with PARENT_SAMPLE_NAME or BIOCHEMICAL in its header; remove the format "
            "to read the workbook as a plain table",
            "missing_sheet",
            file=str(path),
        )
    chosen = data[0] if sheet is None else sheet
    if chosen not in data:
        raise CohortError(
            f"no sheet of data '{chosen}'; {nearest(chosen, data)}", "missing_sheet", file=str(path)
        )
    content = describe_data(path, chosen, known)
    names = _ids(content.samples, ids, str(path))
    kept, left_out = _without_controls(names, content.samples)
    values = [[_number(row[place]) for row in content.values] for place in kept]
    table = patient_table([names[place] for place in kept], _features(content.metabolites), values, str(path))
    others = [name for name in data if name != chosen]
    notes = (
        [f"the sheet '{chosen}' is read, and not {', '.join(others)}; sheet: NAME reads another"]
        if others
        else []
    )
    notes += [left_out_note("pool(s) or blank(s)", left_out)] if left_out else []
    return attach_warnings(attach_notes(table, notes), _imputed(chosen, others))


def read_metabolon_samples(path: Path, ids: str | None = None) -> pd.DataFrame:
    """Read what a workbook of Metabolon says about its samples, for the samples table.

    Parameters
    ----------
    path
        The workbook; needs the extra ``xlsx``.
    ids
        The column of ids, which stays text, as PARENT_SAMPLE_NAME does.

    Returns
    -------
    DataFrame
        One row per sample, without pools and blanks; one column per label, as the file spells it.

    Raises
    ------
    CohortError
        If the workbook has no sheet of samples.
    """
    known = sheets_of(path)
    place = next((name for name, kind in known.items() if kind in (SAMPLES, BOTH)), None)
    if place is None:
        raise CohortError(
            "no sheet of samples of Metabolon; name another file", "missing_sheet", file=str(path)
        )
    samples = read_sheet(path, place, known[place]).samples
    names = _ids(samples, ids, str(path))
    kept, left_out = _without_controls(names, samples)
    first = ids or _id_label(samples, None, str(path))
    frame = pd.DataFrame({first: [names[place] for place in kept]}, dtype=object)
    for label, cells in samples.items():
        if label_of(label) != label_of(first):
            frame[label] = _typed([cells[place] for place in kept])
    return attach_notes(frame, [left_out_note("pool(s) or blank(s)", left_out)] if left_out else [])


def _ids(samples: dict[str, list[Any]], wanted: str | None, file: str) -> list[str | None]:
    return [text_of(value) for value in samples[_id_label(samples, wanted, file)]]


def _id_label(samples: dict[str, list[Any]], wanted: str | None, file: str) -> str:
    """Label of the ids: the wanted one, or the best that the file has."""
    labels = {label_of(label): label for label in samples}
    if wanted is None:
        return next((labels[label] for label in IDS if label in labels), next(iter(samples)))
    if label_of(wanted) not in labels:
        raise CohortError(
            f"no such label of samples; {nearest(wanted, samples)}",
            "missing_column",
            file=file,
            column=wanted,
        )
    return labels[label_of(wanted)]


def _without_controls(
    names: Sequence[str | None], samples: Mapping[str, list[Any]]
) -> tuple[list[int], list[str]]:
    """Places of the samples of patients, and the names of pools and blanks."""
    types = [
        cells
        for label, cells in samples.items()
        if label_of(label) == "SAMPLE TYPE" or label_of(label) in IDS
    ]
    left = [
        any(CONTROL.search(str(value)) for value in (name, *(cells[place] for cells in types)))
        for place, name in enumerate(names)
    ]
    kept = [place for place, control in enumerate(left) if not control]
    return kept, [str(name) for name, control in zip(names, left, strict=True) if control]


def _features(metabolites: Mapping[str, list[Any]]) -> list[str | None]:
    """Name of each metabolite; its number where it has no name, and after a name that repeats."""
    labels = {label_of(label): [text_of(cell) for cell in cells] for label, cells in metabolites.items()}
    numbers = next((labels[label] for label in NUMBERS if label in labels), None)
    names = next((labels[label] for label in NAMES if label in labels), None)
    if numbers is None or names is None:
        return numbers or names or []
    joined = [name or number for name, number in zip(names, numbers, strict=True)]
    repeated = pd.Series(joined).duplicated(keep=False)
    return [
        f"{name}_{number}" if again and name != number else name
        for name, number, again in zip(joined, numbers, repeated, strict=True)
    ]


def _number(value: Any) -> Any:
    """Value as a number or as text; None where it was not measured."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    if text in NO_VALUE:
        return None
    return text.replace(",", "") if COMMAS.fullmatch(text) else text


def _typed(cells: list[Any]) -> pd.Series[Any]:
    """Cells as numbers where all are numbers, otherwise as text."""
    column = pd.Series(cells, dtype=object)
    numbers = pd.to_numeric(column, errors="coerce")
    if (numbers.notna() == column.notna()).all():
        return numbers
    return pd.Series([text_of(cell) for cell in cells], dtype=object)


def _imputed(chosen: str, others: Sequence[str]) -> dict[str, str]:
    """Warning about a sheet in which a missing value looks like a small one."""
    if not is_imputed(chosen):
        return {}
    better = next((name for name in others if not is_imputed(name)), None)
    what = f"read sheet: {better}" if better else "no other sheet has the measured values alone"
    return {
        "imputed_sheet": f"the sheet '{chosen}' has a small value where a metabolite was not measured, so that missing "
        f"values count as measured; {what}"
    }
