"""Read a view: one declared table becomes patients x features, with checked ids and values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from omics.cohort.ids import check_ids, id_column, patient_ids
from omics.cohort.spec import ViewSpec
from omics.cohort.view_options import columns_of, one_row_per_patient, reader_options, with_all_sequenced
from omics.common.errors import CohortError, nearest
from omics.common.registry import resolve
from omics.common.view_blocks import value_blocks
from omics.modalities import MODALITIES
from omics.modalities.modality import Modality
from omics.modalities.not_measured import not_measured
from omics.modalities.scales import contradiction
from omics.readers import PGX_RESULTS, READERS
from omics.readers.anndata_parts import ANNDATA, obs_of, whole_layers
from omics.readers.declared_text import below_limit, without_thousands
from omics.readers.matrix import numbers
from omics.readers.notes import attach_notes, attach_warnings, left_out_note, notes_of, warnings_of
from omics.readers.on_disk import read_large
from omics.readers.plain_tables import read_table, table_format
from omics.readers.series_matrix import OTHER_IDS

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["check_scale", "check_stored_values", "check_view", "modality_of", "read_view"]


EITHER_WAY = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".xlsx", *ANNDATA)
"""Formats of plain tables, which may have patients or features in rows."""


def modality_of(view: ViewSpec) -> Modality:
    """Return the modality of a view from MODALITIES."""
    modality: Modality = resolve(MODALITIES, view.modality, "modality")
    return modality


def read_view(
    folder: Path, name: str, view: ViewSpec, patients: pd.Index | None, yaml: str, strict: bool = False
) -> pd.DataFrame | AnnData:
    """Read the table of one view: patients x features, float64, NaN where not measured.

    A large AnnData with patients in rows stays on disk; see :mod:`omics.readers.on_disk`. Rows and columns that are no
    measurements are left out with a note (:mod:`omics.modalities.not_measured`), and so are patients who are not in the
    samples table.

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
    strict
        Whether a patient who is not in the samples table is an error; always so for a table that stays on disk.

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
    kind = table_format(path, view.format)
    plain = view.orient == "features_in_columns" and view.layer is view.id is view.columns is None
    large = read_large(path, kind) if plain else None
    if large is not None:
        if patients is not None:
            check_ids(name, large.obs_names, large.var_names, pd.DataFrame(), patients, file, strict=True)
        check_stored_values(name, view, large, file)
        return large
    frame, notes, warnings = _samples_by_features(folder, name, view, patients, file)
    if frame.empty:
        raise CohortError(
            f"view '{name}' has {frame.shape[0]} patients and {frame.shape[1]} features; was it cut short?",
            "no_feature",
            file=file,
        )
    if patients is not None:
        strange = not frame.index.isin(patients).any()
        texts = obs_of(path) if strange and kind in ANNDATA else frame.select_dtypes(object)
        known = check_ids(name, frame.index, frame.columns, texts, patients, file, strict)
        if not known.all():
            frame, warnings = (
                frame[known],
                {**warnings, **_patients_left_out(frame.index[~known], len(frame))},
            )
    if view.thousands is not None:
        frame = without_thousands(frame, view.thousands)
    if view.below is not None:
        frame, found = below_limit(frame, view.below)
        notes = [*notes, *found]
    values = numbers(frame, file)
    values.attrs |= {key: frame.attrs[key] for key in [PGX_RESULTS] if key in frame.attrs}
    del frame  # a large table is not in memory twice
    try:
        check_scale(name, view, values, file)
    except CohortError as error:
        raise _with_layers(error, path, kind, view) from None
    return attach_warnings(attach_notes(values, notes), warnings)


def _samples_by_features(
    folder: Path, name: str, view: ViewSpec, patients: pd.Index | None, file: str
) -> tuple[pd.DataFrame, list[str], dict[str, str]]:
    """Table of a view with one row per patient, its notes, and what a person should check."""
    path = folder / str(view.file)
    transposed = view.orient == "features_in_rows"
    kind = table_format(path, view.format)
    if transposed and kind in READERS and kind not in EITHER_WAY:
        raise CohortError(
            f"view '{name}': the format {kind} has patients in rows when it is read; remove orient",
            "foreign_key",
            file=file,
            column="orient",
        )
    several = not transposed and (view.id is not None or view.samples_per_patient is not None)
    frame = read_table(
        path, id_column(view.id), view.format, reader_options(view, folder), unique=not several
    )
    if view.columns is not None:
        frame = columns_of(frame, view.columns, file)
    notes, warnings, other = notes_of(frame), warnings_of(frame), frame.attrs.get(OTHER_IDS, {})
    if transposed:
        frame, annotation = _without_annotation(frame, patients)
        notes = [*notes, *annotation]
        frame = frame.T
    samples = frame.index
    if patients is not None and other and not samples.isin(patients).any():
        frame = frame.set_axis(pd.Index([other.get(name, name) for name in samples]))
        notes = [
            *notes,
            "the samples table has the titles of the samples, which are used in place of their accessions",
        ]
    frame = frame.set_axis(patient_ids(frame.index, view.id, file))
    frame, found = one_row_per_patient(frame, samples, view.samples_per_patient, name, file)
    notes = [*notes, *found]
    if patients is not None:
        frame, to_check = with_all_sequenced(frame, view, kind, patients, folder)
        warnings = {**warnings, **to_check}
    left_out = not_measured(frame.columns, view.modality)
    notes = [*notes, *(left_out_note(what, names) for what, names in left_out.items())]
    if left_out:
        frame = frame.drop(columns=[name for names in left_out.values() for name in names])
    return frame, notes, warnings


def _without_annotation(frame: pd.DataFrame, patients: pd.Index | None) -> tuple[pd.DataFrame, list[str]]:
    """Features x samples without columns of text that describe the features, and a note on them."""
    if patients is None or not frame.columns.isin(patients).any():
        return frame, []
    texts = [
        name
        for name in frame.select_dtypes(object).columns
        if name not in patients and pd.to_numeric(frame[name], errors="coerce").isna().all()
    ]
    notes = [left_out_note("column(s) of text about the features", list(map(str, texts)))] if texts else []
    return frame.drop(columns=texts), notes


def _patients_left_out(unknown: pd.Index, rows: int) -> dict[str, str]:
    sentence = left_out_note(
        f"of {rows} patient(s) who are not in the samples table", list(map(str, unknown))
    )
    return {"patients_left_out": f"{sentence}; strict: true refuses them"}


def _with_layers(error: CohortError, path: Path, kind: str, view: ViewSpec) -> CohortError:
    """Error about the scale of counts, with the layers of the file that have whole numbers."""
    layers = whole_layers(path) if kind in ANNDATA and view.scale == "counts" and view.layer is None else []
    if not layers:
        return error
    said = " or ".join(f"layer: {layer}" for layer in layers)
    return CohortError(
        f"{error.sentence}; counts are elsewhere in the file: declare {said}", "wrong_scale", file=error.file
    )


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
