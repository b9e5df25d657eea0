"""DPYD with several variants: the lowest function of each chromosome, or the two lowest where phase is not known."""

import numpy as np
import pytest

from omics.pgx.definitions import definition_of
from omics.pgx.dpyd import call_of_variants
from omics.pgx.gene_call import result_of
from omics.pgx.matcher import OTHER, UNPHASED, Genotypes, match

STAR_2A, T_2846, STAR_9A = "rs3918290", "rs67376798", "rs1801265"
NAMES = {STAR_2A: "c.1905+1G>A (*2A)", T_2846: "c.2846A>T", STAR_9A: "c.85T>C (*9A)"}


def called(**states):
    definition = definition_of("DPYD")
    first, second = (np.zeros(len(definition.positions), dtype=np.int64) for _ in range(2))
    phase = np.full(len(first), UNPHASED)
    for place, position in enumerate(definition.positions):
        if position.rsid in states:
            first[place], second[place], phase[place] = states[position.rsid]
    genotypes = Genotypes(first, second, phase)
    return call_of_variants(definition, genotypes, match(definition, genotypes))


def test_two_variants_on_one_chromosome_leave_the_other_normal():
    call = called(**{STAR_2A: (1, 0, 1), T_2846: (1, 0, 1)})
    assert set(call.diplotypes) == {f"Reference/{NAMES[STAR_2A]}"}
    assert result_of(call).score.value == 1.0


def test_without_phase_the_two_of_lowest_function_count():
    call = called(**{STAR_2A: (0, 1, UNPHASED), T_2846: (0, 1, UNPHASED), STAR_9A: (1, 1, UNPHASED)})
    assert result_of(call).score.value == 0.5
    assert set(next(iter(call.diplotypes)).split("/")) == {NAMES[STAR_2A], NAMES[T_2846]}


@pytest.mark.parametrize("count", [1, 2])
def test_a_homozygous_variant_counts_twice(count):
    call = called(
        **{STAR_2A: (1, int(count == 2), UNPHASED), STAR_9A: (1, 1, UNPHASED), T_2846: (1, 1, UNPHASED)}
    )
    assert result_of(call).score.value == (0.5 if count == 1 else 0.0)


def test_a_change_without_a_name_is_no_call():
    assert called(**{STAR_2A: (0, OTHER, UNPHASED)}) is None
