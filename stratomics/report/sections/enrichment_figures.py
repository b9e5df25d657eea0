"""Figures of the section on enrichment: effects on both sides of each cut, and the power of each design."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.result import EnrichmentResult
from stratomics.report.figures import COLOURS
from stratomics.report.section import Panel
from stratomics.report.text.trial_plan import DESIGN_NAMES, TRUTH_NAMES

__all__ = ["draw_effects", "draw_power", "effect_axis", "effects_panel", "power_panel", "power_size"]

TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Ticks of hazard ratios."""


def effects_panel(result: EnrichmentResult) -> Panel:
    """Build the panel of the effects inside and outside each cut."""
    sentence = (
        "Effects inside and outside each share of the highest predicted benefit, with 95% intervals that are not "
        "adjusted for the number of cuts."
    )
    sides = [
        (row.cut, name, effect)
        for row in result.rows[1:]
        for name, effect in (("inside", row.inside), ("outside", row.outside))
        if effect is not None
    ]
    table = pd.DataFrame(
        [(cut, name, effect.estimate, effect.low, effect.high) for cut, name, effect in sides],
        columns=["cut", "side", result.measure_label, "low", "high"],
    )
    return Panel("effects", draw_effects(result), sentence, table)


def power_panel(plan: PlannedTrials) -> Panel:
    """Build the panel of the virtual trials."""
    sentence = (
        "Power at the estimate alone is optimistic; half the effect, a delayed one and none are shown too."
    )
    table = pd.DataFrame(
        [(DESIGN_NAMES[row.plan], TRUTH_NAMES[row.truth], row.rejected) for row in plan.virtual],
        columns=["design", "truth", "share of virtual trials that reject"],
    )
    figure = Figure(figsize=power_size(plan))
    draw_power(figure.add_subplot(), plan)
    return Panel("power", figure, sentence, table)


def draw_effects(result: EnrichmentResult) -> Figure:
    """Draw the effects inside and outside each cut, with 95% intervals."""
    rows = result.rows[1:]
    figure = Figure(figsize=(7, 0.9 + 0.45 * len(rows)))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        for side, effect, shift, colour in (
            ("inside", row.inside, -0.12, COLOURS[0]),
            ("outside", row.outside, 0.12, COLOURS[2]),
        ):
            if effect is None:
                continue
            y = place + shift
            axes.plot([effect.low, effect.high], [y, y], color=colour, linewidth=2)
            axes.plot(effect.estimate, y, "o", color=colour, label=None if place else side)
    effect_axis(axes, ratio=result.ratio)
    axes.set_yticks(range(len(rows)), [f"{row.cut:g}" for row in rows])
    axes.invert_yaxis()
    axes.set_ylabel("cut")
    axes.set_xlabel(result.measure_label)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def effect_axis(axes: Axes, *, ratio: bool) -> None:
    """Mark no effect, and make the horizontal axis logarithmic for ratios.

    Parameters
    ----------
    axes
        With all effects drawn.
    ratio
        Whether effects are ratios, so that 1 means no effect; otherwise 0 does.
    """
    axes.axvline(1.0 if ratio else 0.0, color="#999999", linewidth=1)
    if not ratio:
        return
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [tick for tick in TICKS if low <= tick <= high]
    # The labels of a log axis are formulas, which the style of the report shows literally.
    axes.minorticks_off()
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])


def power_size(plan: PlannedTrials) -> tuple[float, float]:
    """Width and height of :func:`draw_power` in inches."""
    return 7, 1.0 + 0.6 * len(plan.designs)


def draw_power(axes: Axes, plan: PlannedTrials) -> None:
    """Draw the share of virtual trials that reject: one row per design, one colour per scenario.

    Parameters
    ----------
    axes
        Where to draw.
    plan
        Designs, and virtual trials of each.
    """
    scenarios, designs = plan.scenarios, [row.design for row in plan.designs]
    rejected = {(row.plan, row.truth): row.rejected for row in plan.virtual}
    for number, truth in enumerate(scenarios):
        shift = (number - (len(scenarios) - 1) / 2.0) * 0.15
        shares = [rejected[design, truth] for design in designs]
        axes.plot(
            shares, np.arange(len(designs)) + shift, "o", color=COLOURS[number], label=TRUTH_NAMES[truth]
        )
    axes.set_xlim(0, 1)
    axes.set_yticks(range(len(designs)), [DESIGN_NAMES[design] for design in designs])
    axes.set_ylim(len(designs) - 0.5, -0.5)
    axes.set_xlabel("share of virtual trials that reject")
    axes.grid(axis="x", color="#dddddd")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
