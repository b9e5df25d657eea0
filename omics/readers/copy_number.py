"""Read copy number: gene tables of GISTIC2, and segments averaged over fixed bins of the genome."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header, with_row_names
from omics.readers.matrix import patient_table

__all__ = ["read_gistic", "read_seg"]

MEGABASE = 1_000_000
BIN = 10 * MEGABASE
LAST_BASE = 2**31 - 1  # no position in BAM or VCF is larger; a wrong digit must not create 10^9 bins

# GISTIC2 calls the second column Locus ID in one of its files and Gene ID in the other.
GENE, CYTOBAND = "Gene Symbol", "Cytoband"
LOCUS = ("Locus ID", "Gene ID")

# Column names of DNAcopy, and of the segment files of the GDC.
SEGMENT_NAMES = {
    "patient": ("ID", "Sample", "GDC_Aliquot"),
    "chromosome": ("chrom", "Chromosome"),
    "start": ("loc.start", "Start"),
    "end": ("loc.end", "End"),
    "mean": ("seg.mean", "Segment_Mean"),
}
TEXTS = ("patient", "chromosome")


def read_gistic(path: Path) -> pd.DataFrame:
    """Copy number of genes from GISTIC2's ``all_thresholded.by_genes.txt`` or ``all_data_by_genes.txt``.

    Thresholded values are -2 (deep loss), -1, 0, 1, 2 (high gain); the others are log2 ratios
    minus the baseline of the sample, so that 0 is diploid.

    Parameters
    ----------
    path
        Tab-separated: Gene Symbol, Locus ID or Gene ID, Cytoband, then one column per patient.

    Returns
    -------
    DataFrame
        ``sample_id``, then one column per gene, in the order of the file.

    Raises
    ------
    CohortError
        If a column is missing, a number is text, or a gene or a patient has no name or appears twice.

    References
    ----------
    Mermel et al. 2011, doi 10.1186/gb-2011-12-4-r41;
    https://broadinstitute.github.io/gistic2/
    """
    header = read_header(path)
    locus = next((name for name in LOCUS if name in header.names), LOCUS[0])
    described = [GENE, locus, CYTOBAND]
    patients = [name for name in header.names if name not in described]
    cells = read_cells(path, header, [*described, *patients])
    return patient_table(patients, cells.text(GENE), cells.numbers(patients).T, str(path))


def read_seg(path: Path) -> pd.DataFrame:
    """Segments of DNAcopy (CBS), as length-weighted means over bins of 10 Mb.

    Each segment has the weight of the base pairs that it shares with the bin (positions are 1-based, and both ends
    belong to the segment); a bin is NaN where the patient has no segment. Bins are named ``chr1:0-10Mb``, whether
    the file has ``chr1`` or ``1``. The bins of a chromosome go from its first base to the last base of any
    segment of any patient.

    Parameters
    ----------
    path
        Tab-separated with the columns ID, chrom, loc.start, loc.end, seg.mean, or the names that the GDC gives them.

    Returns
    -------
    DataFrame
        ``sample_id`` in the order of the file, then one column per bin in the order of the genome.

    Raises
    ------
    CohortError
        If a column is missing, a number is text, a cell is empty, an end lies before its start or beyond
        2^31 - 1, or segments of a patient overlap.

    References
    ----------
    Olshen et al. 2004, doi 10.1093/biostatistics/kxh008;
    https://software.broadinstitute.org/software/igv/SEG
    """
    segments = _read_segments(path)
    _check_segments(segments, path)
    patients, ids = pd.factorize(segments["patient"])
    chromosomes = sorted(segments["chromosome"].unique(), key=_genome_order)
    last = segments.groupby("chromosome")["end"].max()
    bins = [int(-(-last[name] // BIN)) for name in chromosomes]
    offset = dict(zip(chromosomes, np.cumsum([0, *bins])[:-1], strict=True))
    first_bin = segments["chromosome"].map(offset).to_numpy(dtype=np.int64)
    values = _bin_means(segments, patients, first_bin, (len(ids), sum(bins)))
    names = [
        f"{name}:{10 * i}-{10 * i + 10}Mb"
        for name, n in zip(chromosomes, bins, strict=True)
        for i in range(n)
    ]
    return patient_table(list(ids), names, values, str(path))


def _read_segments(path: Path) -> pd.DataFrame:
    header = with_row_names(read_header(path), path)
    columns = {
        key: next((name for name in names if name in header.names), names[0])
        for key, names in SEGMENT_NAMES.items()
    }
    cells = read_cells(path, header, list(columns.values()))
    texts = {key: [text or None for text in cells.text(columns[key])] for key in TEXTS}
    segments = pd.DataFrame(texts, dtype=object)
    segments["chromosome"] = "chr" + segments["chromosome"].str.replace("^chr", "", regex=True, case=False)
    numeric = [key for key in columns if key not in TEXTS]
    segments[numeric] = cells.numbers([columns[key] for key in numeric])
    return segments


def _check_segments(segments: pd.DataFrame, path: Path) -> None:
    for column in segments:
        _refuse(segments, segments[column].isna(), f"it has no {column}", "empty_cell", path)
    start, end = segments["start"], segments["end"]
    _refuse(segments, ~np.isfinite(segments["mean"]), "its mean is infinite", "infinite_value", path)
    _refuse(segments, start < 0, "it starts before its chromosome", "negative_start", path)
    _refuse(segments, end < start, "it ends before it starts", "end_before_start", path)
    _refuse(segments, end > LAST_BASE, "it ends beyond any chromosome", "end_out_of_range", path)
    ordered = segments.sort_values(["patient", "chromosome", "start"], kind="stable")
    before = ordered.groupby(["patient", "chromosome"])["end"].shift()
    # Some programs let a segment start on the base where the previous segment ended.
    _refuse(
        ordered,
        ordered["start"] < before,
        "it overlaps another segment of the patient",
        "overlapping_segments",
        path,
    )


def _refuse(segments: pd.DataFrame, wrong: pd.Series[bool], sentence: str, code: str, path: Path) -> None:
    if wrong.any():
        row = segments.index[wrong.to_numpy()][0]
        patient = segments.loc[row, "patient"]
        raise CohortError(
            f"segment {int(row) + 1}: {sentence}; correct the file",
            code,
            file=str(path),
            patient=None if pd.isna(patient) else str(patient),
        )


def _genome_order(chromosome: str) -> tuple[int, int, str]:
    """Sort key that puts chr2 before chr10, and both before chrX.

    >>> sorted(["chrX", "chr10", "chr2"], key=_genome_order)
    ['chr2', 'chr10', 'chrX']
    """
    number = re.fullmatch(r"chr(\d+)", chromosome)
    return (0, int(number[1]), "") if number else (1, 0, chromosome)


def _bin_means(
    segments: pd.DataFrame, patients: NDArray[np.intp], first_bin: NDArray[np.int64], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Mean of the segments in each bin: patients x bins."""
    start = np.maximum(segments["start"].to_numpy() - 1, 0)
    end = segments["end"].to_numpy()
    low = (start // BIN).astype(np.int64)
    high = (-(-end // BIN)).astype(np.int64)
    # One row per pair of segment and bin that overlap.
    segment = np.repeat(np.arange(len(segments)), high - low)
    step = np.arange(len(segment)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    within = low[segment] + step
    shared = np.minimum(end[segment], (within + 1) * BIN) - np.maximum(start[segment], within * BIN)
    cell = patients[segment] * shape[1] + first_bin[segment] + within
    size = shape[0] * shape[1]
    length = np.bincount(cell, shared, size)
    total = np.bincount(cell, shared * segments["mean"].to_numpy()[segment], size)
    with np.errstate(invalid="ignore"):
        return (total / length).reshape(shape)
