"""Recognise files and folders with pharmacogenes: a VCF of their positions, tables of calls, results of programs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from omics.common.errors import CohortError
from omics.infer.found_table import FoundTable
from omics.pgx.definitions import all_definitions
from omics.readers.matrix import file_stem
from omics.readers.pgx import read_pgx
from omics.readers.pgx_programs import is_program_output
from omics.readers.pgx_tables import is_table_of_calls
from omics.readers.text_files import iterate_lines

__all__ = ["FoundPgx", "find_pgx"]

VCF, TEXT, PROGRAMS = (
    (".vcf", ".vcf.gz"),
    (".csv", ".csv.gz", ".tsv", ".tsv.gz"),
    (".json", ".json.gz", ".zip"),
)
INSPECTED = 2000
"""Number of records of a VCF that are compared with the positions of the definitions."""

MOSTLY = 0.5
"""Share of them at such positions from which the file is one of pharmacogenes, and not of a genome."""


@dataclass(frozen=True)
class FoundPgx(FoundTable):
    """Pharmacogenes; as a table they have one row per patient and their features.

    Attributes
    ----------
    why
        What was recognised.
    """

    why: str

    @property
    def stem(self) -> str:
        """Name without endings."""
        return file_stem(self.file, "vcf|gz|csv|tsv|json|zip|report|phenotype|results|preprocessed")


def find_pgx(path: Path) -> FoundPgx | None:
    """Read a file or folder if it has pharmacogenes.

    Parameters
    ----------
    path
        Any file or folder.

    Returns
    -------
    FoundPgx or None
        None if it has something else.

    Raises
    ------
    CohortError
        If it has pharmacogenes, and its content is wrong.
    """
    why = _recognised(path)
    if not why:
        return None
    try:
        return FoundPgx(path.name, read_pgx(path), why)
    except CohortError:
        if path.name.endswith(TEXT) and not _has_star_alleles(path):
            return None  # a table of other values with the names of these genes
        raise


def _recognised(path: Path) -> str:
    if path.is_dir():
        found = any(is_program_output(file) for file in path.iterdir() if file.is_file())
        return "results of PharmCAT or pypgx" if found else ""
    if path.name.endswith(VCF):
        return "a VCF at positions of star alleles" if _at_positions(path) else ""
    if is_program_output(path):
        return "a result of PharmCAT or pypgx"
    if path.name.endswith(TEXT) and _is_table(path):
        return "columns are pharmacogenes"
    return ""


def _is_table(path: Path) -> bool:
    try:
        return is_table_of_calls(path)
    except (CohortError, UnicodeDecodeError, OSError, EOFError):
        return False  # reading it as a table reports what is wrong with the file


def _at_positions(path: Path) -> bool:
    positions = {
        (definition.chromosome.removeprefix("chr"), str(position.number))
        for definition in all_definitions().values()
        for position in definition.positions
    }
    try:
        records = (line.split("\t", 2) for line in iterate_lines(path) if not line.startswith("#"))
        found = [
            (one[0].removeprefix("chr"), one[1]) in positions
            for one in islice(records, INSPECTED)
            if len(one) > 1
        ]
    except (CohortError, UnicodeDecodeError, OSError, EOFError):
        return False
    return bool(found) and sum(found) >= MOSTLY * len(found)


def _has_star_alleles(path: Path) -> bool:
    return any("*" in line or "etaboli" in line for line in iterate_lines(path))
