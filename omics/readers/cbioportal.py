"""Read the matrices of cBioPortal (data_mrna*.txt, data_cna.txt, data_rppa.txt) and its clinical files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import patient_table

__all__ = ["read_cbioportal", "read_clinical"]

NAMES = ("Hugo_Symbol", "Composite.Element.REF", "Entrez_Gene_Id")
ANNOTATION = {*NAMES, "Cytoband", "Gene_Symbol"}


def read_cbioportal(path: Path) -> pd.DataFrame:
    """Read a matrix of cBioPortal: genes in rows, samples in columns.

    A feature is named by Hugo_Symbol, otherwise by Composite.Element.REF or Entrez_Gene_Id; a symbol that several rows
    have is followed by their Entrez_Gene_Id.

    Source: https://docs.cbioportal.org/file-formats; Cerami et al. 2012, doi 10.1158/2159-8290.CD-12-0095.

    Raises
    ------
    CohortError
        If the file has no such column or no sample, a row has another width, a number is text, or a feature appears
        twice.
    """
    header = read_header(path)
    feature = next((name for name in NAMES if name in header.names), None)
    if feature is None:
        raise CohortError(
            "no column Hugo_Symbol; use a data file of cBioPortal",
            "missing_column",
            file=str(path),
            column=NAMES[0],
        )
    samples = [name for name in header.names if name not in ANNOTATION]
    more = [name for name in ("Entrez_Gene_Id",) if name in header.names and name != feature]
    cells = read_cells(path, header, [feature, *more, *samples])
    names = pd.Series(cells.text(feature), dtype=object)
    if more:
        shared = names.duplicated(keep=False)
        names = names.where(~shared, names + "_" + pd.Series(cells.text(more[0]), dtype=object))
    return patient_table(samples, list(names), cells.numbers(samples).T, str(path))


def read_clinical(path: Path, ids: str | None = None) -> pd.DataFrame:
    """Read ``data_clinical_patient.txt`` or ``data_clinical_sample.txt``; lines above the header begin with ``#``.

    Parameters
    ----------
    path
        The file.
    ids
        The column of ids, which stays text, as the first one does.

    Returns
    -------
    DataFrame
        Columns as in the file, with the types that a tsv file would have.

    Raises
    ------
    CohortError
        If the file has no header, or a row has another width.
    """
    header = read_header(path, separators="\t")
    cells = read_cells(path, header, header.names)
    texts = {header.names[0], "PATIENT_ID", "SAMPLE_ID", ids}
    named = [name for name in header.names if name in texts]
    text = pd.DataFrame(
        {name: pd.Series([v or None for v in cells.text(name)], dtype=object) for name in named}
    )
    typed = cells.typed([name for name in header.names if name not in texts])
    return pd.concat([text, typed], axis="columns")[header.names]
