"""The matcher against a brute-force twin, PharmCAT's cases, and properties of order, phase and missing positions."""

from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pharmcat_cases import matcher_cases

from omics.pgx.definitions import GeneDefinition, Position, definition_of
from omics.pgx.matcher import ABSENT, MISSING, OTHER, UNPHASED, Genotypes, match, weights_of


def brute_force(definition, genotypes):
    """Weights by trying every ordered pair of alleles and every placement of every phase set."""
    known = [
        p
        for p in range(len(definition.positions))
        if MISSING not in (genotypes.first[p], genotypes.second[p])
    ]
    sets = defaultdict(list)
    for p in known:
        phase = int(genotypes.phase_set[p])
        sets[("alone", p) if phase == UNPHASED else ("set", phase)].append(p)
    weights = defaultdict(float)
    for a, b in product(range(len(definition.alleles)), repeat=2):
        for sides in product((False, True), repeat=len(sets)):
            fits = True
            for swapped, places in zip(sides, sets.values(), strict=True):
                for p in places:
                    one, two = genotypes.first[p], genotypes.second[p]
                    if swapped:
                        one, two = two, one
                    fits &= one >= 0 and bool(definition.allowed[a, p, one])
                    fits &= two >= 0 and bool(definition.allowed[b, p, two])
            if fits:
                name = "/".join(
                    sorted((definition.alleles[a], definition.alleles[b]), key=lambda x: int(x[1:]))
                )
                if definition.frequency is None:
                    weights[name] = 1.0
                else:
                    weights[name] += definition.frequency[a] * definition.frequency[b]
                break
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


@st.composite
def genes(draw):
    """A gene of up to 5 alleles at 4 positions with up to 2 changes each, and a patient."""
    alleles, positions = draw(st.integers(2, 5)), 4
    allowed = np.zeros((alleles, positions, 3), dtype=bool)
    allowed[0, :, 0] = True
    for k in range(1, alleles):
        for p in range(positions):
            states = draw(st.sampled_from([(0,), (0,), (1,), (2,), (0, 1)]))
            allowed[k, p, list(states)] = True
    known = np.array([draw(st.sampled_from([0.5, 0.2, 0.01])) for _ in range(alleles)])
    frequency = draw(st.sampled_from([known, known, None]))
    place = tuple(Position(10 + p, f"rs{p}", "A", (("A", "C"), ("A", "G"))) for p in range(positions))
    definition = GeneDefinition(
        "GENE", "chr1", place, tuple(f"*{k + 1}" for k in range(alleles)), allowed, frequency
    )
    states = st.sampled_from([0, 0, 0, 1, 2, MISSING])
    first = np.array([draw(states) for _ in range(positions)])
    second = np.array([draw(states) for _ in range(positions)])
    phase = np.array([draw(st.sampled_from([UNPHASED, 1, 2])) for _ in range(positions)])
    return definition, Genotypes(first, second, phase)


@settings(max_examples=150, deadline=None)
@given(genes())
def test_weights_agree_with_brute_force(case):
    definition, genotypes = case
    found, expected = match(definition, genotypes).diplotypes, brute_force(definition, genotypes)
    assert found.keys() == expected.keys()
    for name, weight in expected.items():
        assert found[name] == pytest.approx(weight, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(genes())
def test_which_chromosome_comes_first_has_no_meaning(case):
    definition, genotypes = case
    swapped = Genotypes(genotypes.second, genotypes.first, genotypes.phase_set)
    assert match(definition, genotypes) == match(definition, swapped)


@settings(max_examples=60, deadline=None)
@given(genes(), st.integers(0, 3))
def test_less_phase_or_a_missing_position_never_excludes_a_diplotype(case, place):
    definition, genotypes = case
    before = set(match(definition, genotypes).diplotypes)
    phase = genotypes.phase_set.copy()
    phase[place] = UNPHASED
    assert before <= set(match(definition, Genotypes(genotypes.first, genotypes.second, phase)).diplotypes)
    first, second = genotypes.first.copy(), genotypes.second.copy()
    first[place] = second[place] = MISSING
    missing = match(definition, Genotypes(first, second, genotypes.phase_set))
    assert before <= set(missing.diplotypes)
    assert missing.missing == match(definition, genotypes).missing + (not genotypes.missing[place])


EXPLAINED = {
    # The case gives rs3758581 no genotype; read as the reference, no allele with rs12248560 T explains it.
    "s4bs17rs28399504missing",
    # *2/*3 explains the unphased genotypes too; PharmCAT shows *1/*4, the pair with more named positions.
    "s1_s4",
}


def test_pharmcat_cases(shared):
    """29 cases; PharmCAT leaves out alleles whose every own position is missing, which we keep."""
    cases = matcher_cases(shared("pharmacology/pharmcat"))
    assert len(cases) == 29
    for case in cases:
        found = match(definition_of(case.gene), case.genotypes)
        seen = {name for name in found.diplotypes if not set(name.split("/")) & set(found.unseen)}
        if case.name in EXPLAINED:
            continue
        assert seen == case.expected if case.all_expected else case.expected <= seen, case.name
    by_name = {case.name: case for case in cases}
    s1_s4 = match(definition_of("CYP4F2"), by_name["s1_s4"].genotypes)
    assert set(s1_s4.diplotypes) == {"*1/*4", "*2/*3"}
    case = by_name["s4bs17rs28399504missing"]
    definition = definition_of(case.gene)
    place = [position.rsid for position in definition.positions].index("rs3758581")
    first, second = case.genotypes.first.copy(), case.genotypes.second.copy()
    first[place] = second[place] = MISSING
    without = match(definition, Genotypes(first, second, case.genotypes.phase_set))
    assert set(without.diplotypes) == case.expected


def genotypes_of(gene, **states):
    """Genotypes with the reference at all positions but the named ones."""
    definition = definition_of(gene)
    first, second = (np.zeros(len(definition.positions), dtype=np.int64) for _ in range(2))
    phase = np.full(len(first), UNPHASED)
    for place, position in enumerate(definition.positions):
        if position.rsid in states:
            first[place], second[place], phase[place] = states[position.rsid]
    return Genotypes(first, second, phase)


def test_phase_holds_within_a_phase_set_only():
    """TPMT *3A has both variants on one chromosome, *3B and *3C one each."""
    definition = definition_of("TPMT")
    one_set = genotypes_of("TPMT", rs1800460=(0, 1, 7), rs1142345=(0, 1, 7))
    assert set(match(definition, one_set).diplotypes) == {"*1/*3A"}
    apart = genotypes_of("TPMT", rs1800460=(0, 1, 7), rs1142345=(1, 0, 7))
    assert set(match(definition, apart).diplotypes) == {"*3B/*3C"}
    two_sets = genotypes_of("TPMT", rs1800460=(0, 1, 7), rs1142345=(1, 0, 8))
    found = match(definition, two_sets).diplotypes
    assert set(found) == {"*1/*3A", "*3B/*3C"}
    assert next(iter(found)) == "*1/*3A"


def test_a_missing_position_is_counted_and_its_alleles_stay_possible():
    found = match(definition_of("CYP3A5"), genotypes_of("CYP3A5", rs41303343=(MISSING, MISSING, UNPHASED)))
    assert (found.missing, found.positions, found.unseen) == (1, 5, ("*7",))
    assert set(found.diplotypes) == {"*1/*1", "*1/*7", "*7/*7"}


def test_one_chromosome_and_changes_that_no_allele_has():
    definition = definition_of("G6PD")
    haploid = Genotypes(*(np.full(len(definition.positions), state) for state in (0, ABSENT, UNPHASED)))
    assert match(definition, haploid).diplotypes == {"B (reference)": 1.0}
    other = match(definition_of("VKORC1"), genotypes_of("VKORC1", rs9923231=(0, OTHER, UNPHASED)))
    assert (other.diplotypes, other.other) == ({}, (31096368,))


def test_several_readings_are_weighted_as_consistent_pairs_are():
    found = weights_of("TPMT", ["*3B/*3C", "*1/*3A"])
    assert list(found) == ["*1/*3A", "*3B/*3C"]
    one, other = 0.98683 * 0.01467, 0.00166 * 0.01780  # shipped frequencies
    assert found["*1/*3A"] == pytest.approx(one / (one + other))
