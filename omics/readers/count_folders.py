"""Read folders with one file of counts per sample: STAR, HTSeq, RSEM and kallisto."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.delimited import Header, read_cells, read_header, split_line
from omics.readers.matrix import check_nonnegative, patient_table
from omics.readers.notes import attach_notes
from omics.readers.sample_files import names_of_samples
from omics.readers.text_files import read_lines

__all__ = ["read_htseq", "read_kallisto", "read_rsem", "read_star"]

Counted = tuple[list[str], NDArray[np.float64]]
"""Names of the features of a file, and their counts."""

STAR_COLUMNS = ["gene", "unstranded", "first", "second"]
HTSEQ_ENDINGS = (".txt", ".tsv", ".counts", ".count", ".htseq", ".gz")


def read_star(path: Path) -> pd.DataFrame:
    """Read a folder with ``SAMPLE_ReadsPerGene.out.tab`` of STAR, also one folder per sample: counts of genes.

    The column for unstranded libraries is read, and a note says so. The totals of STAR, such as N_unmapped, are no
    genes; they stay here, and a view leaves them out.

    Source: STAR manual, section 8 (quantMode GeneCounts), https://github.com/alexdobin/STAR;
    Dobin et al. 2013, doi 10.1093/bioinformatics/bts635.

    Raises
    ------
    CohortError
        If there is no such file, samples have different genes, a count is text or negative, or a gene appears twice.
    """
    files = _files(path, "*ReadsPerGene.out.tab*", "SAMPLE_ReadsPerGene.out.tab")

    def read(file: Path) -> Counted:
        cells = read_cells(file, Header(STAR_COLUMNS, lines=0), STAR_COLUMNS[:2])
        return cells.text("gene"), cells.numbers(["unstranded"])[:, 0]

    table = _stacked(path, files, "_?ReadsPerGene", "out|tab|gz", read)
    return attach_notes(table, ["the counts are those of STAR for unstranded libraries (column 2)"])


def read_htseq(path: Path) -> pd.DataFrame:
    """Read a folder with one file of ``htseq-count`` per sample: a gene and its count in each line.

    The totals of HTSeq, such as __no_feature, are no genes; they stay here, and a view leaves them out.

    Source: https://htseq.readthedocs.io; Putri et al. 2022, doi 10.1093/bioinformatics/btac166.

    Raises
    ------
    CohortError
        If there is no such file, samples have different genes, a count is text or negative, or a gene appears twice.
    """
    files = [file for file in _files(path, "*", "SAMPLE.txt") if file.name.endswith(HTSEQ_ENDINGS)]
    files = [file for file in files if len(split_line(read_lines(file, 1)[0])) == 2]  # noqa: PLR2004  # gene and count
    if not files:
        raise _nothing(path, "SAMPLE.txt with two columns")

    def read(file: Path) -> Counted:
        cells = read_cells(file, Header(["gene", "count"], lines=0), ["gene", "count"])
        return cells.text("gene"), cells.numbers(["count"])[:, 0]

    return _stacked(path, files, "[._-]?htseq[._-]?counts?", "txt|tsv|counts?|htseq|gz", read)


def read_rsem(path: Path) -> pd.DataFrame:
    """Read a folder with ``SAMPLE.genes.results`` of RSEM: expected counts of genes.

    Source: https://github.com/deweylab/RSEM; Li and Dewey 2011, doi 10.1186/1471-2105-12-323.

    Raises
    ------
    CohortError
        If there is no such file, a column is missing, samples have different genes, a count is text or negative, or a
        gene appears twice.
    """
    files = _files(path, "*.genes.results*", "SAMPLE.genes.results")
    return _stacked(path, files, "", "genes|results|gz", _columns("gene_id", "expected_count"))


def read_kallisto(path: Path) -> pd.DataFrame:
    """Read a folder with ``SAMPLE/abundance.tsv`` of kallisto: estimated counts of transcripts.

    Source: https://pachterlab.github.io/kallisto; Bray et al. 2016, doi 10.1038/nbt.3519.

    Raises
    ------
    CohortError
        If there is no such file, a column is missing, samples have different transcripts, a count is text or negative,
        or a transcript appears twice.
    """
    files = _files(path, "abundance.tsv*", "SAMPLE/abundance.tsv")
    return _stacked(path, files, "abundance", "tsv|gz", _columns("target_id", "est_counts"))


def _columns(feature: str, count: str) -> Callable[[Path], Counted]:
    def read(file: Path) -> Counted:
        cells = read_cells(file, read_header(file, comment=""), [feature, count])
        return cells.text(feature), cells.numbers([count])[:, 0]

    return read


def _files(path: Path, pattern: str, wanted: str) -> list[Path]:
    """Files in the folder and in its folders, in the order of their names."""
    files = sorted(
        file
        for place in (pattern, f"*/{pattern}")
        for file in path.glob(place)
        if file.is_file() and not file.name.startswith(".")
    )
    if not files:
        raise _nothing(path, wanted)
    return files


def _nothing(path: Path, wanted: str) -> CohortError:
    return CohortError(
        f"no {wanted} in it; name the folder that has the files of all samples",
        "missing_file",
        file=str(path),
    )


def _stacked(
    path: Path, files: Sequence[Path], suffix: str, endings: str, read: Callable[[Path], Counted]
) -> pd.DataFrame:
    features: list[str] = []
    counts = []
    for file in files:
        names, values = read(file)
        features = features or names
        if names != features:
            raise CohortError(
                f"other features than in {files[0].name}; count all samples with one annotation",
                "transcripts_differ",
                file=str(file),
            )
        counts.append(values)
    ids = names_of_samples([str(file.relative_to(path.parent)) for file in files], endings, suffix)
    return check_nonnegative(patient_table(ids, features, np.vstack(counts), str(path)), "count", str(path))
