"""Figures of the section on enrichment: effects on both sides of each cut, and the power of each design."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.result import EnrichmentResult
from stratomics.report.figures.forest import ratio_axis
from stratomics.report.figures.style import COLOURS, GREY, WIDE, new_figure
from stratomics.report.section import Panel
from stratomics.report.text.trial_plan import DESIGN_NAMES, TRUTH_NAMES

__all__ = ["draw_effects", "draw_power", "effect_axis", "effects_panel", "power_panel", "power_size"]


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
    title = result.measure_label
    return Panel(
        "effects",
        f"{title[0].upper()}{title[1:]} inside and outside each share",
        draw_effects(result),
        sentence,
        table,
    )


def power_panel(plan: PlannedTrials) -> Panel:
    """Build the panel of the virtual trials."""
    shown = next((row.design for row in plan.designs if plan.design and row.design == plan.design.name), None)
    rejected = {row.truth: row.rejected for row in plan.virtual if row.plan == shown}
    texts = [f"{TRUTH_NAMES[truth]} {share:.0%}" for truth, share in rejected.items()]
    sentence = "Power with the effect as estimated is optimistic." + (
        f" Trials of the kept design ({DESIGN_NAMES[shown]}) that show an effect: {', '.join(texts)}."
        if shown is not None and texts
        else ""
    )
    table = pd.DataFrame(
        [(DESIGN_NAMES[row.plan], TRUTH_NAMES[row.truth], row.rejected) for row in plan.virtual],
        columns=["design", "truth", "share of virtual trials that reject"],
    )
    figure = new_figure(*power_size(plan))
    draw_power(figure.add_subplot(), plan)
    return Panel("power", "Power of each design by true effect", figure, sentence, table)


def draw_effects(result: EnrichmentResult) -> Figure:
    """Draw the effects inside and outside each cut, with 95% intervals."""
    rows, title = result.rows[1:], f"{result.measure_label[0].upper()}{result.measure_label[1:]}"
    figure = new_figure(WIDE, 1.0 + 0.42 * len(rows))
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
    axes.set_yticks(
        range(len(rows)),
        [f"{row.cut:.0%}" if row.cut is not None and 0 < row.cut < 1 else f"{row.cut:g}" for row in rows],
    )
    axes.invert_yaxis()
    axes.set_ylabel("Share of highest\npredicted benefit")
    axes.set_xlabel(title)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
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
    axes.axvline(1.0 if ratio else 0.0, color=GREY, linewidth=1)
    if ratio:
        ratio_axis(axes)


def power_size(plan: PlannedTrials) -> tuple[float, float]:
    """Width and height of :func:`draw_power` in inches."""
    return WIDE, 1.3 + 0.6 * len(plan.designs)


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
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("Virtual trials that show an effect")
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
