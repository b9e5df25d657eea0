"""Plan four designs for one question side by side: all comers, stratified, enrichment, adaptive enrichment."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from omics.common.errors import DesignError
from stratomics.enrichment.design.adaptive_size import adaptive_rule, adaptive_size
from stratomics.enrichment.design.group_sequential import GroupSequential, fixed_design
from stratomics.enrichment.design.sample_size import Size, size_of_one_test, size_of_two_tests
from stratomics.enrichment.design.trial_design import Estimand, TrialDesign, boundary_or_none
from stratomics.enrichment.plan.planned_trials import DesignRow
from stratomics.enrichment.plan.question import Question
from stratomics.enrichment.virtual.adaptive import AdaptiveTrial
from stratomics.enrichment.virtual.outcomes import TrialPlan
from stratomics.enrichment.virtual.single import AllComers, EnrichmentTrial
from stratomics.enrichment.virtual.stratified import StratifiedTrial

__all__ = ["DESIGNS", "Planned", "SideBySide", "side_by_side"]


@dataclass(frozen=True)
class Planned:
    """A design, and how virtual trials run it."""

    design: TrialDesign
    plan: TrialPlan


@dataclass(frozen=True)
class SideBySide:
    """Designs for one question.

    Attributes
    ----------
    planned
        Name -> design that can be planned.
    refused
        Name of a design that cannot be planned -> why.
    """

    planned: Mapping[str, Planned]
    refused: Mapping[str, str]

    @property
    def plans(self) -> dict[str, TrialPlan]:
        """Plans by name, as ``virtual_trials`` takes them."""
        return {name: planned.plan for name, planned in self.planned.items()}

    @property
    def rows(self) -> tuple[DesignRow, ...]:
        """One row per design: largest numbers of events, patients and assays, expected duration, cost."""
        designs = ((name, planned.design) for name, planned in self.planned.items())
        return tuple(
            DesignRow(
                name,
                design.events[-1],
                design.patients,
                design.tested,
                design.duration,
                design.cost,
                design.multiplicity,
            )
            for name, design in designs
        )

    @property
    def table(self) -> pd.DataFrame:
        """The rows as a table."""
        return pd.DataFrame([asdict(row) for row in self.rows])


def side_by_side(question: Question) -> SideBySide:
    """Plan all four designs for the same power; a design without benefit is refused, with the reason.

    Durations, and the size of the adaptive design, hold if all assumptions are true; ``virtual_trials`` shows what
    happens otherwise.

    Raises
    ------
    DesignError
        If no design can be planned.

    Examples
    --------
    >>> from stratomics.enrichment.design.assay import Assay
    >>> from stratomics.enrichment.design.setting import AssumedEffect, Setting
    >>> from stratomics.enrichment.design.step_rate import StepRate
    >>> from stratomics.enrichment.plan.question import ASSUMED
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> question = Question(
    ...     setting, AssumedEffect(0.6, 0.9), dict.fromkeys(ASSUMED, "assumed for this example"),
    ...     subgroup="score above 0.3", treatment="new drug against placebo", endpoint="survival", follow_up=12.0)
    >>> side_by_side(question).table.set_index("design").events.to_dict()
    {'all_comers': 403, 'stratified': 288, 'enrichment': 121, 'adaptive': 216}
    """
    planned, refused = {}, {}
    for name, design in DESIGNS.items():
        try:
            planned[name] = design(question)
        except DesignError as error:
            refused[name] = str(error)
    if not planned:
        raise DesignError(next(iter(refused.values())))
    return SideBySide(planned, refused)


def _all_comers(question: Question) -> Planned:
    setting, looks = question.setting, question.boundaries
    size = size_of_one_test(
        setting, setting.all_comers, question.effect, question.power, looks, question.follow_up
    )
    events, patients = math.ceil(size.events), math.ceil(size.patients)
    plan = AllComers(patients, events, looks)
    multiplicity = f"one population, {_looks(looks)}"
    return Planned(_design("all_comers", question, "all comers", multiplicity, size, 0, looks), plan)


def _enrichment(question: Question) -> Planned:
    setting, looks = question.setting, question.boundaries
    size = size_of_one_test(
        setting, setting.positive, question.effect, question.power, looks, question.follow_up
    )
    events, patients = math.ceil(size.events), math.ceil(size.patients)
    multiplicity = f"one population, {_looks(looks)}"
    design = _design(
        "enrichment",
        question,
        f"positive for: {question.subgroup}",
        multiplicity,
        size,
        math.ceil(size.candidates),
        looks,
    )
    return Planned(design, EnrichmentTrial(patients, events, looks))


def _stratified(question: Question) -> Planned:
    size = size_of_two_tests(
        question.setting, question.effect, question.power, question.alpha, question.follow_up
    )
    events, patients = math.ceil(size.events), math.ceil(size.patients)
    population = f"all comers, and among them those positive for: {question.subgroup}"
    multiplicity = "closed test of both populations, their intersection by Spiessens and Debois; one look"
    design = _design(
        "stratified", question, population, multiplicity, size, patients, fixed_design(question.alpha)
    )
    return Planned(design, StratifiedTrial(patients, events, question.alpha))


def _adaptive(question: Question) -> Planned:
    setting = question.setting
    rule = adaptive_rule(
        setting, question.effect, question.power, question.alpha, question.interim, question.seed
    )
    size = adaptive_size(setting, question.effect, rule, question.follow_up)
    patients = math.ceil(size.patients)
    population = f"all comers, or after the interim look only those positive for: {question.subgroup}"
    multiplicity = (
        "closed test of both populations, their intersection by Spiessens and Debois; two stages of log-rank scores "
        f"combined by the inverse normal method, the first with weight {rule.first_weight:.4f}; no rejection "
        "at the interim look"
    )
    final = fixed_design(question.alpha).efficacy[0]
    looks = GroupSequential(
        (rule.first_weight, 1.0), (math.inf, final), (-math.inf, -math.inf), question.alpha
    )
    design = _design("adaptive", question, population, multiplicity, size, math.ceil(size.candidates), looks)
    return Planned(design, AdaptiveTrial(patients, rule))


DESIGNS: dict[str, Callable[[Question], Planned]] = {
    "all_comers": _all_comers,
    "stratified": _stratified,
    "enrichment": _enrichment,
    "adaptive": _adaptive,
}
"""Designs by name."""


def _design(
    name: str,
    question: Question,
    population: str,
    multiplicity: str,
    size: Size,
    tested: int,
    looks: GroupSequential,
) -> TrialDesign:
    price, events, patients = question.setting.economics, math.ceil(size.events), math.ceil(size.patients)
    estimand = Estimand(
        population,
        question.treatment,
        question.endpoint,
        question.intercurrent_events,
        "hazard ratio (log-rank test)",
    )
    return TrialDesign(
        name,
        estimand,
        question.alpha,
        question.power,
        question.setting.allocation,
        multiplicity,
        patients,
        tested,
        tuple(max(1, round(events * share)) for share in looks.information),
        tuple(boundary_or_none(z) for z in looks.efficacy),
        # At the last look the trial ends in either case.
        (*(boundary_or_none(z) for z in looks.futility[:-1]), None),
        size.duration,
        price.patient * patients + price.test * tested + price.time * size.duration,
        question.assumptions,
    )


def _looks(looks: GroupSequential) -> str:
    if looks.looks == 1:
        return "one look"
    shares = ", ".join(f"{share:.3g}" for share in looks.information)
    return f"{looks.looks} looks at {shares} of the events"
