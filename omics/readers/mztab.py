"""Read mzTab-M 2: the small molecule summary of a metabolomics or lipidomics study."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError
from omics.readers.delimited import fit_to_header, missing_to_none
from omics.readers.matrix import check_named, check_unique, patient_table
from omics.readers.text_files import iterate_lines

__all__ = ["read_mztab"]

Row = dict[str, str]
ABUNDANCE = re.compile(r"abundance_(assay\[\d+\])")
NAMES = ("chemical_name", "database_identifier")


def read_mztab(path: Path) -> pd.DataFrame:
    """Read the columns ``abundance_assay[n]`` of the SML table.

    The patient id is the name of the assay, or that of its sample where the assay has none. The name of a feature is
    its ``chemical_name``, otherwise its ``database_identifier``, otherwise its ``SML_ID``; a name that several small
    molecules share is followed by the ``SML_ID`` in brackets.

    Parameters
    ----------
    path
        An mzTab-M file, version 2.

    Returns
    -------
    DataFrame
        ``sample_id``, then (assays x small molecules) in the unit of the file; ``null`` is NaN.

    Raises
    ------
    CohortError
        If the version of mzTab is another, there is not exactly one SML table, an assay has no name, a row has
        another width, or a number is text.

    Notes
    -----
    Hoffmann et al. 2019, doi 10.1021/acs.analchem.8b04310; specification 2.0.0-M,
    https://github.com/HUPO-PSI/mzTab.
    """
    file = str(path)
    rows = [line.split("\t") for line in iterate_lines(path)]
    metadata = {row[1]: row[2].strip() for row in rows if row[0] == "MTD" and row[2:]}
    _check_version(metadata.get("mzTab-version", ""), file)
    header, molecules = _summary(rows, file)
    columns = {match[1]: match[0] for name in header if (match := ABUNDANCE.fullmatch(name))}
    if not columns:
        raise CohortError(
            "no column abundance_assay[n] in the SML table; export abundances by assay",
            "no_abundance",
            file=file,
        )
    values = [[missing_to_none(row[column]) for row in molecules] for column in columns.values()]
    ids = [_assay_name(assay, metadata, file) for assay in columns]
    return patient_table(ids, _names(molecules, file), values, file)


def _check_version(version: str, file: str) -> None:
    if not re.fullmatch(r"2\.\d+\.\d+-M", version):
        raise CohortError(
            f"mzTab version '{version}' is not mzTab-M 2; export it as mzTab-M 2.0",
            "unsupported_version",
            file=file,
        )


def _summary(rows: list[list[str]], file: str) -> tuple[list[str], list[Row]]:
    headers = [row for row in rows if row[0] == "SMH"]
    if len(headers) != 1:
        raise CohortError(
            f"{len(headers)} SMH lines; the small molecule summary needs exactly one",
            "no_header",
            file=file,
        )
    header = "\t".join(headers[0][1:]).rstrip().split("\t")
    check_named(header, "column", "empty_feature", file)
    check_unique(header, file)
    if "SML_ID" not in header:
        raise CohortError("the SML table lacks SML_ID", "missing_column", file=file, column="SML_ID")
    bodies = [fit_to_header(header, row[1:], file) for row in rows if row[0] == "SML"]
    return header, [dict(zip(header, fields, strict=True)) for fields in bodies]


def _assay_name(assay: str, metadata: Mapping[str, str], file: str) -> str:
    sample = metadata.get(f"{assay}-sample_ref", "")
    for key in (assay, sample):
        name = missing_to_none(metadata.get(key, ""))
        if name:
            return name
    raise CohortError(
        f"{assay} has an abundance but no name; add the line MTD {assay} with the patient id",
        "empty_id",
        file=file,
        column=f"abundance_{assay}",
    )


def _names(molecules: list[Row], file: str) -> list[str]:
    identifiers = [missing_to_none(row["SML_ID"]) for row in molecules]
    if None in identifiers:
        raise CohortError(
            f"row {identifiers.index(None) + 1} of the SML table has no SML_ID; number its rows",
            "empty_feature",
            file=file,
        )
    chosen = [
        next(filter(None, (_name(row.get(key, "")) for key in NAMES)), str(identifier))
        for row, identifier in zip(molecules, identifiers, strict=True)
    ]
    count = Counter(chosen)
    return [
        f"{name} [{identifier}]" if count[name] > 1 else name
        for name, identifier in zip(chosen, identifiers, strict=True)
    ]


def _name(text: str) -> str:
    # Several candidates for one molecule are written as a|b, an unnamed one among them as null.
    candidates = [missing_to_none(part) for part in text.split("|")]
    return text.strip() if any(candidates) else ""
