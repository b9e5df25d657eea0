"""Allele definitions on GRCh38: which base every named allele has at every position of its gene."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from omics.pgx.tables import TABLES, read_rows

__all__ = [
    "DEFINITIONS_DATE",
    "GeneDefinition",
    "Position",
    "all_definitions",
    "change",
    "definition_of",
    "has_frequencies",
]

DEFINITIONS_DATE = "2025-11-05"

RARE = 2e-4
"""Frequency of an allele that the table lacks, in a gene that it has: about one in the 6,404 chromosomes of 1000
Genomes."""

IUPAC = {
    "R": "AG",
    "Y": "CT",
    "S": "CG",
    "W": "AT",
    "K": "GT",
    "M": "AC",
    "B": "CGT",
    "D": "AGT",
    "H": "ACT",
    "V": "ACG",
    "N": "ACGT",
}
"""Codes for any of several bases."""

Change = tuple[str, str]
"""A variant without the bases that reference and alternative share at the end; equal bases are the reference."""


def change(reference: str, alternative: str) -> Change:
    """Remove the shared end, so that the same variant is equal in every spelling with the same position.

    Parameters
    ----------
    reference, alternative
        Bases, as in REF and ALT of a VCF.

    Returns
    -------
    tuple of str
        Both without their shared end, at least one base long; equal for the reference.

    Examples
    --------
    >>> change("CAT", "CATAT"), change("C", "CAT"), change("G", "G")
    (('C', 'CAT'), ('C', 'CAT'), ('', ''))
    """
    if reference == alternative:
        return ("", "")
    while min(len(reference), len(alternative)) > 1 and reference[-1] == alternative[-1]:
        reference, alternative = reference[:-1], alternative[:-1]
    return (reference, alternative)


@dataclass(frozen=True)
class Position:
    """A position of a gene; state 0 is the reference, state i the i-th of `changes`."""

    number: int
    rsid: str
    reference: str
    changes: tuple[Change, ...]

    def state(self, reference: str, alternative: str) -> int | None:
        """State of a base of a VCF record; None for a change that no allele has."""
        key = change(reference, alternative)
        if key == ("", ""):
            return 0
        return self.changes.index(key) + 1 if key in self.changes else None


@dataclass(frozen=True)
class GeneDefinition:
    """Definitions of the alleles of a gene.

    Attributes
    ----------
    gene, chromosome
        Symbol, and name of the chromosome such as ``chr10``.
    positions
        (P,) positions in the order of the genome.
    alleles
        (K,) names, the reference first.
    allowed
        (K, P, S) bool: the states that an allele may have.
    frequency
        (K,) frequencies, which weight ambiguous diplotypes; None where no source gives any.
    """

    gene: str
    chromosome: str
    positions: tuple[Position, ...]
    alleles: tuple[str, ...]
    allowed: NDArray[np.bool_] = field(repr=False)
    frequency: NDArray[np.float64] | None = field(repr=False)

    @cached_property
    def named(self) -> NDArray[np.bool_]:
        """(K, P) bool: the allele may differ from the reference here."""
        return np.asarray(self.allowed[:, :, 1:].any(axis=2), dtype=np.bool_)

    def weight(self, *alleles: int) -> float:
        """Weight of one allele or of a pair by Hardy-Weinberg; 1 without frequencies."""
        if self.frequency is None:
            return 1.0
        return float(np.prod(self.frequency[list(alleles)])) * len(set(alleles))

    @cached_property
    def place(self) -> dict[int, int]:
        """Position on the chromosome -> its index."""
        return {position.number: place for place, position in enumerate(self.positions)}


@lru_cache
def all_definitions() -> dict[str, GeneDefinition]:
    """Read the shipped definitions; CYP2D6 is not among them, since small variants do not determine it."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in read_rows(TABLES / f"definitions_{DEFINITIONS_DATE}.csv"):
        rows.setdefault(row["gene"], []).append(row)
    frequencies = {
        (row["gene"], row["allele"]): float(row["frequency"]) for row in read_rows(TABLES / "frequencies.csv")
    }
    return {gene: _build(gene, found, frequencies) for gene, found in rows.items()}


def definition_of(gene: str) -> GeneDefinition:
    """Return the definition of a gene."""
    return all_definitions()[gene]


def has_frequencies(gene: str) -> bool:
    """Whether frequencies weight the possible diplotypes of a gene; if not, all weigh the same."""
    definition = all_definitions().get(gene)
    return definition is not None and definition.frequency is not None


def _build(
    gene: str, rows: list[dict[str, str]], frequencies: dict[tuple[str, str], float]
) -> GeneDefinition:
    changes: dict[int, dict[Change, None]] = {}
    about: dict[int, tuple[str, str]] = {}
    for row in rows:
        number = int(row["position"])
        about[number] = (row["rsid"], row["ref"])
        changes.setdefault(number, {}).update(dict.fromkeys(key for key in _changes(row) if key != ("", "")))
    positions = tuple(Position(n, *about[n], tuple(changes[n])) for n in sorted(about))
    place = {position.number: i for i, position in enumerate(positions)}
    names = dict.fromkeys(row["allele"] for row in sorted(rows, key=lambda row: row["is_reference"] != "yes"))
    alleles = {name: k for k, name in enumerate(names)}
    allowed = np.zeros((len(alleles), len(positions), 1 + max(map(len, changes.values()))), dtype=bool)
    allowed[:, :, 0] = True
    for row in rows:
        k, p = alleles[row["allele"]], place[int(row["position"])]
        allowed[k, p] = False
        for key in _changes(row):
            allowed[k, p, 0 if key == ("", "") else positions[p].changes.index(key) + 1] = True
    known = any((gene, name) in frequencies for name in alleles)
    frequency = np.array([frequencies.get((gene, name), RARE) for name in alleles]) if known else None
    return GeneDefinition(gene, rows[0]["chromosome"], positions, tuple(alleles), allowed, frequency)


def _changes(row: dict[str, str]) -> Iterator[Change]:
    """Yield the changes that the base of a row allows; several for a code such as R."""
    for base in IUPAC.get(row["base"], row["base"]) if len(row["base"]) == 1 else (row["base"],):
        yield change(row["ref"], base)
