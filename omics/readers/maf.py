"""Mutation Annotation Format: which genes carry a mutation that changes the protein."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import patient_table

__all__ = ["NON_SILENT", "SILENT", "read_maf"]

GENE, PATIENT, CLASS = "Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification"

# The nine classes of maftools (Mayakonda et al. 2018, doi 10.1101/gr.239244.118), and Oncotator's
# finer words for a start codon lost and a stop codon changed.
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

# What else the specifications of TCGA and GDC name, and the words of Oncotator and cBioPortal.
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

    A patient whose mutations are all silent has a row of zeros. Whoever has no mutation at all
    stands nowhere in such a file, and so has no row here either.

    Parameters
    ----------
    path
        Tab-separated with the columns Hugo_Symbol, Variant_Classification and
        Tumor_Sample_Barcode; ``#`` lines above the header, gzip too.

    Returns
    -------
    DataFrame
        ``sample_id`` (Tumor_Sample_Barcode), then a column a gene of the file: 1 with a class of
        NON_SILENT, else 0, both in the order of their first appearance.

    Raises
    ------
    CohortError
        A missing column, an empty cell in one of the three, or a class that is in neither
        NON_SILENT nor SILENT: a misspelt class must not pass as silent.

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
