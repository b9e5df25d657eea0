"""Units of the explorer: times in years, and the columns of its csv."""

from __future__ import annotations

import re
from dataclasses import replace

from stratomics.enrichment.plan.explorer_curves import PER_YEAR
from stratomics.enrichment.plan.explorer_table import ExplorerTable, Nested
from stratomics.report.sections.explorer_texts import SIZES

__all__ = ["csv_head", "in_years"]


def in_years(content: ExplorerTable) -> ExplorerTable:
    """Convert times to years, where their unit is known.

    Parameters
    ----------
    content
        Content of ``explorer.json``.

    Returns
    -------
    ExplorerTable
        A copy; the same table if times have another unit, or none.
    """
    year = PER_YEAR.get(content.unit or "")
    if year is None or year == 1.0:
        return content

    def converted(nested: Nested | None, depth: int) -> Nested | None:
        if nested is None:
            return None
        if depth == 0:
            return [*nested[:-1], None if nested[-1] is None else round(nested[-1] / year, 1)]
        return [converted(part, depth - 1) for part in nested]

    enriched, everybody, curves = content.enriched, content.all_comers, content.curves
    if curves is not None:
        times, ticks = ([time / year for time in part] for part in (curves.times, curves.ticks))
        curves = replace(curves, times=times, ticks=ticks)
    return replace(
        content,
        curves=curves,
        unit="years",
        digits={**content.digits, "duration": 1},
        enriched=replace(enriched, size=converted(enriched.size, 4)),
        all_comers=replace(everybody, size=converted(everybody.size, 2)),
    )


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
    effect = content.planned
    cost = "in_patients" if content.patient == 1.0 else f"where_a_patient_costs_{content.patient:.12g}"
    sizes = [name if name != "duration" else f"duration_{content.unit or 'unknown_unit'}" for name in SIZES]
    names = [
        *("design", "share_inside", f"{content.score}_above", "shown"),
        *("prevalence", "sensitivity", "specificity", f"screening_cost_{cost}", "toxicity_weight"),
        *(effect, f"{effect}_low", f"{effect}_high", "trial", *sizes, f"cost_{cost}"),
        *(f"power_with_{content.reference}_patients", "utility", "utility_low", "utility_high"),
    ]
    return [re.sub(r"\W+", "_", name) for name in names]
