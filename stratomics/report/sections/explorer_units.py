"""Units of the explorer: times in years, large costs in thousands, and the columns of its csv."""

from __future__ import annotations

import re
from dataclasses import replace

from stratomics.enrichment.plan.explorer_curves import PER_YEAR
from stratomics.enrichment.plan.explorer_table import ExplorerTable, Nested
from stratomics.report.sections.explorer_picture import ALL_COMERS, ENRICHED, mapped
from stratomics.report.sections.explorer_texts import SIZES

__all__ = ["cost_unit", "csv_head", "in_shown_units"]

THOUSAND = 1000.0
"""Cost of a patient from which on costs are shown in thousands."""


def in_shown_units(content: ExplorerTable) -> ExplorerTable:
    """Convert times to years, where their unit is known, and large costs to thousands.

    Parameters
    ----------
    content
        Content of ``explorer.json``.

    Returns
    -------
    ExplorerTable
        A copy.
    """
    year = PER_YEAR.get(content.unit or "")
    if year is not None and year != 1.0:
        content = _in_years(content, year)
    return _in_thousands(content) if content.patient >= THOUSAND else content


def _in_years(content: ExplorerTable, year: float) -> ExplorerTable:
    curves = content.curves
    if curves is not None:
        times, ticks = ([time / year for time in part] for part in (curves.times, curves.ticks))
        curves = replace(curves, times=times, ticks=ticks)

    def size(numbers: Nested) -> Nested:
        *others, duration = numbers
        return [*others, None if duration is None else round(duration / year, 1)]

    enriched, all_comers = content.enriched, content.all_comers
    return replace(
        content,
        curves=curves,
        unit="years",
        digits={**content.digits, "duration": 1},
        enriched=replace(enriched, size=mapped(enriched.size, ENRICHED, size)),
        all_comers=replace(all_comers, size=mapped(all_comers.size, ALL_COMERS, size)),
    )


def _in_thousands(content: ExplorerTable) -> ExplorerTable:
    def cost(numbers: Nested) -> Nested:
        return [round(number / THOUSAND) for number in numbers]

    enriched, all_comers = content.enriched, content.all_comers
    return replace(
        content,
        enriched=replace(enriched, cost=mapped(enriched.cost, ENRICHED, cost)),
        all_comers=replace(all_comers, cost=mapped(all_comers.cost, ALL_COMERS, cost)),
    )


def cost_unit(content: ExplorerTable) -> str:
    """Name the unit of the costs that are shown; empty for the unit in which the costs were given."""
    return "patients" if content.patient == 1.0 else "thousands" if content.patient >= THOUSAND else ""


def csv_head(content: ExplorerTable) -> list[str]:
    """Name the columns of the csv, with their units.

    Parameters
    ----------
    content
        The table, with the units that are shown.

    Returns
    -------
    list of str
        Names of letters, digits and underscores; shares are proportions.
    """
    effect, unit = content.planned, cost_unit(content)
    price = "patients" if content.patient == 1.0 else f"where_a_patient_costs_{content.patient:.12g}"
    cost = f"{unit}_{price}" if unit == "thousands" else price
    sizes = [name if name != "duration" else f"duration_{content.unit or 'unknown_unit'}" for name in SIZES]
    names = [
        *("design", "share_inside", f"{content.score}_above", "shown"),
        *("prevalence", "sensitivity", "specificity", f"screening_cost_{price}", "toxicity_weight"),
        *(effect, f"{effect}_low", f"{effect}_high", "trial", *sizes, f"cost_{cost}"),
        *(f"power_with_{content.reference}_patients", "utility", "utility_low", "utility_high"),
    ]
    return [re.sub(r"\W+", "_", name) for name in names]
