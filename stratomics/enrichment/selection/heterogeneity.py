"""What may be said of heterogeneity: several priorities side by side, with their multiplicity and in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stratomics.enrichment.selection.targeting_curve import Rate
from stratomics.evaluation.multiplicity import holm

__all__ = ["HeterogeneityEvidence", "evidence_of"]

LEVEL = 0.05


@dataclass(frozen=True)
class HeterogeneityEvidence:
    """One priority among those that were looked at.

    Attributes
    ----------
    name, p, p_adjusted
        Of the priority, its p value of AUTOC, and that adjusted for all that were looked at, by Holm.
    sentence
        What that allows to say.
    """

    name: str
    p: float
    p_adjusted: float
    sentence: str


def evidence_of(rates: Mapping[str, Rate], looked_at: int | None = None) -> list[HeterogeneityEvidence]:
    """Say what each priority shows, of all that were looked at.

    Parameters
    ----------
    rates
        Name of a priority -> what it is worth.
    looked_at
        How many were looked at altogether, if more than are given here; the others count as having shown less.
    """
    number = max(len(rates), looked_at or 0)
    p = np.array([rate.p_autoc for rate in rates.values()] + [1.0] * (number - len(rates)))
    adjusted = holm(p)[: len(rates)]
    return [
        HeterogeneityEvidence(name, rate.p_autoc, float(a), _sentence(name, rate, float(a), number))
        for (name, rate), a in zip(rates.items(), adjusted, strict=True)
    ]


def _sentence(name: str, rate: Rate, adjusted: float, number: int) -> str:
    p, area = rate.p_autoc, f"AUTOC {rate.autoc.estimate:.3g} ({rate.autoc.low:.3g} to {rate.autoc.high:.3g})"
    if p >= LEVEL:
        return f"{name}: no credible heterogeneity, {area}, p {p:.2g}"
    if rate.autoc.estimate < 0:
        return f"{name}: puts those first who benefit least, {area}, p {p:.2g}; the order may be the wrong way round"
    if adjusted >= LEVEL:
        return (
            f"{name}: nominally p {p:.2g}, {area}, but {adjusted:.2g} after adjustment for {number} priorities: "
            "a hint to be tested in other patients, not a finding"
        )
    alone = (
        "the only priority looked at" if number == 1 else f"{adjusted:.2g} adjusted for {number} priorities"
    )
    return f"{name}: evidence of heterogeneity, {area}, p {p:.2g} ({alone}); it wants confirmation in other patients"
