"""Names of phenotypes: those that a gene can have, their usual spellings, and the phenotype of an activity score."""

from __future__ import annotations

import re
from functools import lru_cache

from omics.common.errors import CohortError, nearest
from omics.pgx.nomenclature import STRUCTURAL
from omics.pgx.phenotype import (
    COUNTED,
    HLA_RISK,
    INDETERMINATE,
    INTERMEDIATE,
    NO_RISK_ALLELE,
    NORMAL,
    POOR,
    ULTRARAPID,
    phenotype_of_total,
)
from omics.pgx.score import ActivityScore
from omics.pgx.tables import LATEST, table_of_date, table_of_gene

__all__ = ["SHORT", "categories", "phenotype_of_score", "score_genes", "spelled_phenotype"]

SHORT = {
    "PM": POOR,
    "IM": INTERMEDIATE,
    "NM": NORMAL,
    "EM": NORMAL,
    "RM": "Rapid Metabolizer",
    "UM": ULTRARAPID,
    "DF": "Decreased Function",
    "NF": "Normal Function",
    "PF": "Poor Function",
}
"""Usual abbreviations of phenotypes."""


@lru_cache
def categories(gene: str) -> tuple[str, ...]:
    """Phenotypes that a gene can have, without ``Indeterminate``: the same for every cohort.

    Examples
    --------
    >>> categories("VKORC1")
    ('-1639 GG', '-1639 AG', '-1639 AA')
    """
    if gene in COUNTED:
        return COUNTED[gene][1]
    if gene in HLA_RISK:
        return (*(f"{risk} positive" for risk in HLA_RISK[gene]), NO_RISK_ALLELE)
    if gene == STRUCTURAL:
        return (POOR, INTERMEDIATE, NORMAL, ULTRARAPID)
    found = {text for text, _ in table_of_gene(gene).pairs[gene].values()}
    return tuple(sorted(found - {INDETERMINATE}))


@lru_cache
def score_genes() -> tuple[str, ...]:
    """Genes with an activity score."""
    table = table_of_date(LATEST)
    scored = [gene for gene, pairs in table.pairs.items() if any(score for _, score in pairs.values())]
    return (*scored, STRUCTURAL)


def spelled_phenotype(gene: str, text: str) -> str:
    """Spell a phenotype as the tables do, from its abbreviation or another case.

    Parameters
    ----------
    gene
        Symbol of the gene.
    text
        The phenotype, such as ``PM``, ``poor metabolizer`` or ``CYP2D6 Poor Metabolizer``; or the bases of a genotype,
        such as ``A/G`` of VKORC1.

    Returns
    -------
    str
        A name of :func:`categories`, or ``Indeterminate``.

    Raises
    ------
    CohortError
        If the gene has no such phenotype.

    Examples
    --------
    >>> spelled_phenotype("CYP2D6", "PM")
    'Poor Metabolizer'
    """
    word = text.strip().removeprefix(gene).strip()
    word = SHORT.get(word, word)
    known = (*categories(gene), INDETERMINATE)
    if gene in HLA_RISK:
        parts = [part.strip() for part in word.split(",")]
        if all(part in known for part in parts):
            return ", ".join(parts)
    bases = "".join(sorted(re.sub(r"[/|]", "", word.upper())))
    for name in known:
        if gene in COUNTED and name.split()[-1] == bases:
            return name
        if name.lower() == word.lower().replace("metaboliser", "metabolizer"):
            return name
    raise CohortError(f"{gene} has no phenotype '{text}'; {nearest(word, known)}", "unknown_phenotype")


def phenotype_of_score(gene: str, score: ActivityScore) -> str:
    """Phenotype of the activity score of a gene.

    Parameters
    ----------
    gene
        A gene of :func:`score_genes`.
    score
        The score.

    Returns
    -------
    str
        The phenotype.

    Raises
    ------
    CohortError
        If the gene has no such score.

    Examples
    --------
    >>> phenotype_of_score("DPYD", ActivityScore(1.5))
    'Intermediate Metabolizer'
    """
    if gene == STRUCTURAL:
        return phenotype_of_total(score)
    known = {found: text for text, found in table_of_gene(gene).pairs[gene].values() if found is not None}
    if gene not in score_genes() or score not in known:
        listed = ", ".join(map(str, sorted({one.value for one in known}))) or "none"
        raise CohortError(f"{gene} has no activity score {score}; its scores are {listed}", "unknown_score")
    return known[score]
