"""Views: one declared table becomes patients x features, its ids and its values checked."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from omics.errors import CohortError, nearest
from omics.modalities import MODALITIES
from omics.modalities.modality import Modality
from omics.modalities.scales import contradiction
from omics.readers.matrix import numbers
from omics.readers.notes import noted, notes_of
from omics.readers.tables import read_table
from omics.spec import ViewSpec
from omics.tables import look_up

__all__ = ["check_scale", "check_view", "modality_of", "read_view"]


def modality_of(view: ViewSpec) -> Modality:
    """Look the view's modality up in MODALITIES."""
    modality: Modality = look_up(MODALITIES, view.modality, "modality")
    return modality


def read_view(folder: Path, name: str, view: ViewSpec, patients: pd.Index | None, yaml: str) -> pd.DataFrame:
    """Read the table of one view: patients x features, float64, NaN where not measured.

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
    frame = read_table(folder / view.file, file_format=view.format)
    notes = notes_of(frame)
    if view.orient == "features_in_rows":
        frame = frame.T
    file = str(folder / view.file)
    if frame.empty:
        raise CohortError(
            f"view '{name}' holds {frame.shape[0]} patients and {frame.shape[1]} features; was it cut short?",
            "no_feature",
            file=file,
        )
    if patients is not None:
        _check_ids(name, frame, patients, file)
    values = numbers(frame, file)
    check_scale(name, view, values, file)
    return noted(values, notes)


def _check_ids(name: str, frame: pd.DataFrame, patients: pd.Index, file: str) -> None:
    unknown = frame.index[~frame.index.isin(patients)].astype(str)
    if not len(unknown):
        return
    close = _spelled_alike(unknown, patients)
    if len(unknown) == len(frame):
        raise CohortError(
            f"view '{name}' shares no id with the samples table{_where_ids_are(frame, patients, close)}",
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


def _where_ids_are(frame: pd.DataFrame, patients: pd.Index, close: tuple[str, str] | None) -> str:
    if frame.columns.isin(patients).any():
        return ", and ids match its columns: set orient"
    for column in frame.select_dtypes(object).columns:
        if frame[column].astype(str).isin(patients).any():
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
