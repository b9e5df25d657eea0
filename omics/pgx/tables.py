"""Dated tables of phenotypes with content of CPIC: classes of alleles, and the phenotype of each pair of classes."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from omics.common.errors import CohortError, ConfigError, nearest
from omics.pgx.score import ActivityScore, parse_score

__all__ = [
    "CREDIT",
    "DATES",
    "LATEST",
    "RESEARCH_USE",
    "PhenotypeTable",
    "read_rows",
    "table_of_date",
    "table_of_gene",
]

TABLES = Path(__file__).parent / "tables"
LATEST, PREVIOUS = "2026-10-11", "2025-11-05"
DATES = (LATEST, PREVIOUS)
"""Dates of the tables that are shipped, the newest first."""

CREDIT = "CPIC, www.clinpgx.org"
RESEARCH_USE = "Research use only; not for the dosing of patients."


@dataclass(frozen=True)
class PhenotypeTable:
    """Phenotypes of one date. In every gene the phenotype is a function of the unordered pair of allele classes.

    Attributes
    ----------
    date
        Date of the content, or the name of a file.
    classes
        Gene -> allele -> class.
    pairs
        Gene -> sorted pair of classes (or one class and an empty text) -> phenotype and score.
    values
        Core allele of CYP2D6 -> activity value; None where CPIC gives none.
    """

    date: str
    classes: Mapping[str, Mapping[str, str]]
    pairs: Mapping[str, Mapping[tuple[str, str], tuple[str, ActivityScore | None]]]
    values: Mapping[str, float | None]

    @property
    def genes(self) -> tuple[str, ...]:
        """Genes of the table."""
        return tuple(self.classes) + (("CYP2D6",) if self.values else ())


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a shipped csv file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@lru_cache
def table_of_date(date: str) -> PhenotypeTable:
    """Read a shipped table.

    Raises
    ------
    ConfigError
        If no table of this date is shipped.

    Examples
    --------
    >>> table_of_date("2026-10-11").values["*41"]
    0.25
    """
    if date not in DATES:
        raise ConfigError(f"no table of phenotypes of {date}; {nearest(date, DATES)}")
    classes: dict[str, dict[str, str]] = {}
    values: dict[str, float | None] = {}
    for row in read_rows(TABLES / date / "alleles.csv"):
        if row["class"]:
            classes.setdefault(row["gene"], {})[row["allele"]] = row["class"]
        else:
            values[row["allele"]] = float(row["value"]) if row["value"] else None
    pairs: dict[str, dict[tuple[str, str], tuple[str, ActivityScore | None]]] = {}
    for row in read_rows(TABLES / date / "pairs.csv"):
        result = (row["phenotype"], parse_score(row["activity_score"]))
        pairs.setdefault(row["gene"], {})[row["class1"], row["class2"]] = result
    return PhenotypeTable(date, classes, pairs, values)


def table_of_gene(gene: str, newest: str = LATEST) -> PhenotypeTable:
    """Return the newest table, not after `newest`, that has a gene.

    Parameters
    ----------
    gene
        Symbol of the gene.
    newest
        Date of the newest table to use.

    Returns
    -------
    PhenotypeTable
        The table; CYP3A4 and NAT2 are in the earlier one only.

    Raises
    ------
    CohortError
        If no table has the gene.
    """
    table_of_date(newest)
    for date in DATES[DATES.index(newest) :]:
        if gene in table_of_date(date).genes:
            return table_of_date(date)
    known = set(chain.from_iterable(table_of_date(date).genes for date in DATES))
    raise CohortError(f"unknown gene '{gene}'; {nearest(gene, known)}", "unknown_gene")
