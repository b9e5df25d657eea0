"""Read Mutation Annotation Format: which genes have a mutation that changes the protein."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import patient_table

__all__ = ["NON_SILENT", "SILENT", "read_maf"]

GENE, PATIENT, CLASS = "Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification"

# The nine classes of maftools (Mayakonda et al. 2018, doi 10.1101/gr.239244.118), and the more specific classes of
# Oncotator for a lost start codon and a changed stop codon.
NON_SILENT = frozenset(
    {
        "Frame_Shift_Del",
        "Frame_Shift_Ins",
        "In_Frame_Del",
        "In_Frame_Ins",
        "Missense_Mutation",
        "Nonsense_Mutation",
        "Nonstop_Mutation",
        "Splice_Site",
        "Start_Codon_Del",
        "Start_Codon_Ins",
        "Start_Codon_SNP",
        "Stop_Codon_Del",
        "Stop_Codon_Ins",
        "Translation_Start_Site",
    }
)

# All other classes in the specifications of TCGA and GDC, of Oncotator and of cBioPortal.
SILENT = frozenset(
    {
        "3'Flank",
        "3'UTR",
        "5'Flank",
        "5'UTR",
        "De_novo_Start_InFrame",
        "De_novo_Start_OutOfFrame",
        "IGR",
        "Intron",
        "RNA",
        "Silent",
        "Splice_Region",
        "Targeted_Region",
        "lincRNA",
    }
)


def read_maf(path: Path) -> pd.DataFrame:
    """Genes with at least one non-silent mutation, from a Mutation Annotation Format file.

    A patient with only silent mutations has a row of zeros. A patient without any mutation is not in the file, and
    so has no row.

    Parameters
    ----------
    path
        Tab-separated with the columns Hugo_Symbol, Variant_Classification and
        Tumor_Sample_Barcode; lines above the header start with ``#``; also with gzip.

    Returns
    -------
    DataFrame
        ``sample_id`` (Tumor_Sample_Barcode), then one column per gene of the file: 1 with a class of
        NON_SILENT, otherwise 0; both in the order of their first appearance.

    Raises
    ------
    CohortError
        If a column is missing, one of its cells is empty, or a class is in neither NON_SILENT nor SILENT, since a
        misspelt class must not count as silent.

    References
    ----------
    https://docs.gdc.cancer.gov/Data/File_Formats/MAF_Format
    """
    columns = [GENE, PATIENT, CLASS]
    cells = read_cells(path, read_header(path), columns)
    mutations = pd.DataFrame({name: cells.text(name) for name in columns}, dtype=object)
    _check(mutations, path)
    patients, barcodes = pd.factorize(mutations[PATIENT])
    genes, symbols = pd.factorize(mutations[GENE])
    changed = mutations[CLASS].isin(NON_SILENT).to_numpy()
    matrix = np.zeros((len(barcodes), len(symbols)))
    matrix[patients[changed], genes[changed]] = 1.0
    return patient_table(list(barcodes), list(symbols), matrix, str(path))


def _check(mutations: pd.DataFrame, path: Path) -> None:
    for column in mutations:
        empty = mutations[column] == ""
        if empty.any():
            raise CohortError(
                f"mutation {int(empty.to_numpy().argmax()) + 1} has an empty cell; fill it or remove the row",
                "empty_cell",
                file=str(path),
                column=str(column),
            )
    known = NON_SILENT | SILENT
    unknown = ~mutations[CLASS].isin(known)
    if unknown.any():
        word = str(mutations.loc[unknown, CLASS].iloc[0])
        raise CohortError(
            f"unknown class '{word}'; {nearest(word, known)}",
            "unknown_classification",
            file=str(path),
            column=CLASS,
            patient=str(mutations.loc[unknown, PATIENT].iloc[0]),
        )
