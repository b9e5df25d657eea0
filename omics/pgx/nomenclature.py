"""Star-allele nomenclature: diplotypes that a text can mean, and parts of a haplotype with copies or hybrids."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from omics.common.errors import CohortError

__all__ = ["NO_CALL", "STRUCTURAL", "Part", "diplotype_text", "parts_of", "readings"]

STRUCTURAL = "CYP2D6"
"""The gene with alleles of several copies and hybrids, which small variants do not show."""

MITOCHONDRIAL = "MT-RNR1"
"""The gene with one allele per patient, written with or without ``m.``."""

NO_CALL = frozenset(
    {"", "NA", "N/A", "./.", ".", "no call", "nocall", "not called", "not available", "none", "*amb"}
)
"""Texts, in lower case apart from NA, that mean that nothing was called."""

PART = re.compile(r"(?P<core>\*\d+)(?P<suballele>[A-Z]|\.\d{3})?(?:x(?P<most>≥|>=)?(?P<copies>\d+|N))?")
EITHER = re.compile(r"(?P<first>\*\w+) \((?P<second>\*\w+)\)")
OPTIONAL = re.compile(r"\((?P<part>\*\w+)\)\+")
UNCOUNTED = 3
"""Smallest number of copies where ``xN`` says only that there are more than two."""


@dataclass(frozen=True)
class Part:
    """A core allele with its number of copies on one chromosome; `at_least` where they were not counted."""

    core: str
    copies: int = 1
    at_least: bool = False


def readings(gene: str, text: str) -> tuple[str, ...]:
    """Read the diplotypes that a text can mean, each with sorted alleles; empty where nothing was called.

    Order and the marks ``/`` and ``|`` have no meaning. Alternatives are separated by ``;`` or by ``or``. In the
    notation of earlier reports, ``*2 (*35)`` means one of both, ``(*68)+*4`` means with or without the part in
    brackets, and a letter as in ``*2A`` is a sub-allele.

    Parameters
    ----------
    gene
        Symbol of the gene.
    text
        The diplotype, or one allele for a gene with one copy, such as G6PD in males.

    Returns
    -------
    tuple of str
        The readings, without repeats.

    Raises
    ------
    CohortError
        If the text has more than two alleles, or an allele is empty.

    Examples
    --------
    >>> readings("CYP2D6", "*4x2|*1"), readings("CYP2D6", "*2 (*35)/*9")
    (('*1/*4x2',), ('*2/*9', '*9/*35'))
    """
    found: dict[str, None] = {}
    for one in re.split(r"\s*;\s*|\s+or\s+", text.strip()):
        if one.lower() in NO_CALL or one in NO_CALL:
            continue
        alleles = [allele.strip() for allele in re.split(r"[/|]", one)]
        if any(allele.lower() in NO_CALL for allele in alleles):
            continue
        if len(alleles) > 2:  # noqa: PLR2004  # two chromosomes
            raise CohortError(
                f"'{one}' of {gene} has {len(alleles)} alleles, and a diplotype has two; separate alternatives by ;",
                "not_a_diplotype",
            )
        for pair in product(*(_readings_of_allele(gene, allele) for allele in alleles)):
            found[diplotype_text(pair)] = None
    return tuple(found)


def diplotype_text(alleles: tuple[str, ...]) -> str:
    """Join alleles in their natural order.

    Examples
    --------
    >>> diplotype_text(("*10", "*2"))
    '*2/*10'
    """
    return "/".join(sorted(alleles, key=_natural))


def _natural(allele: str) -> tuple[int, tuple[tuple[int, str], ...]]:
    """Sort key: references first, then by the numbers in the names."""
    pieces = re.findall(r"\d+|\D+", allele)
    key = tuple((int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces)
    return (0 if "reference" in allele.lower() else 1, key)


def _readings_of_allele(gene: str, allele: str) -> tuple[str, ...]:
    if gene == MITOCHONDRIAL:
        return (allele if allele.startswith("m.") else f"m.{allele}",)
    if gene != STRUCTURAL:
        return (allele,)
    if match := EITHER.fullmatch(allele):
        return (_plain(match["first"]), _plain(match["second"]))
    if match := OPTIONAL.search(allele):
        rest = allele.replace(match[0], "")
        return (_plain(f"{match['part']}+{rest}"), _plain(rest))
    return (_plain(allele),)


def _plain(allele: str) -> str:
    """Spell a haplotype without sub-alleles, and with ``x≥3`` for copies that were not counted."""
    return "+".join(_part_text(part) for part in parts_of(allele))


def _part_text(part: Part) -> str:
    copies = f"x{'≥' if part.at_least else ''}{part.copies}"
    return part.core + (copies if part.copies > 1 or part.at_least else "")


@lru_cache(maxsize=4096)
def parts_of(haplotype: str) -> tuple[Part, ...]:
    """Split a haplotype of CYP2D6 into core alleles and their copies.

    Raises
    ------
    CohortError
        If a part is not written as a star allele.

    Examples
    --------
    >>> parts_of("*36x2+*10")
    (Part(core='*36', copies=2, at_least=False), Part(core='*10', copies=1, at_least=False))
    """
    parts = []
    for text in haplotype.split("+"):
        match = PART.fullmatch(text.strip())
        if match is None:
            raise CohortError(
                f"'{text}' is not a star allele of {STRUCTURAL}; write *1, *4x2 or *36+*10", "unknown_allele"
            )
        uncounted = match["copies"] == "N"
        copies = UNCOUNTED if uncounted else int(match["copies"] or 1)
        parts.append(Part(match["core"], copies, uncounted or match["most"] is not None))
    return tuple(parts)
