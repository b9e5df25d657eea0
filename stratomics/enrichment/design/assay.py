"""Enrichment against all-comers where the assay that tells patients apart is imperfect."""

from __future__ import annotations

from dataclasses import dataclass

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_share

__all__ = ["Assay", "Enrichment"]


@dataclass(frozen=True)
class Enrichment:
    """What enrolling only positives saves, at equal power.

    Simon and Maitournam 2004, doi 10.1158/1078-0432.CCR-04-0496.

    Attributes
    ----------
    effect_enriched, effect_all_comers
        Mean effect among those enrolled, in units of the effect inside the subgroup.
    size_ratio
        Patients randomised by an all-comers trial for each one of the enrichment trial.
    screening_ratio
        Patients randomised by an all-comers trial for each one *screened* by the enrichment trial: below 1, more are
        screened than the other would have randomised.
    """

    effect_enriched: float
    effect_all_comers: float
    size_ratio: float
    screening_ratio: float


@dataclass(frozen=True)
class Assay:
    """Who truly belongs to the subgroup, and who tests positive.

    Parameters
    ----------
    prevalence
        Share of patients who truly belong, between 0 and 1.
    sensitivity, specificity
        Share of those inside who test positive, of those outside who test negative; together above 1.

    Raises
    ------
    DesignError
        If a share is none, or a positive test says nothing.

    Examples
    --------
    >>> assay = Assay(0.25, sensitivity=0.8, specificity=0.8)
    >>> round(assay.positive_predictive_value, 3)
    0.571
    >>> saved = assay.enrichment(outside=0.0)
    >>> round(saved.size_ratio, 2), round(saved.screening_ratio, 2)
    (5.22, 1.83)
    """

    prevalence: float
    sensitivity: float = 1.0
    specificity: float = 1.0

    def __post_init__(self) -> None:
        require_share("the prevalence", self.prevalence)
        for name, value in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            if not 0.0 < value <= 1.0:
                raise DesignError(f"{name} is {value:g}; it must lie above 0 and be at most 1")
        if self.sensitivity + self.specificity <= 1.0:
            raise DesignError(
                f"sensitivity {self.sensitivity:g} and specificity {self.specificity:g} add up to 1 or less: "
                "a positive test would say nothing; turn the test round or use another"
            )

    @property
    def positive(self) -> float:
        """Share of patients who test positive."""
        return self.prevalence * self.sensitivity + (1.0 - self.prevalence) * (1.0 - self.specificity)

    @property
    def positive_predictive_value(self) -> float:
        """Share of those who test positive that truly belong."""
        return self.prevalence * self.sensitivity / self.positive

    @property
    def false_omission_rate(self) -> float:
        """Share of those who test negative that truly belong."""
        return (
            self.prevalence * (1.0 - self.sensitivity) / (1.0 - self.positive) if self.positive < 1.0 else 0.0
        )

    def enrichment(self, outside: float) -> Enrichment:
        """Compare the two trials where the effect outside is `outside` times that inside: 0 none, 1 the same.

        Effects are on a scale where they average, such as a difference of means; of log hazard ratios it is an
        approximation.
        """
        enriched = _mixed(self.positive_predictive_value, outside)
        everybody = _mixed(self.prevalence, outside)
        if enriched == 0.0 or everybody == 0.0:
            raise DesignError(
                f"with {outside:g} times the effect outside the effects cancel to zero; no size would show them"
            )
        size = (enriched / everybody) ** 2
        return Enrichment(enriched, everybody, size, size * self.positive)


def _mixed(inside: float, outside_effect: float) -> float:
    return inside + (1.0 - inside) * outside_effect
