"""Figure of the planned trial: patients and events over time, and the boundaries of its analyses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from models.survival.time_unit import TimeUnit, round_ticks
from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.plan.expected_events import ExpectedTrial
from stratomics.report.figures.line_labels import LineEnd, beside_lines
from stratomics.report.figures.style import COLOURS, GREY, GRID, WIDE, new_figure
from stratomics.report.figures.time_axis import TimeAxis
from stratomics.report.section import Panel

__all__ = ["draw_boundaries", "draw_events", "expected_panel"]

COLUMNS = ("patients randomised", "events, effect as planned", "events, no effect")
STYLES = ((GREY, (0, (5, 2))), (COLOURS[0], "-"), (COLOURS[2], (0, (1, 1.3))))
"""Colour and style of each line."""
SHORT = ("patients", "events", "events, no effect")
"""Names beside the lines."""
LIMITS = (0.4, 1.3)
"""Hazard ratios that are drawn."""
BOUNDS = (COLOURS[0], GRID, COLOURS[2])
"""Colours of an effect that is shown, of neither, and of futility."""
RATIOS = (0.4, 0.5, 0.6, 0.8, 1.0, 1.25)


def expected_panel(expected: ExpectedTrial, design: TrialDesign, unit: TimeUnit) -> Panel:
    """Build the panel of events over time and boundaries.

    Parameters
    ----------
    expected
        What the stored design is expected to have over time.
    design
        The design.
    unit
        Unit in which times of the trial are shown.

    Returns
    -------
    Panel
    """
    figure = new_figure(WIDE, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    draw_events(left, expected, unit)
    draw_boundaries(right, expected)
    return Panel(
        "expected",
        "Events over time and boundaries",
        figure,
        _sentence(expected, design, unit),
        _table(expected, unit),
    )


def draw_events(axes: Axes, expected: ExpectedTrial, unit: TimeUnit) -> None:
    """Draw patients and events over time, with a line at each analysis.

    Parameters
    ----------
    axes
        Where to draw.
    expected
        The trial.
    unit
        Unit in which times are shown.
    """
    rows = expected.events
    times = np.array([row.time for row in rows])
    lines = np.array([(row.randomised, row.events, row.without_effect) for row in rows]).T
    for line, (colour, dash) in zip(lines, STYLES, strict=True):
        axes.plot(times, line, color=colour, linestyle=dash, linewidth=1.8)
    end = float(times[-1])
    TimeAxis(unit, end, round_ticks(end * unit.factor, unit.name)).show(axes)
    axes.set_xlabel(
        f"Time from the first patient ({unit.name})" if unit.name else "Time from the first patient"
    )
    axes.set_ylim(0, 1.05 * lines.max())
    axes.set_ylabel("Expected number")
    for look in expected.looks:
        axes.axvline(look.time, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
        axes.plot([look.time], [look.events], "o", color=COLOURS[0], markersize=6)
        axes.annotate(f"{look.events} events", (look.time, look.events), (5, -13), textcoords="offset points")
    ends = zip(SHORT, lines[:, -1], STYLES, strict=True)
    beside_lines(axes, [LineEnd(name, float(height), colour) for name, height, (colour, _) in ends])


def draw_boundaries(axes: Axes, expected: ExpectedTrial) -> None:
    """Draw which observed hazard ratios show an effect, and which stop the trial for futility, at each analysis.

    Parameters
    ----------
    axes
        Where to draw.
    expected
        The trial.
    """
    low, high = LIMITS
    for look in expected.looks:
        efficacy, futility = look.efficacy or low, look.futility or high
        for ends, colour in zip(pairwise((low, efficacy, futility, high)), BOUNDS, strict=True):
            axes.plot([look.events] * 2, ends, color=colour, linewidth=9, solid_capstyle="butt")
        for ratio, words, where in (
            (look.efficacy, "effect shown", "top"),
            (look.futility, "futility", "bottom"),
        ):
            if ratio is not None:
                sign = "\u2264" if words == "effect shown" else "\u2265"
                axes.annotate(
                    f"{sign} {ratio:.2f}: {words}",
                    (look.events, ratio),
                    (-9, 0),
                    textcoords="offset points",
                    ha="right",
                    va=where,
                )
    axes.axhline(1.0, color=GREY, linewidth=0.9, linestyle=(0, (4, 3)), zorder=0)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_ylim(low, high)
    axes.set_yticks(RATIOS, [f"{ratio:g}" for ratio in RATIOS])
    axes.set_xlim(0, 1.15 * expected.looks[-1].events)
    axes.set_xticks([0, *(look.events for look in expected.looks)])
    axes.set_xlabel("Events at the analysis")
    axes.set_ylabel("Observed hazard ratio")


def _sentence(expected: ExpectedTrial, design: TrialDesign, unit: TimeUnit) -> str:
    rows, last = expected.events, expected.looks[-1]
    within = [row.time for row in rows if row.randomised >= design.patients - 0.5]
    enrolled = (
        f"All {design.patients} patients are randomised within {unit.text(within[0])}. " if within else ""
    )
    looks = ", ".join(f"{look.events} events after {unit.text(look.time)}" for look in expected.looks)
    null = float(np.interp(last.events, [row.without_effect for row in rows], [row.time for row in rows]))
    bound = (
        ""
        if last.efficacy is None
        else f" The last analysis shows an effect at an observed hazard ratio of at most {last.efficacy:.2f}."
    )
    return (
        f"{enrolled}Expected with the effect as planned: {looks}; without an effect, {last.events} events after "
        f"{unit.text(null)}.{bound}"
    )


def _table(expected: ExpectedTrial, unit: TimeUnit) -> pd.DataFrame:
    head = f"time in {unit.name}" if unit.name else "time"
    rows = [
        (row.time * unit.factor, row.randomised, row.events, row.without_effect, "")
        for row in expected.events
    ]
    rows += [
        (
            look.time * unit.factor,
            np.nan,
            float(look.events),
            np.nan,
            _boundaries(look.efficacy, look.futility),
        )
        for look in expected.looks
    ]
    table = pd.DataFrame(rows, columns=[head, *COLUMNS, "analysis"])
    return table.sort_values(head, kind="stable", ignore_index=True)


def _boundaries(efficacy: float | None, futility: float | None) -> str:
    parts = [] if efficacy is None else [f"effect at a hazard ratio of at most {efficacy:.3f}"]
    parts += [] if futility is None else [f"futility at {futility:.3f} or more"]
    return ", ".join(parts) or "no boundary"
