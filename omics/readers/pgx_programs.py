"""Read results of PharmCAT (phenotype.json, report.json, report.tsv) and of pypgx (archives of results)."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from omics.common.errors import CohortError
from omics.pgx.gene_call import GeneCall
from omics.pgx.phenotype import GENES
from omics.pgx.phenotype_names import spelled_phenotype
from omics.readers.delimited import read_cells, read_header
from omics.readers.matrix import file_stem
from omics.readers.pgx_tables import Calls, add_call, diplotype_call
from omics.readers.sizes import read_member
from omics.readers.text_files import iterate_lines, open_text

__all__ = ["calls_of_folder", "calls_of_program", "is_program_output"]

REPORT = "PharmCAT v"
REPORT_COLUMNS = ["Gene", "Source Diplotype", "Phenotype"]
PHARMCAT_ENDINGS = "report|phenotype|match|preprocessed|tsv|json|gz"
RESULTS = "SampleTable[Results]"
"""Semantic type of the archives of pypgx that have diplotypes."""


def is_program_output(path: Path) -> bool:
    """Whether a file is a result of PharmCAT or pypgx that is read here."""
    try:
        if path.name.endswith(".report.tsv"):
            return next(iterate_lines(path), "").startswith(REPORT)
        if path.name.endswith((".json", ".json.gz")):
            return bool(_gene_reports(_json(path)))
        return path.suffix == ".zip" and _member(path, "metadata.txt") is not None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, CohortError):
        return False


def calls_of_folder(path: Path) -> Calls:
    """Read every result of PharmCAT and pypgx in a folder.

    Raises
    ------
    CohortError
        If there is none, or a patient has two calls of a gene.
    """
    files = [file for file in sorted(path.iterdir()) if is_program_output(file)]
    if not files:
        raise CohortError(
            "the folder has no result of PharmCAT (phenotype.json, report.tsv) or pypgx (results.zip)",
            "no_table",
            file=str(path),
        )
    calls: Calls = {}
    for file in files:
        for patient, found in calls_of_program(file).items():
            calls.setdefault(patient, {})
            for call in found.values():
                add_call(calls, patient, call, str(file))
    return calls


def calls_of_program(path: Path) -> Calls:
    """Read a result of PharmCAT or pypgx.

    The diplotypes are taken, and phenotypes are computed again by the shipped tables, whose date is known; an allele
    that they lack is no call. Genes without phenotypes here, such as RYR1, are left out.

    Parameters
    ----------
    path
        ``phenotype.json`` or ``report.json`` of PharmCAT 2 or 3, its ``report.tsv``, which is named after the sample,
        or an archive of pypgx of the type SampleTable[Results].

    Returns
    -------
    dict
        Patient -> gene -> call.

    Raises
    ------
    CohortError
        If the file is neither.
    """
    if path.name.endswith(".tsv"):
        rows: Iterator[tuple[str, GeneCall]] = _report_rows(path)
    elif path.suffix == ".zip":
        rows = _pypgx_rows(path)
    else:
        rows = _json_rows(path)
    calls: Calls = {}
    for patient, call in rows:
        add_call(calls, patient, call, str(path))
    return calls


def _json(path: Path) -> Any:
    with open_text(path) as file:
        return json.loads(file.read())


def _gene_reports(content: Any) -> Mapping[str, Any]:
    """Gene -> its report; PharmCAT 2 groups genes by the source of the guideline."""
    if not isinstance(content, Mapping) or "matcherMetadata" not in content:
        return {}
    found = content.get("geneReports") or content.get("genes") or {}
    return found.get("CPIC", found) if isinstance(found, Mapping) else {}


def _json_rows(path: Path) -> Iterator[tuple[str, GeneCall]]:
    content = _json(path)
    reports = _gene_reports(content)
    if not reports:
        raise CohortError(
            "no result of PharmCAT; give phenotype.json or report.json", "unknown_format", file=str(path)
        )
    patient = str(
        (content["matcherMetadata"] or {}).get("sampleId") or file_stem(path.name, PHARMCAT_ENDINGS)
    )
    for gene, report in reports.items():
        if gene in GENES:
            pairs = report.get("sourceDiplotypes") or []
            names = [
                "/".join(one["name"] for one in (pair.get("allele1"), pair.get("allele2")) if one)
                for pair in pairs
            ]
            stated = [text for pair in pairs for text in pair.get("phenotypes") or []]
            yield patient, _program_call(gene, "; ".join(names), ", ".join(dict.fromkeys(stated)), "pharmcat")


def _report_rows(path: Path) -> Iterator[tuple[str, GeneCall]]:
    header = read_header(path, comment=REPORT)
    patient = file_stem(path.name, PHARMCAT_ENDINGS)
    cells = read_cells(path, header, REPORT_COLUMNS)
    for gene, diplotype, phenotype in zip(*map(cells.text, REPORT_COLUMNS), strict=True):
        if gene in GENES:
            yield patient, _program_call(gene, diplotype, phenotype, "pharmcat")


def _program_call(gene: str, diplotype: str, phenotype: str, source: str) -> GeneCall:
    diplotype = "; ".join(one for one in diplotype.split("; ") if "Unknown" not in one)
    try:
        call = diplotype_call(gene, diplotype, source)
    except CohortError as error:
        return GeneCall(gene, source, why=error.sentence)
    if call.diplotypes or not phenotype:
        return call
    with suppress(CohortError):
        return GeneCall(gene, source, phenotype=spelled_phenotype(gene, phenotype))
    return call


def _member(path: Path, name: str) -> str | None:
    """Text of a member of an archive; nothing is unpacked to the disk."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.namelist():
            if member.rsplit("/", 1)[-1] == name:
                return read_member(archive, member, str(path)).decode()
    return None


def _pypgx_rows(path: Path) -> Iterator[tuple[str, GeneCall]]:
    metadata = dict(
        line.split("=", 1) for line in (_member(path, "metadata.txt") or "").splitlines() if "=" in line
    )
    data = _member(path, "data.tsv")
    if metadata.get("SemanticType") != RESULTS or data is None:
        raise CohortError(f"no archive of pypgx of the type {RESULTS}", "unknown_format", file=str(path))
    gene = metadata.get("Gene", "")
    header, *lines = [line.split("\t") for line in data.splitlines() if line]
    places = {name: place for place, name in enumerate(header)}
    if gene not in GENES or "Genotype" not in places:
        raise CohortError(
            f"pypgx has the gene '{gene}' here, which has no phenotypes; leave the file out",
            "unknown_gene",
            file=str(path),
        )
    for line in lines:
        text = line[places["Genotype"]]
        yield line[0], _program_call(gene, "" if text == "Indeterminate" else text, "", "pypgx")
