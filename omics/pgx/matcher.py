"""Every diplotype that is consistent with the genotypes of a patient, weighted; a missing position excludes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.pgx.definitions import GeneDefinition, all_definitions
from omics.pgx.nomenclature import diplotype_text

__all__ = ["ABSENT", "MISSING", "OTHER", "UNPHASED", "Genotypes", "Match", "match", "weights_of"]

MISSING, ABSENT, OTHER = -1, -2, -3
"""States of a genotype: not called, no second chromosome, and a change that no allele of the gene has."""

UNPHASED = -1


@dataclass(frozen=True)
class Genotypes:
    """Genotypes of a patient at the positions of a gene.

    Attributes
    ----------
    first, second
        (P,) states of :class:`omics.pgx.definitions.Position`, or MISSING, ABSENT (second only), OTHER.
    phase_set
        (P,) number of the phase set, within which all `first` are on one chromosome; UNPHASED where not phased.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    phase_set: NDArray[np.int64]

    @property
    def missing(self) -> NDArray[np.bool_]:
        """(P,) bool: the position was not called, not even in part."""
        return np.asarray((self.first == MISSING) | (self.second == MISSING), dtype=np.bool_)

    @property
    def one_copy(self) -> bool:
        """Whether the patient has one chromosome, as males have of G6PD."""
        called = ~self.missing
        return bool(called.any()) and bool((self.second[called] == ABSENT).all())


@dataclass(frozen=True)
class Match:
    """Diplotypes that the genotypes of a patient allow.

    Attributes
    ----------
    diplotypes
        Diplotype -> weight, the heaviest first; the weights sum to 1. Empty if no pair of alleles explains the data.
    missing, positions
        Number of positions that were not called, and of all positions of the gene.
    unseen
        Alleles whose every own position is missing, so that the data cannot show them.
    other
        Positions with a change that no allele has.
    """

    diplotypes: dict[str, float]
    missing: int
    positions: int
    unseen: tuple[str, ...]
    other: tuple[int, ...]


def match(definition: GeneDefinition, genotypes: Genotypes) -> Match:
    """Find every diplotype of a gene that is consistent with the genotypes.

    A pair of alleles is consistent if it can be placed on the two chromosomes so that every called genotype and the
    phase within every phase set are explained; sets are placed independently of each other. The weight of a pair is
    the product of the frequencies of its alleles, twice for two different alleles (Hardy-Weinberg): all consistent
    pairs give the observed genotypes with the same probability. Without frequencies all pairs weigh the same.

    Parameters
    ----------
    definition
        The gene.
    genotypes
        The patient.

    Returns
    -------
    Match
        All diplotypes and their weights.

    Examples
    --------
    >>> from omics.pgx.definitions import definition_of
    >>> none = np.full(1, UNPHASED)
    >>> match(definition_of("VKORC1"), Genotypes(np.array([0]), np.array([1]), none)).diplotypes
    {'rs9923231 reference (C)/rs9923231 variant (T)': 1.0}
    """
    missing = genotypes.missing
    named = definition.named
    first = _fits(definition, genotypes.first, missing)
    if genotypes.one_copy:
        fitting = np.asarray(first.all(axis=1), dtype=np.bool_)
        weights = {name: definition.weight(k) for k, name in enumerate(definition.alleles) if fitting[k]}
    else:
        weights = _pairs(definition, first, _fits(definition, genotypes.second, missing), genotypes)
    total = sum(weights.values())
    ordered = sorted(weights.items(), key=lambda item: (-item[1], item[0]))
    own, seen = named.any(axis=1), (named & ~missing).any(axis=1)
    other = (genotypes.first == OTHER) | (genotypes.second == OTHER)
    return Match(
        {name: weight / total for name, weight in ordered},
        int(missing.sum()),
        len(missing),
        tuple(definition.alleles[k] for k in np.flatnonzero(own & ~seen)),
        tuple(definition.positions[p].number for p in np.flatnonzero(other & ~missing)),
    )


def _fits(
    definition: GeneDefinition, states: NDArray[np.int64], missing: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(K, P) bool: the allele may have this state; any allele where the position is missing."""
    known = definition.allowed[:, np.arange(len(states)), np.maximum(states, 0)] & (states >= 0)
    fits: NDArray[np.bool_] = known | missing
    return fits


def _pairs(
    definition: GeneDefinition, first: NDArray[np.bool_], second: NDArray[np.bool_], genotypes: Genotypes
) -> dict[str, float]:
    heterozygous = ~genotypes.missing & (genotypes.first != genotypes.second)
    candidates = np.flatnonzero(first[:, ~heterozygous].all(axis=1) & second[:, ~heterozygous].all(axis=1))
    together = np.ones((len(candidates), len(candidates)), dtype=bool)
    for block in _blocks(genotypes.phase_set, heterozygous):
        one = first[np.ix_(candidates, block)].all(axis=1)
        two = second[np.ix_(candidates, block)].all(axis=1)
        together &= np.outer(one, two) | np.outer(two, one)
    names = definition.alleles
    return {
        diplotype_text((names[a], names[b])): definition.weight(a, b)
        for a, b in candidates[np.argwhere(np.triu(together))]
    }


def _blocks(phase_set: NDArray[np.int64], heterozygous: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Heterozygous positions that are phased together; an unphased position is alone."""
    alone = np.flatnonzero(heterozygous & (phase_set == UNPHASED))
    sets = np.unique(phase_set[heterozygous & (phase_set != UNPHASED)])
    return [alone[i : i + 1] for i in range(len(alone))] + [
        np.flatnonzero(heterozygous & (phase_set == number)) for number in sets
    ]


def weights_of(gene: str, diplotypes: Sequence[str]) -> dict[str, float]:
    """Weight several possible diplotypes of a patient as :func:`match` does; equally without frequencies.

    Parameters
    ----------
    gene
        Symbol of the gene.
    diplotypes
        The possible diplotypes, without repeats.

    Returns
    -------
    dict
        Diplotype -> weight, the heaviest first; the weights sum to 1.

    Examples
    --------
    >>> weights_of("CYP2D6", ["*2/*9", "*9/*35"])
    {'*2/*9': 0.5, '*9/*35': 0.5}
    """
    definition = all_definitions().get(gene)
    weights = dict.fromkeys(diplotypes, 1.0)
    if definition is not None:
        place = {name: k for k, name in enumerate(definition.alleles)}
        if all(allele in place for name in diplotypes for allele in name.split("/")):
            for name in diplotypes:
                weights[name] = definition.weight(*(place[allele] for allele in name.split("/")))
    total = sum(weights.values())
    return {name: weights[name] / total for name in sorted(weights, key=lambda name: (-weights[name], name))}
