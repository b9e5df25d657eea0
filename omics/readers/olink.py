"""Read NPX of Olink in long form, as the software of Olink exports it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.common.memory import check_table_size
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import patient_table
from omics.readers.notes import SHOWN, attach_notes, left_out_note
from omics.readers.sizes import check_parquet

__all__ = ["read_olink"]

log = logging.getLogger(__name__)

NEEDED = ("SampleID", "OlinkID", "Assay", "NPX")
SAMPLE_TYPES = ("SampleType", "Sample_Type")
ASSAY_TYPE = "AssayType"
QC = ("QC_Warning", "SampleQC", "Assay_Warning", "AssayQC")
WARNED = ("WARN", "WARNING")
PLATE, LOD = "PlateID", "LOD"
OPTIONAL = (*SAMPLE_TYPES, ASSAY_TYPE, *QC, PLATE, LOD)

CONTROLS = ("CONTROL_SAMPLE", "SAMPLE_CONTROL", "PLATE_CONTROL", "NEGATIVE_CONTROL")
"""Names of the control samples of Olink in tables that have no sample type."""


def read_olink(path: Path, qc_warning: str = "keep") -> pd.DataFrame:
    """Read NPX in long form: csv with ``;`` or ``,`` (also with gzip), or parquet.

    A feature is an assay; an assay on several panels is named ``ASSAY_OLINKID``. Control samples and control assays
    are left out, and NPX that failed quality control is NaN; the log and ``check`` report both, and count samples with
    a warning and values below the limit of detection. Values with a warning stay, or become NaN with `qc_warning`
    ``missing``; values below the limit of detection stay.

    Source: the columns as documented by https://cran.r-project.org/package=OlinkAnalyze (read_NPX);
    Wik et al. 2021, doi 10.1016/j.mcpro.2021.100168.

    Parameters
    ----------
    path
        The file.
    qc_warning
        ``keep`` or ``missing``: what becomes of NPX with a warning of quality control.

    Returns
    -------
    DataFrame
        ``sample_id``, then one column per assay.

    Raises
    ------
    CohortError
        If columns are missing, a row has another width, an NPX is text, an assay was measured more than once in a
        sample, or an OlinkID has several assay names.
    """
    file = str(path)
    rows, notes = _without_controls(_read(path), file)
    flags = rows[[name for name in QC if name in rows]]
    failed = flags.apply(lambda flag: flag.str.upper() == "FAIL").any(axis=1)
    if failed.any():
        notes.append(f"{failed.sum()} NPX that failed quality control count as not measured")
        log.warning("%s: %s", file, notes[-1])
    warned = flags.apply(lambda flag: flag.str.upper().isin(WARNED)).any(axis=1)
    notes += _quality_notes(rows, warned, qc_warning)
    if qc_warning == "missing":
        failed |= warned
    _check_once(rows, file)
    sample, ids = pd.factorize(rows["SampleID"])
    assay, features = pd.factorize(_features(rows, file))
    check_table_size(len(ids), len(features), str(path))
    values = np.full((len(ids), len(features)), np.nan)
    values[sample, assay] = rows["NPX"].where(~failed)
    return attach_notes(patient_table(list(ids), list(features), values, file), notes)


def _quality_notes(rows: pd.DataFrame, warned: pd.Series[bool], qc_warning: str) -> list[str]:
    """Sentences that count samples with a warning, and values below the limit of detection by assay."""
    notes = []
    if warned.any():
        samples = rows.loc[warned, "SampleID"].nunique()
        what = (
            "their NPX count as not measured"
            if qc_warning == "missing"
            else "their NPX stay; qc_warning: missing"
        )
        notes.append(
            f"{samples} of {rows['SampleID'].nunique()} sample(s) have a warning of quality control: {what}"
        )
    limit = pd.to_numeric(rows[LOD], errors="coerce") if LOD in rows else pd.Series(np.nan, rows.index)
    below = rows["NPX"] < limit
    if below.any():
        by_assay = rows.loc[below, "Assay"].value_counts()
        shown = [f"{assay} {count}" for assay, count in by_assay.items()]
        more = ", ..." if shown[SHOWN:] else ""
        notes.append(
            f"{below.sum()} NPX are below the limit of detection and stay: {', '.join(shown[:SHOWN])}{more}"
        )
    return notes


def _read(path: Path) -> pd.DataFrame:
    """Columns that are used: NPX as float64, all others as str."""
    if path.suffix == ".parquet":
        check_parquet(path)
        table = pd.read_parquet(path)
        _check_columns(list(map(str, table.columns)), str(path))
        frame = table[[name for name in (*NEEDED, *OPTIONAL) if name in table]]
        text = frame.drop(columns="NPX").astype("string").fillna("").astype(object)
        return text.assign(NPX=_parquet_npx(frame, str(path)))
    header = read_header(path, separators="\t;,")
    names = [*NEEDED, *(name for name in OPTIONAL if name in header.names)]
    cells = read_cells(path, header, names)
    texts = {name: cells.text(name) for name in names if name != "NPX"}
    return pd.DataFrame(texts, dtype=object).assign(NPX=cells.numbers(["NPX"])[:, 0])


def _parquet_npx(frame: pd.DataFrame, file: str) -> pd.Series[float]:
    if frame["NPX"].dtype.kind not in "fiu":
        raise CohortError(
            "text in place of numbers; export the parquet file again",
            "text_for_number",
            file=file,
            column="NPX",
        )
    return frame["NPX"].astype(np.float64)


def _check_columns(header: list[str], file: str) -> None:
    for name in NEEDED:
        if name not in header:
            raise CohortError(
                f"no such column in NPX in long form; {nearest(name, header)}",
                "missing_column",
                file=file,
                column=name,
            )


def _without_controls(rows: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows of patients and assays that are not controls, and notes on what was left out."""
    notes = []
    kind = next((name for name in SAMPLE_TYPES if name in rows), None)
    by_name = rows["SampleID"].str.startswith(CONTROLS)
    control = by_name if kind is None else rows[kind].str.upper() != "SAMPLE"
    if control.any():
        notes.append(left_out_note("control sample(s)", list(rows.loc[control, "SampleID"].unique())))
    rows = rows[~control]
    if ASSAY_TYPE in rows:
        control = rows[ASSAY_TYPE].str.lower() != "assay"
        if control.any():
            notes.append(left_out_note("control assay(s)", list(rows.loc[control, "OlinkID"].unique())))
        rows = rows[~control]
    if rows.empty:
        raise CohortError("all samples are controls; export all plates", "empty_table", file=file)
    for note in notes:
        log.info("%s: %s", file, note)
    return rows, notes


def _check_once(rows: pd.DataFrame, file: str) -> None:
    again = rows.duplicated(["SampleID", "OlinkID"])
    if again.any():
        sample, olink_id = rows.loc[again, ["SampleID", "OlinkID"]].iloc[0]
        same = rows[(rows["SampleID"] == sample) & (rows["OlinkID"] == olink_id)]
        plates = f" (plates {', '.join(same[PLATE].unique())})" if PLATE in rows else ""
        raise CohortError(
            f"assay {olink_id} was measured {len(same)} times in one sample{plates}; keep one of them",
            "several_plates",
            file=file,
            patient=str(sample),
        )


def _features(rows: pd.DataFrame, file: str) -> pd.Series[str]:
    assays = rows[["OlinkID", "Assay"]].drop_duplicates()
    renamed = assays["OlinkID"].duplicated()
    if renamed.any():
        raise CohortError(
            f"{assays.loc[renamed, 'OlinkID'].iloc[0]} has several assay names; give it one",
            "assay_names_differ",
            file=file,
            column="Assay",
        )
    shared = assays.loc[assays["Assay"].duplicated(keep=False), "OlinkID"]
    longer = rows["Assay"] + "_" + rows["OlinkID"]
    return rows["Assay"].where(~rows["OlinkID"].isin(shared), longer)
