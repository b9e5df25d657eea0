"""A folder in the layout of cBioPortal: clinical files of patients and samples, and one file per kind of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from omics.cohort.ids import matching_pattern
from omics.common.errors import CohortError
from omics.infer.found_table import FoundTable
from omics.readers.case_lists import case_list_beside
from omics.readers.cbioportal import read_clinical
from omics.readers.gene_panels import matrix_beside
from omics.readers.plain_tables import read_columns

__all__ = ["PortalFolder", "is_portal_folder", "read_portal"]

PATIENTS, SAMPLES = "data_clinical_patient.txt", "data_clinical_sample.txt"
PATIENT_ID, SAMPLE_ID = "PATIENT_ID", "SAMPLE_ID"

KINDS = {
    "maf": ("data_mutations.txt", "data_mutations_extended.txt", "data_mutations_*.txt"),
    "cna": ("data_cna.txt", "data_CNA.txt", "data_log2_cna.txt", "data_log2_CNA.txt"),
    "mrna": ("data_mrna_seq_*.txt", "data_mrna_*.txt", "data_RNA_Seq_*.txt", "data_expression*.txt"),
    "protein": ("data_protein_quantification.txt", "data_rppa.txt"),
    "methylation": ("data_methylation*.txt",),
}
"""Kind of data -> patterns of its files, the best first; one file of each kind is used."""

OTHER = "it repeats another file, or is of a kind that is not read"

LEFT_OUT = ("zscore", "z_score", "normal", "ref_diploid")
"""Parts of the names of files that repeat another file in a worse scale, or have other tissue."""


@dataclass(frozen=True)
class PortalFolder:
    """Tables of a folder of cBioPortal.

    Attributes
    ----------
    tables
        The samples table and one table of each kind of data, with the ids of patients in its rows.
    samples, identifier
        File of the samples table, and its id column.
    passed_over
        Files of data that are not used -> why.
    """

    tables: list[FoundTable]
    samples: str
    identifier: str
    passed_over: dict[str, str]


def is_portal_folder(folder: Path) -> bool:
    """Whether a folder has a clinical file of cBioPortal."""
    return any((folder / name).is_file() for name in (PATIENTS, SAMPLES))


def read_portal(folder: Path) -> PortalFolder:
    """Read the tables of a folder of cBioPortal.

    Parameters
    ----------
    folder
        The folder.

    Returns
    -------
    PortalFolder
        Its tables.

    Raises
    ------
    CohortError
        If it has no file of data, or a file cannot be read.
    """
    name = next(name for name in (PATIENTS, SAMPLES) if (folder / name).is_file())
    clinical = read_clinical(folder / name)
    identifier = PATIENT_ID if name == PATIENTS else SAMPLE_ID
    if identifier not in clinical:
        identifier = str(clinical.columns[0])
    patients = pd.Index(clinical[identifier].astype(str))
    tables = [FoundTable(name, clinical)]
    used = {PATIENTS, SAMPLES, name}
    for kind in KINDS:
        path = next(_files_of(folder, kind), None)
        if path is not None:
            used.add(path.name)
            tables.append(_data(path, "maf" if kind == "maf" else "cbioportal", patients))
    if len(tables) == 1:
        raise CohortError(
            "the folder has clinical files of cBioPortal and no file of data, such as data_mrna_seq_v2_rsem.txt",
            "no_table",
            file=str(folder),
        )
    panels = ("data_gene_panel",)
    over = [path.name for path in sorted(folder.glob("data_*.txt")) if path.name not in used]
    return PortalFolder(tables, name, identifier, {one: OTHER for one in over if not one.startswith(panels)})


def _files_of(folder: Path, kind: str) -> Iterator[Path]:
    for pattern in KINDS[kind]:
        for path in sorted(folder.glob(pattern)):
            if not any(part in path.name.lower() for part in LEFT_OUT):
                yield path


def _data(path: Path, file_format: str, patients: pd.Index) -> FoundTable:
    """Table of one kind of data; where its ids are samples, the keys of the view say how they become patients."""
    keys: dict[str, object] = {"format": file_format}
    options: Mapping[str, Any] = {}
    if file_format == "maf" and (matrix := matrix_beside(path)):
        keys["panels"], options = matrix, {"panels": path.parent / matrix}
    if file_format == "maf" and (listed := case_list_beside(path)):
        keys["sequenced"], options = listed, {**options, "sequenced": path.parent / listed}
    frame = read_columns(path, file_format, options)
    ids = frame.iloc[:, 0].astype(str)
    if not ids.isin(patients).any():
        pattern = matching_pattern(list(ids), patients)
        if pattern is not None:
            keys["id"] = {"pattern": pattern}
            ids = ids.str.extract(pattern, expand=False).fillna(ids)
            if ids.duplicated().any():
                keys["samples_per_patient"] = "first"
    frame = frame.assign(**{str(frame.columns[0]): ids}).drop_duplicates(str(frame.columns[0]))
    return FoundTable(path.name, frame, keys=keys)
