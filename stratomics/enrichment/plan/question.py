"""Question: what all designs of a survival trial answer, and the assumptions behind their sizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from omics.common.errors import DesignError
from stratomics.enrichment.design.group_sequential import GroupSequential, fixed_design
from stratomics.enrichment.design.setting import AssumedEffect, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.design.trial_design import Assumption

__all__ = ["ASSUMED", "Question"]


@dataclass(frozen=True)
class Question:
    """The question that all designs answer.

    Parameters
    ----------
    setting
        Disease, assay, candidates, costs.
    effect
        Hazard ratios to plan for, inside and outside the subgroup; they should be corrected for the
        choice of the subgroup.
    sources
        Where each assumption comes from, by its name in :data:`ASSUMED`.
    subgroup, treatment, endpoint
        In words, for the estimand.
    power, alpha
        Power to reject any hypothesis; `alpha` is one-sided and familywise.
    looks
        Boundaries of the two designs that test one population; one look at the end if None.
    interim
        Share of the events at which the adaptive design selects.
    follow_up
        Follow-up of the last patient, in the unit of the rates.
    intercurrent_events
        How they are handled, for the estimand.
    seed
        Seed of the simulations that size the adaptive design.
    """

    setting: Setting
    effect: AssumedEffect
    sources: Mapping[str, str]
    subgroup: str
    treatment: str
    endpoint: str
    follow_up: float
    power: float = 0.8
    alpha: float = 0.025
    looks: GroupSequential | None = None
    interim: float = 0.4
    intercurrent_events: str = (
        "treatment policy: all patients are followed and counted; loss to follow-up is uninformative"
    )
    seed: int = 0

    def __post_init__(self) -> None:
        missing = [name for name in ASSUMED if not self.sources.get(name, "").strip()]
        if missing:
            raise DesignError(
                f"no source for {', '.join(missing)}; state for each where it comes from, or who assumed it"
            )
        if self.looks is not None and self.looks.alpha != self.alpha:
            raise DesignError(
                f"the looks use alpha {self.looks.alpha:g} and the question {self.alpha:g}; they must agree"
            )

    @property
    def boundaries(self) -> GroupSequential:
        """Looks of the designs that test one population."""
        return fixed_design(self.alpha) if self.looks is None else self.looks

    @property
    def assumptions(self) -> tuple[Assumption, ...]:
        """Each with its source."""
        return tuple(Assumption(name, value(self), self.sources[name]) for name, value in ASSUMED.items())


ASSUMED: dict[str, Callable[[Question], float | str]] = {
    "hazard ratio inside": lambda q: q.effect.inside,
    "hazard ratio outside": lambda q: q.effect.outside,
    "prevalence": lambda q: q.setting.assay.prevalence,
    "sensitivity": lambda q: q.setting.assay.sensitivity,
    "specificity": lambda q: q.setting.assay.specificity,
    "hazard of controls inside": lambda q: _steps(q.setting.inside),
    "hazard of controls outside": lambda q: _steps(q.setting.outside),
    "candidates": lambda q: _steps(q.setting.candidates),
    "dropout": lambda q: q.setting.dropout,
}
"""What the size of a trial is based on: name -> its value in a question."""


def _steps(rate: StepRate) -> str:
    return "; ".join(
        f"{value:.4g} from {start:g}" for start, value in zip(rate.starts, rate.rates, strict=True)
    )
