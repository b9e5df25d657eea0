"""Groups of patients in the report: survival, response and treatment effect of each, and what groups lose."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omics.cohort.endpoints import Survival
from stratomics.report.figures.curve_groups import curve_groups, curves_table
from stratomics.report.figures.forest import ForestRow, forest
from stratomics.report.figures.style import NARROW
from stratomics.report.figures.survival_curves import survival_figure
from stratomics.report.figures.time_axis import time_axis
from stratomics.report.section import Block, Panel, Table
from stratomics.report.sections.subtypes_flow import group_colours
from stratomics.report.sections.subtypes_patients import OWN
from stratomics.report.text.metrics import interval
from stratomics.report.text.numbers import p_value
from stratomics.strata.groups.arm_interaction import ArmEffect
from stratomics.strata.groups.findings import OutcomeByGroup, StoredGroups
from stratomics.strata.groups.outcomes import GroupTest

__all__ = ["loss_sentence", "outcome_blocks", "outcome_sentences"]


def outcome_sentences(outcome: OutcomeByGroup) -> list[str]:
    """State whether the groups differ in an endpoint, and what they lose against the factors."""
    sentences = [] if outcome.test is None else [_test_sentence(outcome, outcome.test)]
    return [*sentences, loss_sentence(outcome)] if outcome.losses else sentences


def _test_sentence(outcome: OutcomeByGroup, test: GroupTest) -> str:
    """State the test of equal outcomes of the groups."""
    if not test.degrees:
        return f"The groups cannot be compared by {outcome.name}: each site has patients of one group only."
    name = "log-rank test" if outcome.kind == Survival.kind else "Cochran-Mantel-Haenszel test"
    within = f", within {test.strata} sites" if test.strata > 1 else ""
    return (
        f"Difference of {outcome.name} between the groups: {p_value(test.p)} by {test.draws} permutations of the "
        f"{name}{within} (chi-squared {test.statistic:.2f}, {_degrees(test.degrees)}, large-sample "
        f"{p_value(test.p_large_sample)})."
    )


def _degrees(number: int) -> str:
    return f"{number} degree{'' if number == 1 else 's'} of freedom"


def loss_sentence(outcome: OutcomeByGroup) -> str:
    """State what groups lose against the continuous factors, by the first metric."""
    first = outcome.losses[0]
    lost = first.loss
    clear = "low" in lost and (lost["low"] > 0 or lost["high"] < 0)
    verdict = (
        "the interval includes 0"
        if not clear
        else "groups predict worse"
        if lost["estimate"] > 0
        else "groups predict better"
    )
    return (
        f"Predicting {outcome.name} in cross-validation, groups have {first.label} {interval(first.groups)} and "
        f"the continuous factors {interval(first.factors)}: groups lose {interval(lost, '+')}; {verdict}."
    )


def outcome_blocks(stored: StoredGroups) -> list[Block]:
    """Show each endpoint: curves or rates, the test, effects by arm, and the loss against the factors."""
    blocks: list[Block] = []
    for number, one in enumerate(stored.findings.outcomes):
        if one.test is not None:
            blocks.append(_test_sentence(one, one.test))
        if one.test is not None:
            blocks.append(
                _survival(stored, one, number) if one.kind == Survival.kind else _response(one, number)
            )
        if one.interaction is not None:
            blocks.append(
                f"Treatment effect on {one.name} by group: {p_value(one.interaction.p)} for the interaction of group "
                f"and arm (likelihood ratio test, {_degrees(one.interaction.degrees)})."
            )
            blocks.append(_arms(one, one.interaction.effects, number))
        blocks += [f"Note: {note}." for note in one.notes]
    losses = [one for one in stored.findings.outcomes if one.losses]
    if losses:
        blocks += [loss_sentence(one) for one in losses]
        blocks.append(_losses(losses))
    return blocks


def _survival(stored: StoredGroups, outcome: OutcomeByGroup, number: int) -> Panel:
    table, names = stored.tables.outcomes, list(stored.findings.sizes)
    time = table[f"{outcome.name}.time"].to_numpy(dtype=np.float64)
    event = table[f"{outcome.name}.event"].astype("boolean").fillna(value=False).to_numpy(dtype=bool)
    entry = f"{outcome.name}.entry"
    given = table[entry].to_numpy(dtype=np.float64) if entry in table else None
    survival = Survival(time, event, ~np.isnan(time), outcome.unit, entry=given)
    rows = np.flatnonzero(survival.observed)
    code = np.array([names.index(one) for one in stored.tables.groups[OWN].to_numpy()[rows]], dtype=np.int64)
    part = survival.take(rows)
    groups = curve_groups(part, code, names, group_colours(len(names)))
    axis = time_axis(float(part.time.max()), outcome.unit)
    lines = [] if outcome.test is None else [f"Log-rank {p_value(outcome.test.p)}", "(permuted)"]
    return Panel(
        f"groups-survival-{number}",
        f"Kaplan-Meier curves of {outcome.name} by group",
        survival_figure(groups, axis, lines),
        f"{outcome.name.capitalize()} of the patients of each group, with pointwise 95% bands, a mark for each "
        "censored patient, and numbers at risk. The groups were learned without outcomes, so that the test is valid.",
        curves_table(groups, axis.unit),
    )


def _response(outcome: OutcomeByGroup, number: int) -> Panel:
    colours = group_colours(len(outcome.rates))
    rows = [
        ForestRow(
            f"{one.group} ({one.positive} of {one.patients})",
            100 * one.rate,
            100 * one.low,
            100 * one.high,
            f"{one.rate:.0%} ({one.low:.0%} to {one.high:.0%})",
            colour,
        )
        for one, colour in zip(outcome.rates, colours, strict=True)
    ]
    table = pd.DataFrame(
        {
            "group": [one.group for one in outcome.rates],
            "patients": [one.patients for one in outcome.rates],
            "positive": [one.positive for one in outcome.rates],
            "rate": [one.rate for one in outcome.rates],
            "low": [one.low for one in outcome.rates],
            "high": [one.high for one in outcome.rates],
        }
    )
    return Panel(
        f"groups-response-{number}",
        f"Positive {outcome.name} by group",
        forest(rows, "Positive (%)", "Rate (95% interval)", width=NARROW),
        f"Share of patients with a positive {outcome.name} in each group, with exact 95% intervals.",
        table,
    )


def _arms(outcome: OutcomeByGroup, effects: tuple[ArmEffect, ...], number: int) -> Panel:
    ratio = "hazard ratio" if outcome.kind == Survival.kind else "odds ratio"
    colours = group_colours(len(effects))
    rows = [
        ForestRow(
            f"{one.group} ({one.treated} against {one.control})",
            one.ratio,
            one.low,
            one.high,
            "not estimable" if np.isnan(one.ratio) else f"{one.ratio:.2f} ({one.low:.2f} to {one.high:.2f})",
            colour,
        )
        for one, colour in zip(effects, colours, strict=True)
    ]
    table = pd.DataFrame(
        {
            "group": [one.group for one in effects],
            "treated": [one.treated for one in effects],
            "control": [one.control for one in effects],
            ratio: [one.ratio for one in effects],
            "low": [one.low for one in effects],
            "high": [one.high for one in effects],
        }
    )
    return Panel(
        f"groups-arms-{number}",
        f"Treatment effect on {outcome.name} by group",
        forest(
            rows,
            f"{ratio.capitalize()}, treated to control",
            "Ratio (95% interval)",
            reference=1.0,
            ratio=True,
        ),
        f"{ratio.capitalize()} of treated to control patients in each group, with the numbers of both. A difference "
        "between groups is tested by the interaction, and not by comparing intervals.",
        table,
    )


def _losses(outcomes: list[OutcomeByGroup]) -> Table:
    rows = [
        (
            one.name,
            f"{loss.label} ({'higher' if loss.higher_is_better else 'lower'} is better)",
            interval(loss.groups),
            interval(loss.factors),
            interval(loss.loss, "+"),
        )
        for one in outcomes
        for loss in one.losses
    ]
    return Table(
        "groups-loss",
        "What groups lose against the continuous factors that they were cut from, in the same cross-validation by the "
        "same regression, with 95% intervals; positive: the factors predict better",
        pd.DataFrame(rows, columns=["outcome", "metric", "groups", "factors", "loss"]),
    )
