"""Assumptions shared by all designs for one question: disease, assay, enrolment and costs."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

from omics.common.errors import DesignError
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.calendar import Calendar, Group
from stratomics.enrichment.design.checks import require_above_zero, require_share
from stratomics.enrichment.design.step_rate import StepRate

__all__ = ["AssumedEffect", "Economics", "Population", "Setting"]


@dataclass(frozen=True)
class AssumedEffect:
    """Assumed hazard ratios of treated to control, inside and outside the subgroup."""

    inside: float
    outside: float

    def __post_init__(self) -> None:
        require_above_zero("the hazard ratio inside the subgroup", self.inside)
        require_above_zero("the hazard ratio outside the subgroup", self.outside)


@dataclass(frozen=True)
class Population:
    """Population that a trial enrols.

    Attributes
    ----------
    belonging
        Share of the enrolled patients who are in the subgroup.
    taken
        Share of the candidates who are eligible.
    """

    belonging: float
    taken: float

    def log_ratio(self, effect: AssumedEffect) -> float:
        """Mean log hazard ratio, with equal weight for all patients."""
        return self.belonging * math.log(effect.inside) + (1.0 - self.belonging) * math.log(effect.outside)


@dataclass(frozen=True)
class Economics:
    """Costs and benefit, in one unit.

    Attributes
    ----------
    patient, test, time
        Cost of one patient in the trial, of one assay, and of one unit of time until the analysis.
    benefit
        Value of lowering the log hazard of all future patients by 1; proportional to the share of treated patients.
    """

    patient: float = 1.0
    test: float = 0.0
    time: float = 0.0
    benefit: float = 1000.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 <= value < math.inf:
                raise DesignError(f"the cost '{field.name}' is {value:g}; it must be a number of at least 0")


@dataclass(frozen=True)
class Setting:
    """Disease, assay, candidates and costs.

    Parameters
    ----------
    assay
        Prevalence of the subgroup, and accuracy of its assay.
    inside, outside
        Hazard of the controls inside and outside the subgroup, such as ``StepRate.of_survival`` of recalibrated curves.
    candidates
        Patients per unit of time that an all-comers trial could randomise.
    dropout
        Hazard of dropout; 0 for no dropout.
    allocation
        Share of patients randomised to treatment.
    longest
        Time after which a trial is analysed with the events that it has.
    economics
        Costs and benefit.

    Examples
    --------
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> setting.positive.taken, setting.positive.belonging
    (0.4, 1.0)
    >>> round(setting.calendar(setting.positive, AssumedEffect(0.6, 1.0)).duration(300, events=160), 1)
    30.6
    """

    assay: Assay
    inside: StepRate
    outside: StepRate
    candidates: StepRate
    dropout: float = 0.0
    allocation: float = 0.5
    longest: float = math.inf
    economics: Economics = Economics()

    def __post_init__(self) -> None:
        require_share("the allocation", self.allocation)
        if not 0.0 <= self.dropout < math.inf:
            raise DesignError(f"the hazard of dropout is {self.dropout:g}; it must be at least 0")
        if not self.longest > 0.0:
            raise DesignError(f"the longest duration of a trial is {self.longest:g}; it must be above 0")

    @property
    def all_comers(self) -> Population:
        """All comers."""
        return Population(self.assay.prevalence, 1.0)

    @property
    def positive(self) -> Population:
        """Patients who test positive."""
        return Population(self.assay.positive_predictive_value, self.assay.positive)

    @property
    def negative(self) -> Population:
        """Patients who test negative."""
        return Population(self.assay.false_omission_rate, 1.0 - self.assay.positive)

    def calendar(self, population: Population, effect: AssumedEffect) -> Calendar:
        """Calendar of a trial that enrols `population`."""
        groups = []
        for belonging, hazard, ratio in (
            (population.belonging, self.inside, effect.inside),
            (1.0 - population.belonging, self.outside, effect.outside),
        ):
            groups.append(Group(belonging * (1.0 - self.allocation), hazard))
            groups.append(Group(belonging * self.allocation, hazard.scaled(ratio)))
        return Calendar(tuple(groups), self.candidates.scaled(population.taken), self.dropout)
