"""The report's section on the effect of treatment: outcomes by arm, inside and outside the rule, and by subgroup."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stratomics.enrichment.compared_arms import ComparedArms, compared_arms
from stratomics.enrichment.effects.effect import Effect, Measure, effect_of, measure_of
from stratomics.enrichment.effects.subgroup_effects import SubgroupEffect, SubgroupFamily, subgroup_effects
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.store import load_enrichment
from stratomics.evaluation.intervals import exact_interval
from stratomics.evaluation.patient_groups import NOT_RECORDED, patient_groups
from stratomics.report.figures.forest import ForestRow, forest
from stratomics.report.figures.style import COLOURS, GREY, INK
from stratomics.report.figures.survival_curves import (
    CurvePlot,
    compare_groups,
    curve_groups,
    curves_table,
    survival_figure,
    survival_figures,
)
from stratomics.report.figures.time_axis import time_axis
from stratomics.report.section import Block, Panel, Section
from stratomics.report.text.arms import arm_names
from stratomics.report.text.numbers import p_value
from stratomics.runs.run_directory import RunDirectory

__all__ = ["arms_panel", "rule_panel", "subgroup_panel", "treatment_effects"]

ARM_COLOURS = (GREY, COLOURS[0])
"""Control and treated."""
SIDES = ("inside the rule", "outside the rule")
MOST_LEVELS = 5
"""Most levels of a covariate whose subgroups are shown."""
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
        subgroup_panel(run, arms),
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
    names, trial = _names(run, arms), arms.trial
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
        return _rates_panel(run, arms, "arms-rule", sides)
    survival, names = arms.trial.survival, _names(run, arms)
    axis = time_axis(float(survival.time.max()), survival.unit)
    plots, tables, texts = [], [], []
    for side, members in sides:
        rows = np.flatnonzero(members)
        part, group = survival.take(rows), arms.trial.treated[rows].astype(np.int64)
        groups, compared = curve_groups(part, group, names, ARM_COLOURS), compare_groups(part, group, names)
        plots.append(CurvePlot(f"{side[0].upper()}{side[1:]} (n = {len(rows)})", groups, compared.lines))
        table = curves_table(groups, axis.unit)
        table.insert(0, "side", side)
        tables.append(table)
        texts.append(f"{compared.text}, {side}")
    sentence = f"Hazard ratio of {names[1]} to {names[0]}: {'; '.join(texts)}. {_rule_sentence(result)}"
    figure = survival_figures(plots, axis)
    title = "Survival by arm inside and outside the rule"
    return Panel("arms-rule", title, figure, sentence, pd.concat(tables, ignore_index=True))


def subgroup_panel(run: RunDirectory, arms: ComparedArms) -> Panel:
    """Draw the effect of treatment in all patients, on both sides of the rule, and in groups of patients.

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
    trial, names = arms.trial, _names(run, arms)
    measure = measure_of(trial)
    whole = effect_of(measure, np.ones(len(trial)))
    families = subgroup_effects(trial, measure, _groups(run, arms))
    n = (int((~trial.treated).sum()), int(trial.treated.sum()))
    events = tuple(int(trial.outcome.label[rows].sum()) for rows in (~trial.treated, trial.treated))
    all_patients = SubgroupEffect("All patients", n, (events[0], events[1]), whole)
    rows = [_forest_row(all_patients, "", measure, INK)]
    for family in families:
        difference = "" if np.isnan(family.p) else f"{p_value(family.p)} for difference"
        rows.append(ForestRow(_heading(family.by), NAN, NAN, NAN, difference, heading=True))
        rows += [_forest_row(row, "   ", measure, COLOURS[0]) for row in family.rows]
    side = "below" if measure.sign < 0 else "above"
    figure = forest(
        rows,
        f"{_capital(measure.label)} ({side} {_no_effect(measure):g}: {names[1]} is better)",
        f"{measure.label} (95% interval)",
        reference=_no_effect(measure),
        ratio=measure.ratio,
    )
    title = f"{_capital(measure.label)} by subgroup, {names[1]} to {names[0]}"
    return Panel(
        "subgroup-effects", title, figure, _subgroup_sentence(trial, families), _table(all_patients, families)
    )


def _allocation(arms: ComparedArms) -> str | None:
    if arms.trial.randomised == "yes":
        return None
    return (
        "The arms were not allocated at random with fixed probabilities. The figures compare the arms as they are, "
        "without adjustment: a difference may be due to who was treated."
    )


def _names(run: RunDirectory, arms: ComparedArms) -> tuple[str, str]:
    """Names of control and treated."""
    names = arm_names(run)
    treated = arms.treated or tuple(arm for arm in names if arm != arms.control)
    return names.get(arms.control, arms.control), ", ".join(names.get(arm, arm) for arm in treated)


def _rule_sentence(result: EnrichmentResult) -> str:
    share = "" if result.chosen.cut is None else f" ({result.chosen.cut:.0%})"
    text = (
        f"Inside are the patients whom most of the cross-fitted rules select{share}, rules that were made "
        f"without them. The mean {result.measure_label} of the cross-fits inside is {_two(result.chosen.inside)}"
    )
    if result.search is None:
        return f"{text}."
    return f"{text} (apparent), and {_two(result.corrected)} when corrected for the choice of the cut."


def _two(effect: Effect) -> str:
    return f"{effect.estimate:.2f} (95% {effect.low:.2f} to {effect.high:.2f})"


def _rates_panel(
    run: RunDirectory, arms: ComparedArms, name: str, sides: Sequence[tuple[str, NDArray[np.bool_]]]
) -> Panel:
    """Response rates of both arms with exact intervals, in each part of the patients."""
    trial, names = arms.trial, _names(run, arms)
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
            texts.append(f"{_two(effect)} {'in ' if name == 'arms' else ''}{side}")
    columns = ["patients", "arm", "number", "responses", "share", "low", "high"]
    figure = forest(rows, "Response rate", "rate (exact 95% interval)")
    figure.axes[0].xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    where = "" if name == "arms" else " inside and outside the rule"
    sentence = f"Difference of the response rate, {names[1]} minus {names[0]}: {'; '.join(texts)}."
    return Panel(name, f"Response rate by arm{where}", figure, sentence, pd.DataFrame(table, columns=columns))


def _groups(run: RunDirectory, arms: ComparedArms) -> dict[str, pd.Categorical]:
    """Group patients by the sides of the rule, sex, age and site; and covariates of few levels."""
    groups: dict[str, pd.Categorical] = {}
    if arms.inside is not None:
        groups["rule"] = pd.Categorical(np.where(arms.inside, *SIDES), categories=SIDES, ordered=True)
    place = pd.Index(run.sample_ids).get_indexer(pd.Index(arms.sample_ids))
    patients = run.patients
    known = {name: levels for name, levels in patient_groups(patients).items() if name != "arm"}
    for column in patients.columns:
        name = str(column).removeprefix("covariate.")
        values = patients[column]
        if name != column and not pd.api.types.is_numeric_dtype(values) and name not in known:
            labels = values.astype(object).where(values.notna(), NOT_RECORDED).astype(str)
            known[name] = pd.Categorical(labels, ordered=True)
    taken = {name: levels[place] for name, levels in known.items()}
    return groups | {
        name: levels
        for name, levels in taken.items()
        if 1
        < len(set(levels) - {NOT_RECORDED})
        <= max(MOST_LEVELS, len(known.get("site", ())) * (name == "site"))
    }


def _heading(by: str) -> str:
    return {"rule": "Enrichment rule", "sex": "Sex", "age": "Age"}.get(by, _capital(by))


def _forest_row(row: SubgroupEffect, indent: str, measure: Measure, colour: str) -> ForestRow:
    label = f"{indent}{row.level} ({sum(row.events)} / {sum(row.n)})"
    if row.effect is None:
        return ForestRow(label, NAN, NAN, NAN, "too few", GREY)
    effect = row.effect
    sign = "" if measure.ratio else "+"
    text = f"{effect.estimate:{sign}.2f} ({effect.low:{sign}.2f} to {effect.high:{sign}.2f})"
    return ForestRow(label, effect.estimate, effect.low, effect.high, text, colour)


def _no_effect(measure: Measure) -> float:
    return 1.0 if measure.ratio else 0.0


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"


def _subgroup_sentence(trial: Trial, families: Sequence[SubgroupFamily]) -> str:
    tested = [family for family in families if np.isfinite(family.p) and family.by != "rule"]
    what = "events" if trial.is_survival else "positive responses"
    text = f"In brackets: {what} and patients of both arms. Intervals are not adjusted for the number of subgroups."
    if not tested:
        return text
    smallest = min(tested, key=lambda family: family.p)
    return (
        f"{text} Of {len(tested)} tests of a difference between declared subgroups, the smallest is "
        f"{p_value(smallest.p)} ({smallest.by}); about one in 20 is below 0.05 by chance. The effect inside the "
        "rule is apparent: it is not corrected for the choice of the cut."
    )


def _table(whole: SubgroupEffect, families: Sequence[SubgroupFamily]) -> pd.DataFrame:
    rows = [("all", whole), *((family.by, row) for family in families for row in family.rows)]
    columns = ["group", "subgroup", "control", "treated", "events, control", "events, treated"]
    counted = [(by, row.level, *row.n, *row.events, *_ends(row.effect)) for by, row in rows]
    return pd.DataFrame(counted, columns=[*columns, "effect", "low", "high"])


def _ends(effect: Effect | None) -> tuple[float, float, float]:
    return (NAN, NAN, NAN) if effect is None else (effect.estimate, effect.low, effect.high)
