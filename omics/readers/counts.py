"""Read counts of reads: featureCounts, salmon and tximport."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import Cells, read_cells, read_header, with_row_names
from omics.readers.matrix import check_nonnegative, patient_table
from omics.readers.notes import attach_notes, left_out_note
from omics.readers.sample_files import STAR_SUFFIX, names_of_samples
from omics.readers.text_files import read_lines

__all__ = ["read_featurecounts", "read_salmon", "read_tximport"]

log = logging.getLogger(__name__)

FEATURECOUNTS = ["Geneid", "Chr", "Start", "End", "Strand", "Length"]
QUANT = ["Name", "Length", "EffectiveLength", "TPM", "NumReads"]
GENE_NAMES = ("gene_name", "gene_symbol")


def read_featurecounts(path: Path) -> pd.DataFrame:
    """Read a table of featureCounts (Subread), also with gzip.

    The name of a sample is that of its alignment file, without path, ``.bam``, ``.sorted.bam`` and what STAR adds;
    where files have the same name, it is that of the folder that differs. Columns of
    ``--extraAttributes``, which the first line lists, are left out.

    Source: Subread users guide, section 6.2.5, https://subread.sourceforge.net/SubreadUsersGuide.pdf;
    Liao et al. 2014, doi 10.1093/bioinformatics/btt656.

    Raises
    ------
    CohortError
        If columns are missing, a row has another width, a count is text or negative, or a gene appears twice.
    """
    extra = re.search(r'"--extraAttributes" "([^"]*)"', read_lines(path, 1)[0])
    skip = len(FEATURECOUNTS) + (len(extra[1].split(",")) if extra else 0)
    header = read_header(path)
    samples = header.names[skip:]
    cells = read_cells(path, header, [*FEATURECOUNTS, *samples])
    ids = names_of_samples(samples, "sorted|bam|sam", STAR_SUFFIX)
    return _counts(cells, "Geneid", samples, ids)


def read_salmon(path: Path) -> pd.DataFrame:
    """Read a folder with ``SAMPLE/quant.sf`` of salmon: estimated number of reads per transcript.

    Source: https://salmon.readthedocs.io/en/latest/file_formats.html;
    Patro et al. 2017, doi 10.1038/nmeth.4197.

    Raises
    ------
    CohortError
        If there is no ``quant.sf``, columns are missing, samples have different transcripts, a number of reads is
        text or negative, or a transcript appears twice.
    """
    samples = sorted(file for file in path.glob("*/quant.sf") if file.is_file())
    if not samples:
        raise CohortError(
            "no SAMPLE/quant.sf in it; name the folder that has one folder per sample",
            "missing_file",
            file=str(path),
        )
    without = sorted({f.name for f in path.iterdir() if f.is_dir()} - {f.parent.name for f in samples})
    notes = [left_out_note("folder(s) without quant.sf", without)] if without else []
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
    return attach_notes(check_nonnegative(table, "number of reads", str(path)), notes)


def read_tximport(path: Path) -> pd.DataFrame:
    """Read the count matrix of tximport as R writes it, csv or tsv, also with gzip: genes x samples.

    The header may lack the name of the first column, as ``write.table`` writes it. A column ``gene_name``, which
    nf-core/rnaseq adds, is left out.

    Source: Soneson et al. 2015, doi 10.12688/f1000research.7563;
    https://bioconductor.org/packages/tximport.

    Raises
    ------
    CohortError
        If there is no sample, a row has another width, a count is text or negative, or a gene appears twice.
    """
    header = with_row_names(read_header(path), path)
    gene, *others = header.names
    samples = [name for name in others if name not in GENE_NAMES]
    return _counts(read_cells(path, header, [gene, *samples]), gene, samples, samples)


def _counts(cells: Cells, feature: str, samples: list[str], ids: list[str]) -> pd.DataFrame:
    table = patient_table(ids, cells.text(feature), cells.numbers(samples).T, cells.file)
    return check_nonnegative(table, "count", cells.file)
