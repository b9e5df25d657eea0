"""DPYD, whose alleles are single variants: a patient with several counts by the two lowest functions."""

from __future__ import annotations

import numpy as np

from omics.pgx.definitions import GeneDefinition
from omics.pgx.gene_call import GeneCall
from omics.pgx.matcher import UNPHASED, Genotypes, Match
from omics.pgx.nomenclature import diplotype_text
from omics.pgx.phenotype import phenotype_of

__all__ = ["GENE", "call_of_variants"]

GENE = "DPYD"
REFERENCE = "Reference"


def call_of_variants(definition: GeneDefinition, genotypes: Genotypes, found: Match) -> GeneCall | None:
    """Call a patient whose variants no pair of alleles explains, by the lowest function of each chromosome.

    Variants in one phase set are placed on their chromosomes; otherwise the two alleles of lowest function count, each
    as often as it was found, as PharmCAT and CPIC do it (Amstutz et al. 2018, doi 10.1002/cpt.911).

    Parameters
    ----------
    definition, genotypes
        The gene and the patient.
    found
        The match, without a consistent diplotype.

    Returns
    -------
    GeneCall or None
        None if a variant is no named allele.
    """
    if found.other:
        return None
    variant_of = {}
    for k, name in enumerate(definition.alleles):
        for p, state in np.argwhere(definition.allowed[k, :, 1:]):
            variant_of[int(p), int(state) + 1] = name
    chromosomes: tuple[list[str], list[str]] = ([], [])
    for states, names in zip((genotypes.first, genotypes.second), chromosomes, strict=True):
        names += [variant_of[p, int(state)] for p, state in enumerate(states) if state > 0]
    varying = (genotypes.first != genotypes.second) & ~genotypes.missing
    sets = set(genotypes.phase_set[varying].tolist())
    if UNPHASED in sets or len(sets) > 1:
        lowest = sorted([*chromosomes[0], *chromosomes[1]], key=_value)[:2]
    else:
        lowest = [min(names, key=_value, default=REFERENCE) for names in chromosomes]
    if not lowest:
        return None
    pair = diplotype_text((lowest[0], lowest[1] if len(lowest) > 1 else REFERENCE))
    why = "several variants; the two of lowest function count"
    return GeneCall(GENE, "vcf", {pair: 1.0}, missing=found.missing, positions=found.positions, why=why)


def _value(allele: str) -> tuple[float, str]:
    """Activity of an allele: half the score of two of them; an allele without one counts as normal."""
    score = phenotype_of(GENE, f"{allele}/{allele}").score
    return (1.0 if score is None else score.value / 2.0, allele)
