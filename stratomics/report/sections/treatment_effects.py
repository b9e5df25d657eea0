"""The report's section on the effect of treatment: outcomes by arm, in all patients and on both sides of the rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.enrichment.compared_arms import ComparedArms, compared_arms
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.store import load_enrichment
from stratomics.evaluation.intervals import exact_interval
from stratomics.report.figures.curve_groups import compare_groups, curve_groups, curves_table
from stratomics.report.figures.forest import ForestRow, forest
from stratomics.report.figures.style import COLOURS, GREY
from stratomics.report.figures.survival_curves import CurvePlot, survival_figure, survival_figures
from stratomics.report.figures.time_axis import time_axis
from stratomics.report.section import Block, Panel, Section
from stratomics.report.sections.subgroup_effects import SIDES, subgroup_panel
from stratomics.report.text.arms import compared_names
from stratomics.report.text.effects import effect_text, primary_effects
from stratomics.runs.run_directory import RunDirectory

__all__ = ["arms_panel", "rule_panel", "treatment_effects"]

ARM_COLOURS = (GREY, COLOURS[0])
"""Control and treated."""
NAN = float("nan")


def treatment_effects(run: RunDirectory) -> Section | None:
    """Show the outcomes of both arms and the effect in subgroups; None for a run of one arm."""
    result = load_enrichment(run)
    enriched = result if isinstance(result, EnrichmentResult) else None
    arms = compared_arms(run, enriched)
    if arms is None:
        return None
    blocks: list[Block | None] = [
        _allocation(arms),
        arms_panel(run, arms),
        None if enriched is None else rule_panel(run, arms, enriched),
        subgroup_panel(run, arms, enriched),
    ]
    return Section(
        "treatment_effects", "Effect of treatment", [block for block in blocks if block is not None]
    )


def arms_panel(run: RunDirectory, arms: ComparedArms) -> Panel:
    """Draw the survival curves, or the response rates, of both arms.

    Parameters
    ----------
    run
        A finished run.
    arms
        Its arms.

    Returns
    -------
    Panel
    """
    names, trial = compared_names(run, arms), arms.trial
    if not trial.is_survival:
        return _rates_panel(run, arms, "arms", [("all patients", np.ones(len(trial), dtype=np.bool_))])
    survival, group = trial.survival, trial.treated.astype(np.int64)
    groups = curve_groups(survival, group, names, ARM_COLOURS)
    axis = time_axis(float(survival.time.max()), survival.unit)
    compared = compare_groups(survival, group, names)
    sentence = (
        f"Hazard ratio of {names[1]} to {names[0]} in all {len(trial)} patients: {compared.text}. Bands are pointwise "
        "95% intervals, and marks are censored patients."
    )
    figure = survival_figure(groups, axis, compared.lines)
    return Panel("arms", "Survival by arm, all patients", figure, sentence, curves_table(groups, axis.unit))


def rule_panel(run: RunDirectory, arms: ComparedArms, result: EnrichmentResult) -> Panel | None:
    """Draw the survival curves, or the response rates, of both arms inside and outside the rule.

    Parameters
    ----------
    run
        A finished run.
    arms
        Its arms.
    result
        Its enrichment.

    Returns
    -------
    Panel or None
        None if the rule has no two sides.
    """
    if arms.inside is None or arms.inside.all() or not arms.inside.any():
        return None
    sides = list(zip(SIDES, (arms.inside, ~arms.inside), strict=True))
    if not arms.trial.is_survival:
        return _rates_panel(run, arms, "arms-rule", sides, result)
    survival, names, primary = arms.trial.survival, compared_names(run, arms), primary_effects(result)
    axis = time_axis(float(survival.time.max()), survival.unit)
    plots, tables = [], []
    for (side, members), effect in zip(sides, (primary.inside, primary.outside), strict=True):
        rows = np.flatnonzero(members)
        groups = curve_groups(
            survival.take(rows), arms.trial.treated[rows].astype(np.int64), names, ARM_COLOURS
        )
        lines = [f"{_capital(primary.measure)}, {names[1]} to {names[0]}:", effect_text(effect)]
        plots.append(CurvePlot(f"{_capital(side)} (n = {len(rows)})", groups, lines))
        table = curves_table(groups, axis.unit)
        table.insert(0, "side", side)
        tables.append(table)
    sentence = f"{primary.sentence(names)} {_rule_sentence(result)}"
    figure = survival_figures(plots, axis)
    title = "Survival by arm inside and outside the rule"
    return Panel("arms-rule", title, figure, sentence, pd.concat(tables, ignore_index=True))


def _allocation(arms: ComparedArms) -> str | None:
    if arms.trial.randomised == "yes":
        return None
    return (
        "The arms were not allocated at random with fixed probabilities. The figures compare the arms as they are, "
        "without adjustment: a difference may be due to who was treated."
    )


def _rule_sentence(result: EnrichmentResult) -> str:
    share = "" if result.chosen.cut is None else f" ({result.chosen.cut:.0%})"
    return f"Curves: the patients whom most of the cross-fitted rules select{share}, and the others."


def _rates_panel(
    run: RunDirectory,
    arms: ComparedArms,
    name: str,
    sides: Sequence[tuple[str, NDArray[np.bool_]]],
    result: EnrichmentResult | None = None,
) -> Panel:
    """Response rates of both arms with exact intervals, in each part of the patients."""
    trial, names = arms.trial, compared_names(run, arms)
    positive, measure, rows, table, texts = trial.response.positive, measure_of(trial), [], [], []
    for side, members in sides:
        for treated, arm, colour in zip((False, True), names, ARM_COLOURS, strict=True):
            chosen = members & (trial.treated == treated)
            n, k = int(chosen.sum()), int(positive[chosen].sum())
            low, high = exact_interval(k, n) if n else (NAN, NAN)
            share = k / n if n else NAN
            text = f"{share:.0%} ({low:.0%} to {high:.0%}), {k} of {n}" if n else "no patients"
            rows.append(ForestRow(f"{side}, {arm}", share, low, high, text, colour))
            table.append((side, arm, n, k, share, low, high))
        estimate, se = measure.effects(members[None].astype(np.float64))
        if np.isfinite(estimate[0]) and np.isfinite(se[0]):
            effect = measure.effect(float(estimate[0]), float(se[0]))
            texts.append(f"{effect_text(effect)} in {side}")
    columns = ["patients", "arm", "number", "responses", "share", "low", "high"]
    sentence = (
        f"Difference of the response rate, {names[1]} minus {names[0]} (95% interval): {'; '.join(texts)}."
        if result is None
        else f"{primary_effects(result).sentence(names)} {_rule_sentence(result)}"
    )
    figure = forest(rows, "Response rate", "rate (exact 95% interval)")
    figure.axes[0].xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    where = "" if name == "arms" else " inside and outside the rule"
    return Panel(name, f"Response rate by arm{where}", figure, sentence, pd.DataFrame(table, columns=columns))


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
