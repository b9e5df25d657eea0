"""Efficiency of an enrichment trial compared with an all-comers trial, with an imperfect assay."""

from __future__ import annotations

from dataclasses import dataclass

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_share

__all__ = ["Assay", "EnrichmentSizes"]


@dataclass(frozen=True)
class EnrichmentSizes:
    """Efficiency of enrolling test-positive patients only, at equal power.

    Simon and Maitournam 2004, doi 10.1158/1078-0432.CCR-04-0496.

    Attributes
    ----------
    effect_enriched, effect_all_comers
        Mean effect among enrolled patients, as a multiple of the effect inside the subgroup.
    size_ratio
        Patients randomised by the all-comers trial for each patient randomised by the enrichment trial.
    screening_ratio
        Patients randomised by the all-comers trial for each patient *screened* by the enrichment trial. Below 1, the
        enrichment trial screens more patients than the all-comers trial randomises.
    """

    effect_enriched: float
    effect_all_comers: float
    size_ratio: float
    screening_ratio: float


@dataclass(frozen=True)
class Assay:
    """Assay for membership of the subgroup.

    Parameters
    ----------
    prevalence
        Share of patients in the subgroup, between 0 and 1.
    sensitivity, specificity
        Share of patients inside the subgroup who test positive, and of patients outside who test negative; their sum
        is above 1.

    Raises
    ------
    DesignError
        If a share is out of range, or a positive test carries no information.

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
                "a positive test carries no information; invert the test or use another one"
            )

    @property
    def positive(self) -> float:
        """Share of patients who test positive."""
        return self.prevalence * self.sensitivity + (1.0 - self.prevalence) * (1.0 - self.specificity)

    @property
    def positive_predictive_value(self) -> float:
        """Share of test-positive patients who are in the subgroup."""
        return self.prevalence * self.sensitivity / self.positive

    @property
    def false_omission_rate(self) -> float:
        """Share of test-negative patients who are in the subgroup."""
        return (
            self.prevalence * (1.0 - self.sensitivity) / (1.0 - self.positive) if self.positive < 1.0 else 0.0
        )

    def enrichment(self, outside: float) -> EnrichmentSizes:
        """Compare the two trials, with the effect outside as a multiple `outside` of the effect inside.

        A value of 0 means no effect outside, and 1 the same effect. Effects must be on a scale on which they can be
        averaged, such as a difference of means; for log hazard ratios the result is an approximation.
        """
        enriched = _mean_effect(self.positive_predictive_value, outside)
        all_comers = _mean_effect(self.prevalence, outside)
        if enriched == 0.0 or all_comers == 0.0:
            raise DesignError(
                f"with {outside:g} times the effect outside, the effects cancel to zero; no sample size would show them"
            )
        size = (enriched / all_comers) ** 2
        return EnrichmentSizes(enriched, all_comers, size, size * self.positive)


def _mean_effect(inside: float, outside_effect: float) -> float:
    return inside + (1.0 - inside) * outside_effect
