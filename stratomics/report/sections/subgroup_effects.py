"""Forest plot of the effect of treatment: all patients, both sides of the rule, and subgroups."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from stratomics.enrichment.compared_arms import ComparedArms
from stratomics.enrichment.effects.effect import Effect, Measure, effect_of, measure_of
from stratomics.enrichment.effects.subgroup_effects import SubgroupEffect, SubgroupFamily, subgroup_effects
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.result import EnrichmentResult
from stratomics.evaluation.patient_groups import NOT_RECORDED, patient_groups
from stratomics.report.figures.forest import ForestRow, forest
from stratomics.report.figures.style import COLOURS, GREY, INK
from stratomics.report.section import Panel
from stratomics.report.text.arms import compared_names
from stratomics.report.text.effects import primary_effects
from stratomics.report.text.numbers import p_value
from stratomics.runs.run_directory import RunDirectory

__all__ = ["SIDES", "subgroup_panel"]

SIDES = ("inside the rule", "outside the rule")
RULE = "rule"
"""Name of the family of both sides of the rule."""
MOST_LEVELS = 5
"""Most levels of a covariate whose subgroups are shown."""
NAN = float("nan")


def subgroup_panel(run: RunDirectory, arms: ComparedArms, result: EnrichmentResult | None = None) -> Panel:
    """Draw the effect of treatment in all patients, on both sides of the rule, and in groups of patients.

    Parameters
    ----------
    run
        A finished run.
    arms
        Its arms.
    result
        Its enrichment, whose primary estimates are those of both sides of the rule.

    Returns
    -------
    Panel
    """
    trial, names = arms.trial, compared_names(run, arms)
    measure = measure_of(trial)
    whole = effect_of(measure, np.ones(len(trial)))
    families = [
        _with_primary(family, result, measure)
        for family in subgroup_effects(trial, measure, _groups(run, arms))
    ]
    n = (int((~trial.treated).sum()), int(trial.treated.sum()))
    events = tuple(int(trial.outcome.label[rows].sum()) for rows in (~trial.treated, trial.treated))
    all_patients = SubgroupEffect("All patients", n, (events[0], events[1]), whole)
    rows = [_forest_row(all_patients, "", measure, INK)]
    for family in families:
        tested = np.isfinite(family.p) and family.by != RULE
        difference = f"{p_value(family.p)} for difference" if tested else ""
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
        "subgroup-effects",
        title,
        figure,
        _sentence(trial, families, _sides(result, measure)),
        _table(all_patients, families),
    )


def _with_primary(
    family: SubgroupFamily, result: EnrichmentResult | None, measure: Measure
) -> SubgroupFamily:
    """Show the primary estimates of both sides of the rule, where the enrichment has them on this measure."""
    if family.by != RULE or result is None or result.measure != measure.name:
        return family
    primary = primary_effects(result)
    effects = dict(zip(SIDES, (primary.inside, primary.outside), strict=True))
    rows = tuple(dataclasses.replace(row, effect=effects[row.level]) for row in family.rows)
    return dataclasses.replace(family, rows=rows)


def _sides(result: EnrichmentResult | None, measure: Measure) -> str:
    """How the effects on both sides of the rule are estimated; empty without a rule."""
    if result is None:
        return ""
    if result.measure != measure.name:
        return " The effects inside and outside the rule are not corrected for the choice of the cut."
    return f" The effect inside the rule is {primary_effects(result).how}, and outside cross-fitted."


def _groups(run: RunDirectory, arms: ComparedArms) -> dict[str, pd.Categorical]:
    """Group patients by the sides of the rule, sex, age and site; and covariates of few levels."""
    groups: dict[str, pd.Categorical] = {}
    if arms.inside is not None:
        groups[RULE] = pd.Categorical(np.where(arms.inside, *SIDES), categories=SIDES, ordered=True)
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


def _sentence(trial: Trial, families: Sequence[SubgroupFamily], sides: str) -> str:
    tested = [family for family in families if np.isfinite(family.p) and family.by != RULE]
    what = "events" if trial.is_survival else "positive responses"
    text = f"In brackets: {what} and patients of both arms. Intervals are not adjusted for the number of subgroups."
    if not tested:
        return f"{text}{sides}"
    smallest = min(tested, key=lambda family: family.p)
    return (
        f"{text} Of {len(tested)} tests of a difference between declared subgroups, the smallest is "
        f"{p_value(smallest.p)} ({smallest.by}); about one in 20 is below 0.05 by chance.{sides}"
    )


def _table(whole: SubgroupEffect, families: Sequence[SubgroupFamily]) -> pd.DataFrame:
    rows = [("all", whole), *((family.by, row) for family in families for row in family.rows)]
    columns = ["group", "subgroup", "control", "treated", "events, control", "events, treated"]
    counted = [(by, row.level, *row.n, *row.events, *_ends(row.effect)) for by, row in rows]
    return pd.DataFrame(counted, columns=[*columns, "effect", "low", "high"])


def _ends(effect: Effect | None) -> tuple[float, float, float]:
    return (NAN, NAN, NAN) if effect is None else (effect.estimate, effect.low, effect.high)
