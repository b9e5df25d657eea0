"""What every design for one question shares: the disease, the assay, who comes, what it costs."""

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
    """True hazard ratios, treated against control, of those who belong to the subgroup and of those who do not."""

    inside: float
    outside: float

    def __post_init__(self) -> None:
        require_above_zero("the hazard ratio inside the subgroup", self.inside)
        require_above_zero("the hazard ratio outside the subgroup", self.outside)


@dataclass(frozen=True)
class Population:
    """Whom a trial enrols: the share that truly belongs to the subgroup, and the share of candidates that is taken."""

    belonging: float
    taken: float

    def log_ratio(self, effect: AssumedEffect) -> float:
        """Mean log hazard ratio, where everybody counts the same."""
        return self.belonging * math.log(effect.inside) + (1.0 - self.belonging) * math.log(effect.outside)


@dataclass(frozen=True)
class Economics:
    """Costs and worth, in one unit.

    Attributes
    ----------
    patient, test, time
        Cost of one patient in the trial, of one assay, of a unit of time until the analysis.
    benefit
        Worth of lowering the log hazard of all future patients by 1; where it is lowered in some, their share of it.
    """

    patient: float = 1.0
    test: float = 0.0
    time: float = 0.0
    benefit: float = 1000.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0.0 <= value < math.inf:
                raise DesignError(f"{field.name} costs {value:g}; it must be a number of at least 0")


@dataclass(frozen=True)
class Setting:
    """Disease, assay, candidates and costs.

    Parameters
    ----------
    assay
        Who belongs to the subgroup and who is seen to; without faults unless said.
    inside, outside
        Hazard of the controls who truly belong and who do not, such as ``StepRate.of_survival`` of recalibrated curves.
    candidates
        Patients a unit of time that an all-comers trial could randomise.
    dropout
        Hazard of being lost; 0 if nobody is.
    allocation
        Share randomised to treatment.
    longest
        Time after which a trial is analysed whatever events it has.
    economics
        Costs and worth.

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
            raise DesignError(f"the hazard of dropping out is {self.dropout:g}; it must be at least 0")
        if not self.longest > 0.0:
            raise DesignError(f"a trial may last {self.longest:g} at most; it must be above 0")

    @property
    def all_comers(self) -> Population:
        """All comers."""
        return Population(self.assay.prevalence, 1.0)

    @property
    def positive(self) -> Population:
        """Those who test positive."""
        return Population(self.assay.positive_predictive_value, self.assay.positive)

    @property
    def negative(self) -> Population:
        """Those who test negative."""
        return Population(self.assay.false_omission_rate, 1.0 - self.assay.positive)

    def calendar(self, population: Population, effect: AssumedEffect) -> Calendar:
        """Calendar of a trial that enrols `population`."""
        groups = []
        for belonging, hazard, ratio in (
            (population.belonging, self.inside, effect.inside),
            (1.0 - population.belonging, self.outside, effect.outside),
        ):
            groups.append(Group(belonging * (1.0 - self.allocation), hazard))
            groups.append(Group(belonging * self.allocation, hazard.times(ratio)))
        return Calendar(tuple(groups), self.candidates.times(population.taken), self.dropout)
