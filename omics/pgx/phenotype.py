"""Phenotype and activity score of a diplotype, by the dated tables of CPIC."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from omics.common.errors import CohortError, nearest
from omics.pgx.definitions import all_definitions
from omics.pgx.nomenclature import STRUCTURAL, parts_of
from omics.pgx.score import ActivityScore
from omics.pgx.tables import LATEST, PhenotypeTable, table_of_date, table_of_gene

__all__ = [
    "COUNTED",
    "GENES",
    "HLA_RISK",
    "INDETERMINATE",
    "INTERMEDIATE",
    "NORMAL",
    "NO_RISK_ALLELE",
    "POOR",
    "ULTRARAPID",
    "Phenotype",
    "check_gene",
    "phenotype_in",
    "phenotype_of",
    "phenotype_of_total",
]

INDETERMINATE = "Indeterminate"
POOR, INTERMEDIATE, NORMAL, ULTRARAPID = (
    f"{word} Metabolizer" for word in ("Poor", "Intermediate", "Normal", "Ultrarapid")
)
INTERMEDIATE_BELOW, NORMAL_TO = 1.25, 2.25
"""CYP2D6: poor at 0, intermediate below 1.25, normal to 2.25, ultrarapid above (Caudle 2020, doi 10.1111/cts.12692)."""

COUNTED: dict[str, tuple[dict[str, int], tuple[str, str, str]]] = {
    "VKORC1": (
        {"rs9923231 reference (C)": 0, "rs9923231 variant (T)": 1},
        ("-1639 GG", "-1639 AG", "-1639 AA"),
    ),
    "IFNL3": (
        {"rs12979860 reference (C)": 0, "rs12979860 variant (T)": 1},
        ("rs12979860 CC", "rs12979860 CT", "rs12979860 TT"),
    ),
    "CYP4F2": (
        {f"*{number}": int(number in (3, 4, 22)) for number in range(1, 24) if number != 16},  # noqa: PLR2004  # star numbers
        ("rs2108622 CC", "rs2108622 CT", "rs2108622 TT"),
    ),
}
"""Genes without a table at CPIC: allele -> copies of the variant that guidelines use, and the three genotypes."""

HLA_RISK = {"HLA-A": ("*31:01",), "HLA-B": ("*15:02", "*57:01", "*58:01")}
"""Alleles that guidelines name; every other allele of the gene counts as their absence."""

HLA_ALLELE = re.compile(r"\*\d{2,3}:\d{2,3}(:\d{2,3})*[A-Z]?")
NO_RISK_ALLELE = "no risk allele"
LISTED = 6
"""Number of alleles that an error lists."""

GENES = tuple(sorted({*table_of_date(LATEST).genes, *table_of_date("2025-11-05").genes, *COUNTED, *HLA_RISK}))
"""Every gene with phenotypes here."""


@dataclass(frozen=True)
class Phenotype:
    """Phenotype of a diplotype, its activity score where the gene has one, and the date of the table."""

    text: str
    score: ActivityScore | None
    date: str


def check_gene(gene: str) -> None:
    """Raise :class:`CohortError` if a gene has no phenotypes here.

    Raises
    ------
    CohortError
        With the nearest known symbol.
    """
    if gene not in GENES:
        raise CohortError(f"unknown gene '{gene}'; {nearest(gene, GENES)}", "unknown_gene")


@lru_cache(maxsize=2**17)
def phenotype_of(gene: str, diplotype: str, newest: str = LATEST) -> Phenotype:
    """Return the phenotype of a diplotype.

    Parameters
    ----------
    gene
        Symbol of the gene.
    diplotype
        One reading of :func:`omics.pgx.nomenclature.readings`.
    newest
        Date of the newest table to use.

    Returns
    -------
    Phenotype
        ``Indeterminate`` where CPIC says so.

    Raises
    ------
    CohortError
        If the gene or an allele is unknown.

    Examples
    --------
    >>> phenotype_of("CYP2D6", "*1/*36+*10").text, str(phenotype_of("CYP2D6", "*2x2/*17").score)
    ('Normal Metabolizer', '2.5')
    """
    if gene in COUNTED:
        return Phenotype(_counted(gene, diplotype), None, LATEST)
    if gene in HLA_RISK:
        return Phenotype(_hla(gene, diplotype), None, LATEST)
    return phenotype_in(table_of_gene(gene, newest), gene, diplotype)


def phenotype_in(table: PhenotypeTable, gene: str, diplotype: str) -> Phenotype:
    """Return the phenotype of a diplotype in one table.

    Parameters
    ----------
    table, gene, diplotype
        As in :func:`phenotype_of`.

    Returns
    -------
    Phenotype
        Phenotype, score, and the date of `table`.

    Raises
    ------
    CohortError
        If an allele is unknown, or the gene has copy numbers that only a structural caller sees.
    """
    alleles = diplotype.split("/")
    if gene == STRUCTURAL:
        return _by_value(table, alleles)
    classes = table.classes[gene]
    strangers = [allele for allele in alleles if allele not in classes]
    for allele in strangers:
        if not _defined(gene, allele):
            raise _unknown(gene, allele, tuple(classes))
    if strangers:
        return Phenotype(INDETERMINATE, None, table.date)
    first, second = sorted(
        (classes[alleles[0]], classes[alleles[1]] if len(alleles) > 1 else ""), key=_empty_last
    )
    pair = table.pairs[gene].get((first, second))
    if pair is None:
        raise CohortError(
            f"'{diplotype}' of {gene} is {'one allele' if not second else 'two alleles'}, and the gene needs "
            f"{'two' if not second else 'one'}",
            "not_a_diplotype",
        )
    return Phenotype(*pair, table.date)


def _defined(gene: str, allele: str) -> bool:
    """Whether an allele has a definition; CPIC gives some of them no function."""
    definition = all_definitions().get(gene)
    return definition is not None and allele in definition.alleles


def _empty_last(name: str) -> tuple[bool, str]:
    return (not name, name)


def _unknown(gene: str, allele: str, known: tuple[str, ...]) -> CohortError:
    if re.search(r"\*\d+x", allele):
        return CohortError(
            f"'{allele}' of {gene} is a copy number, which only a structural caller of {STRUCTURAL} gives here; "
            "write the allele without it",
            "copy_number_without_caller",
        )
    return CohortError(_unknown_sentence(gene, allele, known), "unknown_allele")


@lru_cache(maxsize=4096)
def _unknown_sentence(gene: str, allele: str, known: tuple[str, ...]) -> str:
    """Sentence with the nearest name, or the first names, of up to 187."""
    close = nearest(allele, known)
    hint = close if close.startswith("did") else f"its alleles are {', '.join(known[:LISTED])}, ..."
    return f"unknown allele '{allele}' of {gene}; {hint}"


def _by_value(table: PhenotypeTable, alleles: list[str]) -> Phenotype:
    total = ActivityScore(0.0)
    for allele in alleles:
        for part in parts_of(allele):
            if part.core not in table.values:
                raise _unknown(STRUCTURAL, part.core, tuple(table.values))
            value = table.values[part.core]
            if value is None:
                return Phenotype(INDETERMINATE, None, table.date)
            total += ActivityScore(float(part.copies), part.at_least).times(value)
    return Phenotype(phenotype_of_total(total), total, table.date)


def phenotype_of_total(score: ActivityScore) -> str:
    """Phenotype of a score of CYP2D6; indeterminate where "at least" allows two phenotypes.

    Examples
    --------
    >>> phenotype_of_total(ActivityScore(1.0)), phenotype_of_total(ActivityScore(1.5, at_least=True))
    ('Intermediate Metabolizer', 'Indeterminate')
    """
    if score.value > NORMAL_TO:
        return ULTRARAPID
    if score.at_least:
        return INDETERMINATE
    if score.value >= INTERMEDIATE_BELOW:
        return NORMAL
    return INTERMEDIATE if score.value > 0 else POOR


def _counted(gene: str, diplotype: str) -> str:
    copies, genotypes = COUNTED[gene]
    alleles = diplotype.split("/")
    for allele in alleles:
        if allele not in copies:
            raise _unknown(gene, allele, tuple(copies))
    if len(alleles) != 2:  # noqa: PLR2004  # two chromosomes
        raise CohortError(f"'{diplotype}' of {gene} is one allele, and the gene needs two", "not_a_diplotype")
    return genotypes[sum(copies[allele] for allele in alleles)]


def _hla(gene: str, diplotype: str) -> str:
    alleles = diplotype.split("/")
    for allele in alleles:
        if not HLA_ALLELE.fullmatch(allele):
            raise CohortError(
                f"unknown allele '{allele}' of {gene}; write at least four digits, such as {HLA_RISK[gene][0]}",
                "unknown_allele",
            )
    # Fields beyond the second do not change the protein.
    short = {":".join(allele.split(":")[:2]) for allele in alleles}
    present = [f"{risk} positive" for risk in HLA_RISK[gene] if risk in short]
    return ", ".join(present) or NO_RISK_ALLELE
