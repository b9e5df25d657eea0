"""Counts of reads: featureCounts, salmon and what tximport made of it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import Cells, read_cells, read_header, with_row_names
from omics.readers.matrix import file_stem, patient_table, refuse_negative
from omics.readers.notes import left_out, noted
from omics.readers.text_files import read_lines

__all__ = ["read_featurecounts", "read_salmon", "read_tximport"]

log = logging.getLogger(__name__)

FEATURECOUNTS = ["Geneid", "Chr", "Start", "End", "Strand", "Length"]
QUANT = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
GENE_NAMES = ("gene_name", "gene_symbol")


def read_featurecounts(path: Path) -> pd.DataFrame:
    """Read the table of featureCounts (Subread), gzip too.

    A sample is called as its alignment file, without path, ``.bam`` and ``.sorted.bam``. Columns that
    ``--extraAttributes`` brought, as the first line tells, are left out.

    Source: Subread users guide, section 6.2.5, https://subread.sourceforge.net/SubreadUsersGuide.pdf;
    Liao et al. 2014, doi 10.1093/bioinformatics/btt656.

    Raises
    ------
    CohortError
        Columns missing, a row of another width, text or a negative number for a count, a repeated
        gene.
    """
    extra = re.search(r'"--extraAttributes" "([^"]*)"', read_lines(path, 1)[0])
    skip = len(FEATURECOUNTS) + (len(extra[1].split(",")) if extra else 0)
    header = read_header(path)
    samples = header.names[skip:]
    cells = read_cells(path, header, [*FEATURECOUNTS, *samples])
    ids = [file_stem(name, "sorted|bam|sam") for name in samples]
    return _counts(cells, "Geneid", samples, ids)


def read_salmon(path: Path) -> pd.DataFrame:
    """Read a folder with ``SAMPLE/quant.sf`` of salmon: estimated reads by transcript.

    Source: https://salmon.readthedocs.io/en/latest/file_formats.html;
    Patro et al. 2017, doi 10.1038/nmeth.4197.

    Raises
    ------
    CohortError
        No ``quant.sf``, columns missing, samples with different transcripts, text or a negative
        number of reads, a repeated transcript.
    """
    samples = sorted(file for file in path.glob("*/quant.sf") if file.is_file())
    if not samples:
        raise CohortError(
            "no SAMPLE/quant.sf in it; give the folder that holds one folder a sample",
            "missing_file",
            file=str(path),
        )
    without = sorted({f.name for f in path.iterdir() if f.is_dir()} - {f.parent.name for f in samples})
    notes = [left_out("folder(s) without quant.sf", without)] if without else []
    for note in notes:
        log.warning("%s: %s", path, note)
    transcripts: list[str] = []
    reads = []
    for file in samples:
        cells = read_cells(file, read_header(file), QUANT)
        transcripts = transcripts or cells.text("Name")
        if cells.text("Name") != transcripts:
            raise CohortError(
                f"other transcripts than in {samples[0].parent.name}; quantify all samples with one index",
                "transcripts_differ",
                file=str(file),
            )
        reads.append(cells.numbers(["NumReads"])[:, 0])
    ids = [file.parent.name for file in samples]
    table = patient_table(ids, transcripts, np.vstack(reads), str(path))
    return noted(refuse_negative(table, "number of reads", str(path)), notes)


def read_tximport(path: Path) -> pd.DataFrame:
    """Read the count matrix of tximport as R writes it, csv or tsv, gzip too: genes x samples.

    The header may lack the corner, as ``write.table`` leaves it, and a column ``gene_name`` after
    the first, as nf-core/rnaseq writes it, is left out.

    Source: Soneson et al. 2015, doi 10.12688/f1000research.7563;
    https://bioconductor.org/packages/tximport.

    Raises
    ------
    CohortError
        No sample, a row of another width, text or a negative number for a count, a repeated gene.
    """
    header = with_row_names(read_header(path), path)
    gene, *others = header.names
    samples = [name for name in others if name not in GENE_NAMES]
    return _counts(read_cells(path, header, [gene, *samples]), gene, samples, samples)


def _counts(cells: Cells, feature: str, samples: list[str], ids: list[str]) -> pd.DataFrame:
    table = patient_table(ids, cells.text(feature), cells.numbers(samples).T, cells.file)
    return refuse_negative(table, "count", cells.file)
