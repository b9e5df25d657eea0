"""Events and patients that an adaptive enrichment trial needs."""

from __future__ import annotations

import math

from omics.common.errors import DesignError
from stratomics.enrichment.design.adaptive_enrichment import AdaptiveEnrichment
from stratomics.enrichment.design.checks import require_power, require_share
from stratomics.enrichment.design.sample_size import Size
from stratomics.enrichment.design.setting import AssumedEffect, Setting

__all__ = ["adaptive_rule", "adaptive_size"]

MAX_EVENTS = 1 << 20
"""Largest number of events that is tried."""


def adaptive_rule(
    setting: Setting,
    effect: AssumedEffect,
    power: float,
    alpha: float,
    interim: float,
    seed: int,
    trials: int = 20_000,
) -> AdaptiveEnrichment:
    """Find the fewest events with which an adaptive enrichment trial has the power to reject any null hypothesis.

    Parameters
    ----------
    setting, effect
        Assay, allocation and assumed effect. Patients who test positive or negative have the mean log hazard ratio of
        their group.
    power, alpha
        Power to reject any null hypothesis; `alpha` is one-sided and familywise.
    interim
        Share of the events at the interim look.
    seed, trials
        Seed and number of simulated trials. All numbers of events use the same draws, so that power is a nearly smooth
        function of them.

    Returns
    -------
    AdaptiveEnrichment
        The design with the fewest events.

    Raises
    ------
    DesignError
        If there is no benefit to show, or the effect is too small to plan for.
    """
    require_power(power, alpha)
    require_share("the share of events at the interim look", interim)
    inside = math.exp(setting.positive.log_ratio(effect))
    outside = math.exp(setting.negative.log_ratio(effect))
    if min(inside, outside) >= 1.0:
        raise DesignError(
            "the hazard ratio is 1 or above for a positive and for a negative test: there is no benefit to show"
        )

    def rule(events: int) -> AdaptiveEnrichment:
        return AdaptiveEnrichment(
            setting.assay.positive,
            (float(round(interim * events)), float(events)),
            alpha=alpha,
            allocation=setting.allocation,
        )

    def enough(events: int) -> bool:
        return rule(events).simulate(inside, outside, trials, seed).any_rejected >= power

    few, many = max(2, math.ceil(1.0 / interim)), 64
    while not enough(many):
        few, many = many, 2 * many
        if many > MAX_EVENTS:
            raise DesignError(
                f"{MAX_EVENTS} events are too few for power {power:g}; the effect is too small to plan for"
            )
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return rule(many)


def adaptive_size(
    setting: Setting, effect: AssumedEffect, rule: AdaptiveEnrichment, follow_up: float
) -> Size:
    """Patients and duration that give the events of both stages, for any selection at the interim look.

    A second stage of test-positive patients only needs the same number of events from fewer patients. Test-positive
    patients are enrolled at the same rate before and after the interim look, so that their number follows from their
    calendar.

    Parameters
    ----------
    setting, effect
        Assay, allocation, enrolment and assumed effect.
    rule
        The adaptive design.
    follow_up
        Follow-up of the last patient, in the unit of the rates.

    Returns
    -------
    Size
        Events, patients, candidates and duration: the larger of what each selection needs.
    """
    all_comers, positive = (
        setting.calendar(setting.all_comers, effect),
        setting.calendar(setting.positive, effect),
    )
    first, last = rule.events
    unselected = all_comers.patients(last, follow_up)
    interim = all_comers.duration(unselected, first)
    before = all_comers.randomised(unselected, interim)
    positive_events = positive.events(before * setting.positive.taken, interim)
    positives = positive.patients(positive_events + last - first, follow_up)
    most = max(unselected, positives + before * setting.negative.taken)
    candidates = before + (most - before) / setting.positive.taken
    duration = max(all_comers.accrual_time(unselected), positive.accrual_time(positives)) + follow_up
    return Size(last, most, candidates, duration)
