"""Tables of the section on enrichment: effects and trial sizes at each cut, designs side by side, assumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from models.survival.time_unit import TimeUnit, time_unit
from stratomics.enrichment.design.trial_design import Assumption
from stratomics.enrichment.plan.planned_trials import DesignRow, PlannedTrials
from stratomics.enrichment.result import EnrichmentResult, PrognosticResult
from stratomics.enrichment.selection.threshold_table import ThresholdRow
from stratomics.report.section import Table
from stratomics.report.text.assumptions import assumption_name, assumption_text, plan_unit
from stratomics.report.text.effects import effect_text
from stratomics.report.text.numbers import p_cell
from stratomics.report.text.trial_plan import DESIGN_NAMES, TRUTH_NAMES, scenario_sentence

__all__ = [
    "assumptions_table",
    "designs_table",
    "effects_table",
    "prognostic_table",
    "sizes_table",
    "toxicity_table",
]

MOST_PATIENTS, MOST_YEARS = 20_000, 15.0
"""A trial beyond these is called not feasible."""
INFEASIBLE = "not feasible"


def effects_table(result: EnrichmentResult, name: str, caption: str) -> Table:
    """Show the effects on both sides of each cut.

    Parameters
    ----------
    result
        An enrichment, of the score or of a marker.
    name, caption
        Name of the table, and what its rows are.

    Returns
    -------
    Table
        The corrected effect is in the row of the chosen cut.
    """
    chosen = result.chosen
    rows = [
        (
            _cut(row),
            f"{row.n:.0f} ({row.prevalence:.0%})",
            f"{row.events:.0f}",
            effect_text(row.inside),
            effect_text(result.search.out_of_bag) if row is chosen and result.search is not None else "",
            "" if row.outside is None else effect_text(row.outside),
            "" if row.p is None else p_cell(row.p),
        )
        for row in result.rows
    ]
    columns = ["share", "patients", "events", "inside, apparent (95%)", "inside, corrected (95%)"]
    table = pd.DataFrame(rows, columns=[*columns, "outside (95%)", "p, difference"])
    if result.search is None:
        table = table.drop(columns="inside, corrected (95%)")
    return Table(name, caption, table)


def sizes_table(result: EnrichmentResult, name: str) -> Table:
    """Show the size of a trial in the patients inside each cut.

    Parameters
    ----------
    result
        An enrichment.
    name
        Name of the table.

    Returns
    -------
    Table
    """
    rows = [
        (
            _cut(row),
            "" if row.control_rate is None else f"{row.control_rate:.0%}",
            *(_sizes(sizes) for sizes in (row.events_needed, row.patients_needed, row.screened)),
        )
        for row in result.rows
    ]
    columns = ["share", "controls with the event", "events needed", "patients", "screened"]
    caption = (
        "Size of a trial in the patients inside each share, for 80% / 90% power at the apparent effect; more than "
        f"{MOST_PATIENTS:,} is not feasible"
    )
    return Table(name, caption, pd.DataFrame(rows, columns=columns))


def designs_table(plan: PlannedTrials, unit: str) -> Table:
    """Show the designs side by side, with the share of virtual trials that show an effect by scenario.

    Parameters
    ----------
    plan
        The planned trials.
    unit
        Unit of time of the endpoint; empty for a response.

    Returns
    -------
    Table
        Without costs if none were named: they then equal the number of patients.
    """
    longest = max((row.duration or 0.0 for row in plan.designs), default=0.0)
    shown = plan_unit(plan.design, unit) if plan.design is not None else time_unit(longest, unit)
    rejected = {(one.plan, one.truth): one.rejected for one in plan.virtual}
    priced = any(row.cost != row.patients for row in plan.designs)
    rows = []
    for row in plan.designs:
        feasible = _feasible(row, unit)
        cells = {
            "design": DESIGN_NAMES[row.design],
            "events": _number(row.events),
            "patients": _number(row.patients) if feasible else INFEASIBLE,
            "tested": _number(row.tested),
            f"duration, {shown.name}": "" if row.duration is None else shown.number(row.duration),
            "cost": _number(row.cost),
        }
        power = {TRUTH_NAMES[truth]: f"{rejected[row.design, truth]:.0%}" for truth in plan.scenarios}
        rows.append(cells | power)
    table = pd.DataFrame(rows)
    unknown = [f"duration, {shown.name}"] if not longest else []
    table = table.drop(columns=[*unknown, *([] if priced else ["cost"])])
    if (table["events"] == "").all():
        table = table.drop(columns="events")
    assert plan.design is not None, "designs are shown where one is kept"
    caption = (
        f"Designs side by side, one-sided level {plan.design.alpha:g}, power {plan.design.power:.0%}; in the last "
        f"columns, the share of {plan.trials:,} virtual trials that show an effect, by true effect. "
        f"{scenario_sentence(plan, shown)}"
    )
    return Table("designs", caption, table)


def assumptions_table(assumptions: Sequence[Assumption], unit: TimeUnit) -> Table:
    """Show what the size of the trial is based on.

    Parameters
    ----------
    assumptions
        The assumptions with their sources.
    unit
        Unit in which times of the trial are shown.

    Returns
    -------
    Table
    """
    rows = [(assumption_name(one), assumption_text(one, unit), one.source) for one in assumptions]
    table = pd.DataFrame(rows, columns=["assumption", "value", "source"])
    return Table("assumptions", "What the size of the trial is based on", table)


def toxicity_table(result: EnrichmentResult, outcome: str) -> Table | None:
    """Show benefit against toxicity inside each cut.

    Parameters
    ----------
    result
        An enrichment.
    outcome
        What benefit is a difference of, such as ``survival at 3 years``.

    Returns
    -------
    Table or None
        None if toxicity is unknown.
    """
    if not result.utility:
        return None
    rows = [
        {
            "share": f"{row.cut:.0%}" if 0.0 < row.cut < 1.0 else f"{row.cut:g}",
            f"{outcome}, difference (95%)": effect_text(row.weighed.efficacy),
            "toxicity, difference (95%)": effect_text(row.weighed.toxicity),
            **{
                f"net, weight {weight:g}": f"{effect.estimate:.2f}"
                for weight, effect in row.weighed.utility.items()
                if weight > 0.0
            },
        }
        for row in result.utility
    ]
    caption = (
        f"Benefit against toxicity inside each share: differences of {outcome} and of the share of patients with "
        "toxicity, treated minus control. Net is benefit minus weight times toxicity; the weight is the number of "
        "efficacious outcomes that one toxic event offsets"
    )
    return Table("toxicity", caption, pd.DataFrame(rows))


def prognostic_table(result: PrognosticResult) -> Table:
    """Show prognostic enrichment: the event rate and the trial size in ever smaller shares of highest risk."""
    rows = [
        (
            f"{row.share:.0%}",
            f"{row.n:.0f}",
            f"{row.rate:.0%}",
            _size(row.patients),
            _size(row.screened),
        )
        for row in result.prognostic
    ]
    columns = ["share of highest risk", "number", "event rate", "patients", "screened"]
    caption = (
        f"Prognostic enrichment, highest {result.score.replace('_', ' ')} first; patients for 80% power at a hazard "
        "ratio of 0.7, which is assumed"
    )
    return Table("prognostic", caption, pd.DataFrame(rows, columns=columns))


def _cut(row: ThresholdRow) -> str:
    if row.cut is None:
        return "all"
    return f"{row.cut:.0%}" if 0.0 < row.cut < 1.0 else f"{row.cut:g}"


def _sizes(sizes: Mapping[float, float] | None) -> str:
    return "none" if sizes is None else " / ".join(dict.fromkeys(_size(size) for size in sizes.values()))


def _size(size: float | None) -> str:
    if size is None:
        return ""
    return INFEASIBLE if size > MOST_PATIENTS else f"{size:,.0f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}"


def _feasible(row: DesignRow, unit: str) -> bool:
    years = time_unit(float("inf"), unit)
    too_long = row.duration is not None and years.name == "years" and row.duration * years.factor > MOST_YEARS
    return not too_long and row.tested <= MOST_PATIENTS
