"""Keys of a view that say how its file is read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from omics.cohort.ids import check_id
from omics.cohort.spec import CohortSpec, ViewSpec
from omics.common.errors import CohortError, nearest
from omics.readers import CELLS
from omics.readers.case_lists import ALL, LIST
from omics.readers.declared_text import BELOW
from omics.readers.plain_tables import table_format

__all__ = [
    "RULES",
    "check_view_keys",
    "columns_of",
    "one_row_per_patient",
    "reader_options",
    "with_all_sequenced",
    "without_views",
]

MAF = ("maf", ".maf", ".maf.gz")
FORMATS = {
    "panels": MAF,
    "sequenced": MAF,
    "filter": (*MAF, ".vcf", ".vcf.gz", ".bcf"),
    "qc_warning": ("olink",),
    "layer": (".h5ad", ".h5mu", ".zarr", CELLS),
    "mod": (".h5mu",),
    "sheet": (".xlsx", "metabolon"),
}
"""Key -> formats that have it."""

LISTED = 40
"""Columns that are compared with a wrong name."""

RULES = ("refuse", "first", "mean", "sum")
"""What becomes of several samples of one patient."""

CHOICES = {
    "filter": ("keep", "leave_out"),
    "qc_warning": ("keep", "missing"),
    "samples_per_patient": RULES,
    "below": BELOW,
    "thousands": (",", ".", "'", " ", "_"),
}
"""Key -> values that it can have."""


def check_view_keys(name: str, view: ViewSpec, file: str) -> None:
    """Check the keys of a view that say how its file is read.

    Parameters
    ----------
    name, view
        Name and content of the view in ``cohort.yaml``.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a key belongs to another format or has an unknown value.
    """
    check_id(view.id, f"view '{name}'", file)
    for key, choices in CHOICES.items():
        value = getattr(view, key)
        if value is not None and value not in choices:
            raise CohortError(
                f"view '{name}': unknown {key} '{value}'; {nearest(value, choices)}",
                "unknown_choice",
                file=file,
                column=key,
            )
    stated = view.sequenced
    if not (stated is None or _is_text(stated) or (isinstance(stated, list) and all(map(_is_text, stated)))):
        raise CohortError(
            f"view '{name}': 'sequenced' is {stated!r}, and must be all, a file, or a list of ids as text",
            "wrong_type",
            file=file,
            column="sequenced",
        )
    ends = view.columns if isinstance(view.columns, list | tuple) else ()
    two = len(ends) == len(("first", "last")) and all(map(_is_text, ends))
    if not (view.columns is None or _is_text(view.columns) or two):
        raise CohortError(
            f"view '{name}': 'columns' is {view.columns!r}, and must be the start of names, such as rna_, or the first "
            "and the last column: [FIRST, LAST]",
            "wrong_type",
            file=file,
            column="columns",
        )
    if view.columns is not None and view.orient == "features_in_rows":
        raise CohortError(
            f"view '{name}': 'columns' chooses features in columns; remove it, or orient",
            "foreign_key",
            file=file,
            column="columns",
        )
    kind = table_format(Path(str(view.file)), view.format)
    for key, formats in FORMATS.items():
        if (
            getattr(view, key) is not None
            and view.file is not None
            and kind not in formats
            and kind != ".txt"
        ):
            raise CohortError(
                f"view '{name}': '{key}' belongs to the formats {', '.join(formats)}; declare the format, or remove it",
                "foreign_key",
                file=file,
                column=key,
            )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def columns_of(frame: pd.DataFrame, columns: str | Sequence[str], file: str) -> pd.DataFrame:
    """Choose the columns of a view from a table of several views.

    Parameters
    ----------
    frame
        Patients x columns.
    columns
        How the names of its columns begin, which the features are named without; or the first and the last column.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        Patients x features of the view.

    Raises
    ------
    CohortError
        If there are no such columns.
    """
    known = list(map(str, frame.columns))
    if isinstance(columns, str):
        names = [name for name in known if name.startswith(columns) and name != columns]
        if not names:
            raise _missing_columns(f"no column begins with '{columns}'", columns, known, file)
        chosen = frame[names].rename(columns=lambda name: str(name).removeprefix(columns))
    else:
        first, last = columns
        for name in columns:
            if name not in known:
                raise _missing_columns("no such column", name, known, file)
        chosen = frame.iloc[:, known.index(first) : known.index(last) + 1]
        if chosen.empty:
            raise CohortError(
                f"column '{last}' is before '{first}'; exchange them",
                "missing_column",
                file=file,
                column=last,
            )
    chosen.attrs |= frame.attrs
    return chosen


def _missing_columns(sentence: str, name: str, known: Sequence[str], file: str) -> CohortError:
    return CohortError(
        f"{sentence}; {nearest(name, known[:LISTED])}", "missing_column", file=file, column=name
    )


def without_views(samples: pd.DataFrame, spec: CohortSpec) -> pd.DataFrame:
    """Leave out columns of the samples table that are values of views.

    Parameters
    ----------
    samples
        One row per patient.
    spec
        The specification.

    Returns
    -------
    DataFrame
        The other columns.
    """
    for view in spec.views.values():
        if view.columns is not None and spec.samples is not None and view.file == spec.samples.file:
            names = columns_of(samples, view.columns, str(view.file)).columns
            cut = view.columns if isinstance(view.columns, str) else ""
            samples = samples.drop(columns=[f"{cut}{name}" for name in names])
    return samples


def reader_options(view: ViewSpec, folder: Path) -> dict[str, object]:
    """Keywords of the reader of a view.

    Parameters
    ----------
    view
        Content of the view.
    folder
        Folder of the cohort.

    Returns
    -------
    dict
        Keyword -> value, of the keys that are set.
    """
    options: dict[str, object] = {"layer": view.layer, "mod": view.mod, "qc_warning": view.qc_warning}
    options["sheet"] = view.sheet
    options["filtered"] = view.filter
    if view.sequenced != ALL:
        listed = isinstance(view.sequenced, str)
        options["sequenced"] = folder / view.sequenced if listed else view.sequenced
    options["panels"] = None if view.panels is None else folder / view.panels
    return {key: value for key, value in options.items() if value is not None}


def with_all_sequenced(
    table: pd.DataFrame, view: ViewSpec, kind: str, patients: pd.Index, folder: Path
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Add patients without a mutation where all were sequenced; otherwise warn that they count as not sequenced.

    Parameters
    ----------
    table
        Patients x genes.
    view
        Content of the view.
    kind
        Its format.
    patients
        Ids of the samples table.
    folder
        Folder of the cohort.

    Returns
    -------
    tuple
        The table, and what a person should check: code -> sentence.
    """
    absent = patients[~patients.isin(table.index)]
    if kind not in MAF or not len(absent) or len(absent) == len(patients):
        return table, {}
    if view.sequenced == ALL:
        zeros = pd.DataFrame(0.0, index=absent, columns=table.columns)
        return pd.concat([table, zeros]), {}
    if view.sequenced is not None or view.panels is not None:
        return table, {}
    beside = next(
        (name for name in [(Path(str(view.file)).parent / LIST).as_posix()] if (folder / name).is_file()), ALL
    )
    sentence = (
        f"{len(absent)} of {len(patients)} patient(s) have no mutation in the file and count as not sequenced, without "
        f"this view: {', '.join(map(str, absent[:3]))}; if they were sequenced, declare sequenced: {beside}"
    )
    return table, {
        "not_in_mutations": sentence if beside != ALL else f"{sentence}, or a list or a file of their ids"
    }


def one_row_per_patient(
    table: pd.DataFrame, samples: pd.Index, rule: str | None, name: str, file: str
) -> tuple[pd.DataFrame, list[str]]:
    """Bring several samples of a patient into one row.

    Parameters
    ----------
    table
        Samples x features, indexed by patient.
    samples
        Names of the samples.
    rule
        One of RULES; None refuses.
    name
        Name of the view, for errors.
    file
        Named in errors.

    Returns
    -------
    tuple
        One row per patient, and a note if patients had several samples.

    Raises
    ------
    CohortError
        If a patient has several samples and no rule is declared.
    """
    again = table.index.duplicated(keep=False)
    if not again.any():
        return table, []
    patient = str(table.index[again][0])
    mine = list(samples[table.index == patient])
    if rule in (None, "refuse"):
        raise CohortError(
            f"view '{name}': patient '{patient}' has {len(mine)} samples ({', '.join(map(str, mine[:3]))}); declare "
            "samples_per_patient: first, mean or sum, or keep one row per patient",
            "several_samples",
            file=file,
            patient=patient,
        )
    several = int(table.index[again].nunique())
    note = (
        f"{several} patient(s) have several samples in {int(again.sum())} rows; samples_per_patient: {rule}"
    )
    if rule == "first":
        return table[~table.index.duplicated()], [note]
    groups = table.apply(pd.to_numeric).astype(np.float64).groupby(level=0, sort=False)
    return (groups.mean() if rule == "mean" else groups.sum(min_count=1)), [note]
