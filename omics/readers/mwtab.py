"""Read mwTab, the text format of the Metabolomics Workbench."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import fit_to_header, missing_to_none
from omics.readers.matrix import patient_table
from omics.readers.text_files import iterate_lines

__all__ = ["read_mwtab"]

START = re.compile(r"((?:MS_|NMR_)?(?:METABOLITE|BINNED)_DATA)_START")
HEADERS = ("samples", "metabolite_name", "metabolite name", "metabolite", "bin range(ppm)", "")


def read_mwtab(path: Path) -> pd.DataFrame:
    """Read the block of metabolite or binned data.

    Parameters
    ----------
    path
        An mwTab file as text; key ``mwtab``.

    Returns
    -------
    DataFrame
        ``sample_id``, then (samples x metabolites, or x bins) in the unit of the file. The row of factors, which has
        the design of the study, and an EXTENDED block, which repeats measurements with comments, are left out.

    Raises
    ------
    CohortError
        If there is no block of data or several, a block has no end or no row of samples, a row has another width, a
        metabolite appears twice, or a number is text.

    Notes
    -----
    mwTab file format specification,
    https://www.metabolomicsworkbench.org/data/mwTab_specification.pdf.
    """
    file = str(path)
    first, *rows = _block(list(iterate_lines(path)), file)
    header = _header(first, file)
    if rows and rows[0][0] == "Factors":
        rows = rows[1:]
    rows = [fit_to_header(header, row, file) for row in rows]
    features = [row[0] for row in rows]
    values = [[missing_to_none(row[place]) for row in rows] for place in range(1, len(header))]
    return patient_table(header[1:], features, values, file)


def _block(lines: list[str], file: str) -> list[list[str]]:
    starts = [number for number, line in enumerate(lines) if START.fullmatch(line.strip())]
    if len(starts) != 1:
        raise CohortError(
            f"{len(starts)} blocks of metabolite or binned data; keep exactly one per file",
            "no_block" if not starts else "several_blocks",
            file=file,
        )
    first = starts[0] + 1
    end = lines[starts[0]].strip().replace("_START", "_END")
    inside = [line.strip() for line in lines[first:]]
    if end not in inside:
        raise CohortError(f"the line {end} is missing; download the file again", "unclosed_block", file=file)
    block = [_fields(line) for line in lines[first : first + inside.index(end)] if line.strip()]
    if not block:
        raise CohortError("the block of data is empty; download the file again", "no_patient", file=file)
    return block


def _fields(line: str) -> list[str]:
    return [field.strip('" ') for field in line.split("\t")]


def _header(row: list[str], file: str) -> list[str]:
    header = "\t".join(row).rstrip("\t").split("\t")
    if header[0].lower() not in HEADERS or not header[1:]:
        raise CohortError(
            f"the block of data begins with '{header[0]}'; its first row must have Samples and the names of samples",
            "no_patient",
            file=file,
        )
    return header
