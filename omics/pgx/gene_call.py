"""What is known of one gene of one patient, from any source, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from omics.pgx.definitions import has_frequencies
from omics.pgx.matcher import Match
from omics.pgx.nomenclature import STRUCTURAL
from omics.pgx.phenotype import INDETERMINATE, phenotype_of
from omics.pgx.score import ActivityScore

__all__ = ["CLEAR", "GeneCall", "GeneResult", "call_of_match", "result_of", "structural_call"]

CLEAR = 0.95
"""Weight from which one phenotype of several possible ones is reported; below, the patient is indeterminate."""


@dataclass(frozen=True)
class GeneCall:
    """A call of one gene.

    Attributes
    ----------
    gene, source
        Symbol, and where the call comes from: ``vcf``, ``table``, ``pharmcat`` or ``pypgx``.
    diplotypes
        Diplotype -> weight; empty if there is none.
    phenotype, score
        Where the source states them without a diplotype.
    missing, positions
        Positions that were not called, and positions of the definition; 0 where the source has no positions.
    why
        Why there is no diplotype, or a remark on it.
    """

    gene: str
    source: str
    diplotypes: Mapping[str, float] = field(default_factory=dict)
    phenotype: str | None = None
    score: ActivityScore | None = None
    missing: int = 0
    positions: int = 0
    why: str = ""


@dataclass(frozen=True)
class GeneResult:
    """Phenotype and activity score of a gene of a patient.

    Attributes
    ----------
    phenotype
        The phenotype, or ``Indeterminate``.
    weights
        Phenotype -> weight, over all consistent diplotypes.
    score
        The activity score, if the diplotypes that have it have at least CLEAR of the weight.
    mean, sd
        Expected activity score over the consistent diplotypes, and its standard deviation; NaN where the score is
        unknown for more than 1 - CLEAR of the weight.
    date
        Date of the table; empty where the source states the phenotype.
    why
        Why the patient is indeterminate; empty if not.
    """

    phenotype: str
    weights: Mapping[str, float]
    score: ActivityScore | None
    mean: float
    sd: float
    date: str
    why: str


def call_of_match(gene: str, found: Match) -> GeneCall:
    """Convert a match of a VCF to a call.

    Parameters
    ----------
    gene
        Symbol of the gene.
    found
        Its diplotypes.

    Returns
    -------
    GeneCall
        With the reason where no diplotype is consistent.
    """
    why = ""
    if not found.diplotypes:
        places = ", ".join(map(str, found.other))
        why = (
            f"a variant at {places} that no named allele has"
            if found.other
            else "no pair of named alleles explains the genotypes"
        )
    return GeneCall(gene, "vcf", found.diplotypes, missing=found.missing, positions=found.positions, why=why)


def result_of(call: GeneCall) -> GeneResult:
    """Phenotype and score of a call; an indeterminate one stays indeterminate, with the reason.

    Examples
    --------
    >>> result = result_of(GeneCall("CYP2D6", "table", {"*1/*4": 1.0}))
    >>> result.phenotype, result.mean, result.sd
    ('Intermediate Metabolizer', 1.0, 0.0)
    """
    if call.phenotype is not None:
        return _stated(call)
    found = [(phenotype_of(call.gene, name), weight) for name, weight in call.diplotypes.items()]
    weights: dict[str, float] = {}
    for one, weight in found:
        weights[one.text] = weights.get(one.text, 0.0) + weight
    top = max(weights, key=lambda name: weights[name], default=INDETERMINATE)
    clear = top if weights.get(top, 0.0) >= CLEAR else INDETERMINATE
    scores: dict[ActivityScore | None, float] = {}
    for one, weight in found:
        scores[one.score] = scores.get(one.score, 0.0) + weight
    likely = max(scores, key=lambda score: scores[score], default=None)
    mean, sd = _moments([(one.score, weight) for one, weight in found])
    date = found[0][0].date if found else ""
    why = _why(call, weights) if clear == INDETERMINATE else ""
    return GeneResult(
        clear, weights, likely if scores.get(likely, 0.0) >= CLEAR else None, mean, sd, date, why
    )


def _stated(call: GeneCall) -> GeneResult:
    text = str(call.phenotype)
    score = call.score
    mean, sd = (math.nan, math.nan) if score is None else (score.value, 0.0)
    why = call.why or "the source says so" if text == INDETERMINATE else ""
    return GeneResult(text, {text: 1.0}, score, mean, sd, "", why)


def _moments(scores: list[tuple[ActivityScore | None, float]]) -> tuple[float, float]:
    """Mean and standard deviation over the diplotypes with a score; a lower bound counts as the score."""
    known = [(score.value, weight) for score, weight in scores if score is not None]
    total = sum(weight for _, weight in known)
    if total < CLEAR:
        return math.nan, math.nan
    mean = sum(value * weight for value, weight in known) / total
    variance = sum(weight * (value - mean) ** 2 for value, weight in known) / total
    return mean, math.sqrt(max(variance, 0.0))


def _why(call: GeneCall, weights: Mapping[str, float]) -> str:
    if not call.diplotypes:
        return call.why or "nothing was called"
    if set(weights) == {INDETERMINATE}:
        return "an allele has no known function"
    shown = sorted(weights.items(), key=lambda item: -item[1])[:3]
    possible = ", ".join(f"{name} {weight:.2f}" for name, weight in shown)
    missing = f"; {call.missing} of {call.positions} positions are missing" if call.missing else ""
    same = len(set(call.diplotypes.values())) == 1 and not has_frequencies(call.gene)
    note = "; all diplotypes weigh the same, since their frequencies are not known" if same else ""
    return f"possible are {possible}{missing}{note}"


def structural_call() -> GeneCall:
    """Call of CYP2D6 from small variants alone: none."""
    why = (
        f"small variants show no deletions, duplications and hybrids of {STRUCTURAL}; give the output of a structural "
        "caller"
    )
    return GeneCall(STRUCTURAL, "vcf", why=why)
