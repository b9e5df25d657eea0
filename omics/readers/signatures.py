"""Recognise a table that a known program wrote, by the names in its header."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from omics.common.errors import CohortError
from omics.readers.delimited import read_header
from omics.readers.humann import HEADER as HUMANN
from omics.readers.text_files import read_lines

__all__ = ["format_of_header", "format_of_text"]

SERIES_MATRIX = ("!Series_", "!Sample_", "!series_matrix")
"""Starts of the first line of a series matrix of GEO."""


def _has(*names: str) -> Callable[[Sequence[str]], bool]:
    return lambda header: set(names) <= set(header)


def _fragpipe(header: Sequence[str]) -> bool:
    return "Protein" in header and any(re.search(r" (MaxLFQ )?Intensity$", name) for name in header)


def _spectronaut(header: Sequence[str]) -> bool:
    return "PG.ProteinGroups" in header and (
        "R.FileName" in header or any(name.endswith(".PG.Quantity") for name in header)
    )


SIGNATURES: dict[str, Callable[[Sequence[str]], bool]] = {
    "featurecounts": _has("Geneid", "Chr", "Start", "End", "Strand", "Length"),
    "maf": _has("Hugo_Symbol", "Tumor_Sample_Barcode", "Variant_Classification"),
    "gistic": _has("Gene Symbol", "Cytoband"),
    "cbioportal": lambda header: header[0] in ("Hugo_Symbol", "Entrez_Gene_Id", "Composite.Element.REF"),
    "proteingroups": _has("Majority protein IDs"),
    "fragpipe": _fragpipe,
    "spectronaut": _spectronaut,
    "diann": lambda header: "Protein.Group" in header and bool({"Genes", "PG.MaxLFQ"} & set(header)),
    "olink": _has("SampleID", "OlinkID", "NPX"),
    "bracken": _has("name", "taxonomy_id", "taxonomy_lvl"),
    "metaphlan": lambda header: header[0] == "clade_name",
    "humann": lambda header: bool(HUMANN.fullmatch(header[0])),
}
"""Format -> whether a header is one of its files; the first match counts."""


def format_of_header(names: Sequence[str]) -> str | None:
    """Name of the format in READERS whose files have such a header; None if no known program writes it.

    Examples
    --------
    >>> format_of_header(["SampleID", "OlinkID", "UniProt", "NPX"]), format_of_header(["sample_id", "TP53"])
    ('olink', None)
    """
    return next((kind for kind, matches in SIGNATURES.items() if matches(names)), None)


def format_of_text(path: Path) -> str | None:
    """Name of the format in READERS of a file without an ending that shows it; None if it is not recognised."""
    try:
        first = read_lines(path, 1)[0].lstrip('"')
        if first.startswith(SERIES_MATRIX):
            return "series_matrix"
        if HUMANN.fullmatch(first.split("\t")[0]):
            return "humann"  # its header begins as a comment does
        return format_of_header(read_header(path, separators="\t;,").names)
    except (CohortError, UnicodeDecodeError, OSError, EOFError):
        return None  # reading it reports what is wrong with the file
