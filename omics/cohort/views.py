"""Views: one declared table becomes patients x features, its ids and its values checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.cohort.spec import ViewSpec
from omics.cohort.view_blocks import value_blocks
from omics.common.errors import CohortError, nearest
from omics.common.registry import resolve
from omics.modalities import MODALITIES
from omics.modalities.modality import Modality
from omics.modalities.scales import contradiction
from omics.readers.matrix import numbers
from omics.readers.notes import noted, notes_of
from omics.readers.on_disk import read_large
from omics.readers.plain_tables import read_table, table_format

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["check_on_disk", "check_scale", "check_view", "modality_of", "read_view"]


def modality_of(view: ViewSpec) -> Modality:
    """Look the view's modality up in MODALITIES."""
    modality: Modality = resolve(MODALITIES, view.modality, "modality")
    return modality


def read_view(
    folder: Path, name: str, view: ViewSpec, patients: pd.Index | None, yaml: str
) -> pd.DataFrame | AnnData:
    """Read the table of one view: patients x features, float64, NaN where not measured.

    A large AnnData with patients in rows stays on disk; see :mod:`omics.readers.on_disk`.

    Parameters
    ----------
    folder
        Where the cohort lies.
    name, view
        As declared in `yaml`.
    patients
        Ids of the samples table; not compared if it could not be read.
    yaml
        Named in errors.

    Raises
    ------
    CohortError
        Whatever is wrong with the declaration, the file, its ids or its values.
    """
    if view.file is None:
        raise CohortError(f"view '{name}' lacks the key 'file'", "missing_key", file=yaml, column="file")
    check_view(name, view, yaml)
    path, file = folder / view.file, str(folder / view.file)
    turned = view.orient == "features_in_rows"
    large = None if turned else read_large(path, table_format(path, view.format))
    if large is not None:
        if patients is not None:
            _check_ids(name, large.obs_names, large.var_names, pd.DataFrame(), patients, file)
        check_on_disk(name, view, large, file)
        return large
    frame = read_table(path, file_format=view.format)
    notes = notes_of(frame)
    if turned:
        frame = frame.T
    if frame.empty:
        raise CohortError(
            f"view '{name}' holds {frame.shape[0]} patients and {frame.shape[1]} features; was it cut short?",
            "no_feature",
            file=file,
        )
    if patients is not None:
        _check_ids(name, frame.index, frame.columns, frame.select_dtypes(object), patients, file)
    values = numbers(frame, file)
    check_scale(name, view, values, file)
    return noted(values, notes)


def _check_ids(
    name: str, ids: pd.Index, features: pd.Index, texts: pd.DataFrame, patients: pd.Index, file: str
) -> None:
    unknown = ids[~ids.isin(patients)].astype(str)
    if not len(unknown):
        return
    close = _spelled_alike(unknown, patients)
    if len(unknown) == len(ids):
        other = _where_ids_are(features, texts, patients, close)
        raise CohortError(
            f"view '{name}' shares no id with the samples table{other}",
            "no_shared_ids",
            file=file,
        )
    hint = f"'{close[0]}' is '{close[1]}' there, write ids alike" if close else "add or remove them"
    raise CohortError(
        f"{len(unknown)} patient id(s) of view '{name}' are not in the samples table; {hint}",
        "unknown_patient",
        file=file,
        patient=str(unknown[0]),
    )


def _where_ids_are(
    features: pd.Index, texts: pd.DataFrame, patients: pd.Index, close: tuple[str, str] | None
) -> str:
    if features.isin(patients).any():
        return ", and ids match its columns: set orient"
    for column, cells in texts.items():
        if cells.astype(str).isin(patients).any():
            return f", and its column '{column}' does: make that column the first"
    return f": '{close[0]}' is '{close[1]}' there; write ids alike" if close else ""


def _spelled_alike(unknown: pd.Index, patients: pd.Index) -> tuple[str, str] | None:
    """Find an id that differs from a patient's by case, marks, zeros in front or a decimal point alone."""
    known = {_bare(str(patient)): str(patient) for patient in patients}
    return next(((one, known[_bare(one)]) for one in map(str, unknown) if _bare(one) in known), None)


def _bare(name: str) -> str:
    """Letters and digits alone.

    Examples
    --------
    >>> _bare("007.0") == _bare("7"), _bare("TCGA-02.A") == _bare("tcga_02_a")
    (True, True)
    """
    word = re.sub(r"[\W_]", "", re.sub(r"\.0$", "", name)).lower()
    return word.lstrip("0") or word


def check_scale(name: str, view: ViewSpec, values: pd.DataFrame, file: str) -> None:
    """Refuse values that contradict the scale they are declared to have, with the evidence."""
    if evidence := contradiction(values.to_numpy(), view.scale):
        raise CohortError(f"view '{name}' is declared {view.scale}, but {evidence}", "wrong_scale", file=file)


def check_on_disk(name: str, view: ViewSpec, stored: AnnData, file: str) -> None:
    """Refuse infinite values, and such as contradict the scale, in a view that stays on disk: block by block."""
    for rows, values in value_blocks(stored):
        block = pd.DataFrame(values, index=stored.obs_names[rows], columns=stored.var_names)
        check_scale(name, view, numbers(block, file) if np.isinf(values).any() else block, file)


def check_view(name: str, view: ViewSpec, file: str) -> None:
    """Refuse a modality, scale or timing that cannot be."""
    if view.modality not in MODALITIES:
        raise CohortError(
            f"view '{name}': unknown modality '{view.modality}'; {nearest(view.modality, MODALITIES)}",
            "unknown_modality",
            file=file,
        )
    modality_of(view).check_scale(view.scale, name, file)
    if view.timing != "baseline":
        raise CohortError(
            f"view '{name}' was measured at '{view.timing}'; models take baseline views only",
            "not_baseline",
            file=file,
        )
