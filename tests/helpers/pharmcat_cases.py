"""Cases of PharmCAT's own tests (``../shared/pharmacology/pharmcat``), as genotypes of our definitions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from omics.pgx.definitions import GeneDefinition, Position, definition_of
from omics.pgx.matcher import MISSING, UNPHASED, Genotypes
from omics.pgx.nomenclature import diplotype_text


class MatcherCase(NamedTuple):
    """A case: the gene, its name, genotypes, the diplotypes that PharmCAT expects, and whether they are all."""

    gene: str
    name: str
    genotypes: Genotypes
    expected: set[str]
    all_expected: bool


def matcher_cases(folder: Path) -> list[MatcherCase]:
    """Cases that are written as genotypes."""
    with (folder / "matcher_cases.tsv").open(encoding="utf-8") as file:
        return [_case(row) for row in csv.DictReader(file, delimiter="\t")]


def expected_of(text: str) -> set[str]:
    """Diplotypes of a cell, in our order."""
    return {diplotype_text(tuple(name.split("/"))) for name in text.split("|")}


def _case(row: dict[str, str]) -> MatcherCase:
    definition = definition_of(row["gene"])
    genotypes = _genotypes(definition, row["variants"], row["missing"])
    return MatcherCase(
        row["gene"], row["test"], genotypes, expected_of(row["expected"]), row["result"] == "all"
    )


def _genotypes(definition: GeneDefinition, variants: str, missing: str) -> Genotypes:
    place = {position.rsid: i for i, position in enumerate(definition.positions)}
    states = np.zeros((2, len(definition.positions)), dtype=np.int64)
    for variant in filter(None, variants.split(";")):
        rsid, bases = variant.split("=")
        for side, base in enumerate(bases.split("/")):
            states[side, place[rsid]] = _state(definition.positions[place[rsid]], base)
    for rsid in filter(None, missing.split(";")):
        states[:, place[rsid]] = MISSING
    return Genotypes(states[0], states[1], np.full(states.shape[1], UNPHASED))


def _state(position: Position, base: str) -> int:
    # PharmCAT writes a deletion without the base before it: AGAAATGGAA and delAGAAATGGAA.
    if base.startswith("del"):
        base = position.reference[0]
    elif len(position.reference) > 1:
        base = position.reference
    state = position.state(position.reference, base)
    assert state is not None
    return state
