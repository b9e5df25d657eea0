"""How many events and patients an adaptive enrichment trial needs."""

from __future__ import annotations

import math

from omics.common.errors import DesignError
from stratomics.enrichment.design.adaptive_enrichment import AdaptiveEnrichment
from stratomics.enrichment.design.checks import require_power, require_share
from stratomics.enrichment.design.sample_size import Size
from stratomics.enrichment.design.setting import AssumedEffect, Setting

__all__ = ["adaptive_rule", "adaptive_size"]

MOST = 1 << 20
"""Events that a trial may be asked for."""


def adaptive_rule(
    setting: Setting,
    effect: AssumedEffect,
    power: float,
    alpha: float,
    interim: float,
    seed: int,
    trials: int = 20_000,
) -> AdaptiveEnrichment:
    """Find the fewest events with which an adaptive trial of positives and all comers rejects any null.

    Parameters
    ----------
    setting, effect
        Assay, allocation, and what treatment does; of those who test positive or negative the mean log hazard ratio.
    power, alpha
        `alpha` is one-sided and familywise.
    interim
        Share of the events at the interim look.
    seed, trials
        Of the simulation; all numbers of events see the same draws, so that power hardly wavers along them.
    """
    require_power(power, alpha)
    require_share("the share of events at the interim look", interim)
    inside = math.exp(setting.positive.log_ratio(effect))
    outside = math.exp(setting.negative.log_ratio(effect))
    if min(inside, outside) >= 1.0:
        raise DesignError(
            "the hazard ratio is 1 or above whether the test is positive or not: no benefit to show"
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
        if many > MOST:
            raise DesignError(
                f"{MOST} events are too few for power {power:g}; the effect is too small to plan for"
            )
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return rule(many)


def adaptive_size(
    setting: Setting, effect: AssumedEffect, rule: AdaptiveEnrichment, follow_up: float
) -> Size:
    """Patients and time that bring the events of both stages, whoever is gone on with.

    The second stage of positives alone asks for as many events of fewer people. Positives come at the same pace before
    the interim look and after, so that their number follows from their own calendar.
    """
    everybody, positive = (
        setting.calendar(setting.all_comers, effect),
        setting.calendar(setting.positive, effect),
    )
    first, last = rule.events
    all_along = everybody.patients(last, follow_up)
    interim = everybody.duration(all_along, first)
    before = everybody.randomised(all_along, interim)
    still_to_come = positive.events(before * setting.positive.taken, interim)
    positives = positive.patients(still_to_come + last - first, follow_up)
    most = max(all_along, positives + before * setting.negative.taken)
    candidates = before + (most - before) / setting.positive.taken
    duration = max(everybody.accrual_time(all_along), positive.accrual_time(positives)) + follow_up
    return Size(last, most, candidates, duration)
