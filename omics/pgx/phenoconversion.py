"""Phenoconversion: what drugs at baseline make of a phenotype; a scored rule for CYP2D6, flags for other genes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from omics.pgx.nomenclature import STRUCTURAL
from omics.pgx.phenotype import INDETERMINATE, POOR, phenotype_of_total
from omics.pgx.score import ActivityScore
from omics.pgx.tables import TABLES, read_rows

__all__ = ["FACTORS", "Conversion", "DrugInteraction", "convert", "interacting_drugs", "interactions"]

FACTORS = {"strong": 0.0, "moderate": 0.5, "weak": 1.0}
"""Strength of an inhibitor of CYP2D6 -> factor of the activity score (Cicali et al. 2021, doi 10.1002/cpt.2354)."""


@dataclass(frozen=True)
class DrugInteraction:
    """A drug that inhibits or induces the product of a gene, and where the strength is from."""

    drug: str
    gene: str
    effect: str
    strength: str
    source: str

    def __str__(self) -> str:
        return f"{self.drug} ({self.strength} {self.effect})"


@dataclass(frozen=True)
class Conversion:
    """Phenotype under concomitant drugs.

    Attributes
    ----------
    phenotype, score
        After conversion; the same as before where nothing converts.
    converted
        Whether the score was changed.
    note
        Drugs that inhibit or induce, with their strength; empty if there are none.
    """

    phenotype: str
    score: ActivityScore | None
    converted: bool
    note: str


@lru_cache
def interactions() -> tuple[DrugInteraction, ...]:
    """All interactions that a source confirms (docs/pgx.md names the sources)."""
    return tuple(DrugInteraction(**row) for row in read_rows(TABLES / "interactions.csv"))


@lru_cache
def interacting_drugs() -> frozenset[str]:
    """Drugs with an interaction."""
    return frozenset(one.drug for one in interactions())


def convert(
    gene: str, phenotype: str, score: ActivityScore | None, taken: Collection[str], drug: str = ""
) -> Conversion:
    """Apply drugs that are taken at baseline to a phenotype.

    For CYP2D6 the score is multiplied by the factor of the strongest inhibitor, once. Without a score, a strong
    inhibitor gives a poor metabolizer, a moderate one an unknown phenotype. Other genes keep theirs, with a note.

    Parameters
    ----------
    gene
        Symbol of the gene.
    phenotype, score
        By genotype.
    taken
        Drugs that the patient takes.
    drug
        The drug that guidance is sought for, which does not convert itself.

    Returns
    -------
    Conversion
        Phenotype and score under these drugs.

    Examples
    --------
    >>> found = convert("CYP2D6", "Normal Metabolizer", ActivityScore(2.25), ["duloxetine"])
    >>> found.phenotype, str(found.score)
    ('Intermediate Metabolizer', '1.125')
    """
    present = [one for one in interactions() if one.gene == gene and one.drug in taken and one.drug != drug]
    note = ", ".join(map(str, present))
    inhibitors = [FACTORS[one.strength] for one in present if one.effect == "inhibitor"]
    factor = min(inhibitors, default=1.0)
    if gene != STRUCTURAL or factor == 1.0:
        return Conversion(phenotype, score, converted=False, note=note)
    if score is None:
        strong = factor == 0.0
        text, score = (POOR, ActivityScore(0.0)) if strong else (INDETERMINATE, None)
        return Conversion(text, score, converted=strong, note=note)
    changed = score.times(factor)
    return Conversion(phenotype_of_total(changed), changed, converted=True, note=note)
