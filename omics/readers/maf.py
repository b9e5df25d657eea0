"""Read Mutation Annotation Format: which genes have a mutation that changes the protein."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.common.memory import check_table_size
from omics.readers.case_lists import with_sequenced
from omics.readers.delimited import read_cells, read_header
from omics.readers.gene_panels import matrix_beside, off_panel
from omics.readers.matrix import patient_table
from omics.readers.notes import attach_notes, attach_warnings
from omics.readers.variants import KEEP, LEAVE_OUT

__all__ = ["NON_SILENT", "SILENT", "read_maf"]

log = logging.getLogger(__name__)

FILTER = "FILTER"
PASSED = ("PASS", "", ".", "NA", "common_variant")
"""Values of FILTER of a mutation that counts; vcf2maf adds common_variant to what the caller wrote."""

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


def read_maf(
    path: Path,
    filtered: str = LEAVE_OUT,
    panels: Path | None = None,
    sequenced: Path | Sequence[str] | None = None,
) -> pd.DataFrame:
    """Genes with at least one non-silent mutation, from a Mutation Annotation Format file.

    A patient with only silent mutations has a row of zeros. A patient without any mutation is not in the file, and
    so has no row, unless `sequenced` or `panels` lists them. Mutations with a FILTER that a caller of
    variants sets for artefacts are left out.

    Parameters
    ----------
    path
        Tab-separated with the columns Hugo_Symbol, Variant_Classification and
        Tumor_Sample_Barcode; lines above the header start with ``#``; also with gzip.
    filtered
        ``keep`` to read mutations that a caller filtered as all others.
    panels
        Matrix of gene panels as cBioPortal writes it, with the genes of each panel in the files beside it; genes that
        are not on the panel of a patient are NaN.
    sequenced
        Samples that were sequenced, or a case list of cBioPortal, or a file with one id per line; those without any
        mutation have zeros.

    Returns
    -------
    DataFrame
        ``sample_id`` (Tumor_Sample_Barcode), then one column per gene of the file: 1 with a class of
        NON_SILENT, otherwise 0, and NaN off the panel of a patient; both in the order of their first appearance.

    Raises
    ------
    CohortError
        If a column is missing, one of its cells is empty, or a class is in neither NON_SILENT nor SILENT, since a
        misspelt class must not count as silent.

    References
    ----------
    https://docs.gdc.cancer.gov/Data/File_Formats/MAF_Format
    """
    header = read_header(path)
    columns = [GENE, PATIENT, CLASS]
    cells = read_cells(path, header, [*columns, *({FILTER} & set(header.names))])
    mutations = pd.DataFrame({name: cells.text(name) for name in columns}, dtype=object)
    _check(mutations, path)
    changed = mutations[CLASS].isin(NON_SILENT).to_numpy()
    notes = []
    if FILTER in cells.columns and filtered != KEEP:
        failed = np.array([text not in PASSED for text in cells.text(FILTER)], dtype=bool)
        if failed.any():
            counts = Counter(text for text in cells.text(FILTER) if text not in PASSED)
            reasons = ", ".join(f"{reason} {count}" for reason, count in counts.most_common(5))
            notes.append(f"{failed.sum()} mutation(s) left out by FILTER: {reasons}; filter: keep reads them")
            log.info("%s: %s", path, notes[-1])
        changed &= ~failed
    patients, barcodes = pd.factorize(mutations[PATIENT])
    genes, symbols = pd.factorize(mutations[GENE])
    check_table_size(len(barcodes), len(symbols), str(path))
    matrix = np.zeros((len(barcodes), len(symbols)))
    matrix[patients[changed], genes[changed]] = 1.0
    table = patient_table(list(barcodes), list(symbols), matrix, str(path))
    if sequenced is not None:
        table = with_sequenced(table, sequenced)
    if panels is not None:
        table = off_panel(table, panels)
    elif beside := matrix_beside(path):
        table = attach_warnings(
            table,
            {
                "gene_panels": f"{beside} says which patient was sequenced with which panel of genes, and a gene off "
                f"the panel counts as not mutated: declare panels: {beside}"
            },
        )
    return attach_notes(table, notes)


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
