"""Read a view: one declared table becomes patients x features, with checked ids and values."""

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
from omics.readers.notes import attach_notes, notes_of
from omics.readers.on_disk import read_large
from omics.readers.plain_tables import read_table, table_format

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["check_ids", "check_scale", "check_stored_values", "check_view", "modality_of", "read_view"]


def modality_of(view: ViewSpec) -> Modality:
    """Return the modality of a view from MODALITIES."""
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
        Folder of the cohort.
    name, view
        Name and content of the view in ``cohort.yaml``.
    patients
        Ids of the samples table; None if it could not be read, then ids are not compared.
    yaml
        File that declares the view, named in errors.

    Returns
    -------
    DataFrame or AnnData
        The values; an AnnData where they stay on disk.

    Raises
    ------
    CohortError
        If the declaration, the file, an id or a value is wrong.
    """
    if view.file is None:
        raise CohortError(f"view '{name}' lacks the key 'file'", "missing_key", file=yaml, column="file")
    check_view(name, view, yaml)
    path, file = folder / view.file, str(folder / view.file)
    transposed = view.orient == "features_in_rows"
    large = None if transposed else read_large(path, table_format(path, view.format))
    if large is not None:
        if patients is not None:
            check_ids(name, large.obs_names, large.var_names, pd.DataFrame(), patients, file)
        check_stored_values(name, view, large, file)
        return large
    frame = read_table(path, file_format=view.format)
    notes = notes_of(frame)
    if transposed:
        frame = frame.T
    if frame.empty:
        raise CohortError(
            f"view '{name}' has {frame.shape[0]} patients and {frame.shape[1]} features; was it cut short?",
            "no_feature",
            file=file,
        )
    if patients is not None:
        check_ids(name, frame.index, frame.columns, frame.select_dtypes(object), patients, file)
    values = numbers(frame, file)
    check_scale(name, view, values, file)
    return attach_notes(values, notes)


def check_ids(
    name: str, ids: pd.Index, features: pd.Index, texts: pd.DataFrame, patients: pd.Index, file: str
) -> None:
    """Check that the ids of a view are patients of the samples table.

    Parameters
    ----------
    name
        Name of the view.
    ids, features
        Ids and names of features of the view.
    texts
        Its columns of text.
    patients
        Ids of the samples table.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If an id is not among `patients`.
    """
    unknown = ids[~ids.isin(patients)].astype(str)
    if not len(unknown):
        return
    close = _similar_id(unknown, patients)
    if len(unknown) == len(ids):
        other = _where_ids_are(features, texts, patients, close)
        raise CohortError(
            f"view '{name}' shares no id with the samples table{other}",
            "no_shared_ids",
            file=file,
        )
    hint = f"'{close[0]}' is '{close[1]}' there, spell ids the same" if close else "add or remove them"
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
    return f": '{close[0]}' is '{close[1]}' there; spell ids the same" if close else ""


def _similar_id(unknown: pd.Index, patients: pd.Index) -> tuple[str, str] | None:
    """Find an unknown id and a patient's id that differ only in case, marks, leading zeros or a final ``.0``."""
    known = {_letters_and_digits(str(patient)): str(patient) for patient in patients}
    plain = ((one, _letters_and_digits(one)) for one in map(str, unknown))
    return next(((one, known[key]) for one, key in plain if key in known), None)


def _letters_and_digits(name: str) -> str:
    """Letters and digits of an id, in lower case, without leading zeros.

    Examples
    --------
    >>> bare = _letters_and_digits
    >>> bare("007.0") == bare("7"), bare("TCGA-02.A") == bare("tcga_02_a")
    (True, True)
    """
    word = re.sub(r"[\W_]", "", re.sub(r"\.0$", "", name)).lower()
    return word.lstrip("0") or word


def check_scale(name: str, view: ViewSpec, values: pd.DataFrame, file: str) -> None:
    """Check that values agree with their declared scale.

    Parameters
    ----------
    name, view
        Name and content of the view in ``cohort.yaml``.
    values
        Patients x features, NaN where not measured.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a value contradicts the scale; the error names the value.
    """
    if evidence := contradiction(values.to_numpy(), view.scale):
        raise CohortError(f"view '{name}' is declared {view.scale}, but {evidence}", "wrong_scale", file=file)


def check_stored_values(name: str, view: ViewSpec, stored: AnnData, file: str) -> None:
    """Check the values of a view that stays on disk, block by block: they are finite and agree with their scale.

    Parameters
    ----------
    name, view
        Name and content of the view in ``cohort.yaml``.
    stored
        The view.
    file
        Named in errors.
    """
    for rows, values in value_blocks(stored):
        block = pd.DataFrame(values, index=stored.obs_names[rows], columns=stored.var_names)
        check_scale(name, view, numbers(block, file) if np.isinf(values).any() else block, file)


def check_view(name: str, view: ViewSpec, file: str) -> None:
    """Check that modality, scale and timing of a view are allowed.

    Parameters
    ----------
    name, view
        Name and content of the view in ``cohort.yaml``.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If the modality is unknown, it does not have the scale, or the view is not from baseline.
    """
    if view.modality not in MODALITIES:
        raise CohortError(
            f"view '{name}': unknown modality '{view.modality}'; {nearest(view.modality, MODALITIES)}",
            "unknown_modality",
            file=file,
        )
    modality_of(view).check_scale(view.scale, name, file)
    if view.timing != "baseline":
        raise CohortError(
            f"view '{name}' was measured at '{view.timing}'; models use baseline views only",
            "not_baseline",
            file=file,
        )
