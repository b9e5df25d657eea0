"""The effect of treatment in words: one primary estimate for each part of the patients, and why others differ."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.result import EnrichmentResult

__all__ = ["PrimaryEffects", "effect_text", "primary_effects"]


@dataclass(frozen=True)
class PrimaryEffects:
    """The primary estimates, which every part of the report names.

    Attributes
    ----------
    measure
        Measure of effect in words.
    patients
        Number of patients of both arms.
    everyone, inside, outside
        In all patients; inside the rule, by cross-fitted rules and corrected for the choice of the cut where there was
        one; outside it, by cross-fitted rules.
    corrected
        Whether the effect inside is corrected for the choice of the cut.
    """

    measure: str
    patients: int
    everyone: Effect
    inside: Effect
    outside: Effect | None
    corrected: bool

    @property
    def how(self) -> str:
        """How the effect inside is estimated, in a few words."""
        return "cross-fitted and corrected for the choice of the cut" if self.corrected else "cross-fitted"

    def sentence(self, names: tuple[str, str]) -> str:
        """Write all of them in one sentence.

        Parameters
        ----------
        names
            Names of the control and of the treated arm.

        Returns
        -------
        str
            Two sentences, the second on how they are estimated.
        """
        outside = "" if self.outside is None else f" and {effect_text(self.outside)} outside it"
        inside = "Inside and outside are cross-fitted: each rule is applied to patients it was not made from"
        correction = "; inside is also corrected for the choice of the cut" if self.corrected else ""
        return (
            f"{self.measure[0].upper()}{self.measure[1:]}, {names[1]} to {names[0]} (95% interval): "
            f"{effect_text(self.everyone)} in all {self.patients} patients, {effect_text(self.inside)} inside the rule"
            f"{outside}. {inside}{correction}."
        )


def primary_effects(result: EnrichmentResult) -> PrimaryEffects:
    """Collect the primary estimates of an enrichment: the least biased ones that it has.

    Parameters
    ----------
    result
        An enrichment.

    Returns
    -------
    PrimaryEffects
    """
    return PrimaryEffects(
        result.measure_label,
        result.patients,
        result.rows[0].inside,
        result.corrected,
        result.chosen.outside,
        result.search is not None,
    )


def effect_text(effect: Effect | None) -> str:
    """Write an effect with its interval, with two decimals.

    Examples
    --------
    >>> effect_text(Effect(0.648, 0.419, 1.002, 0.2)), effect_text(None)
    ('0.65 (0.42 to 1.00)', 'not estimable')
    """
    if effect is None or not math.isfinite(effect.estimate):
        return "not estimable"
    return f"{effect.estimate:.2f} ({effect.low:.2f} to {effect.high:.2f})"
