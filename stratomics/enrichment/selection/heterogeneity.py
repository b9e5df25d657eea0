"""Evidence for heterogeneity of the treatment effect: several scores, adjusted for their number, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from stratomics.enrichment.selection.targeting_curve import Rate
from stratomics.evaluation.p_values import holm

__all__ = ["HeterogeneityEvidence", "evidence_of"]

LEVEL = 0.05


@dataclass(frozen=True)
class HeterogeneityEvidence:
    """Evidence from one score among those that were examined.

    Attributes
    ----------
    name
        Name of the score.
    p, p_adjusted
        p value of its AUTOC, and the same after Holm's adjustment for all scores that were examined.
    sentence
        What that allows to conclude.
    """

    name: str
    p: float
    p_adjusted: float
    sentence: str


def evidence_of(rates: Mapping[str, Rate], looked_at: int | None = None) -> list[HeterogeneityEvidence]:
    """Say what each score shows, among all scores that were examined.

    Parameters
    ----------
    rates
        Name of a score -> its rank-weighted average treatment effects.
    looked_at
        Number of scores that were examined, if more than those given; the others count as showing less.

    Returns
    -------
    list of HeterogeneityEvidence
        One per score, in the order given.
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
        return f"{name}: ranks patients first who benefit least, {area}, p {p:.2g}; check the direction of the score"
    if adjusted >= LEVEL:
        return (
            f"{name}: nominally p {p:.2g}, {area}, but {adjusted:.2g} after adjustment for {number} scores: "
            "a hypothesis to test in other patients, not a finding"
        )
    alone = "the only score examined" if number == 1 else f"{adjusted:.2g} adjusted for {number} scores"
    return f"{name}: evidence of heterogeneity, {area}, p {p:.2g} ({alone}); it needs confirmation in other patients"
