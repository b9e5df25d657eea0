"""The report's section on the locked panel: the curve of all sizes, the analytes, the noise of the assay."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stratomics.report.figures.style import COLOURS, DASHES, GREY, WIDE, new_figure
from stratomics.report.section import Block, Panel, Section, Table
from stratomics.report.text.panel import (
    FORMS,
    measure_label,
    panel_columns,
    panel_rows,
    panel_sentences,
    reference_name,
)
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.panel.curve import MEASURES, PanelCurve
from stratomics.strata.panel.details import CURVE, PanelDetails, load_curve

__all__ = ["panel"]

SHOWN_BLOCK = 3
"""Exchangeable analytes that are named."""


def panel(run: RunDirectory) -> Section | None:
    """Show the panels that `stratomics panel` evaluated; None if it was not run."""
    path = run.path / CURVE
    if not path.is_file():
        return None
    curve, details = load_curve(path)
    meaning = (
        "A panel is a small assay: a few analytes, their weights and a cut. Analytes are selected again in every outer "
        "fold, without the patients that are predicted, so that the curve holds the cost of the selection. Panels and "
        "references are evaluated in the same patients and folds."
    )
    blocks: list[Block] = [
        meaning,
        Panel("panel_curve", "Number of analytes", _figure(curve), _caption(curve), _numbers(curve)),
        panel_sentences(curve, details),
        Table("panel_sizes", "Panels of each size, and references", _sizes(curve)),
    ]
    if details is not None:
        blocks += [Table("panel_analytes", "The locked panel", _analytes(details)), _locked(details)]
    return Section("panel", "Panel", blocks)


def _figure(curve: PanelCurve) -> Figure:
    """Loss and discrimination side by side, with references as lines."""
    measures = MEASURES[curve.kind]
    figure = new_figure(WIDE, 3.6)
    for place, key in enumerate(measures):
        axes = figure.add_subplot(1, len(measures), place + 1)
        _draw(axes, curve, key, named=place == 0)
    return figure


def _draw(axes: Axes, curve: PanelCurve, key: str, *, named: bool) -> None:
    sizes = [point.analytes for point in curve.points]
    estimate, low, high = (
        np.array([point.metrics[key].get(end, np.nan) for point in curve.points], dtype=np.float64)
        for end in ("estimate", "low", "high")
    )
    axes.fill_between(sizes, low, high, color=COLOURS[0], alpha=0.15, linewidth=0)
    axes.plot(sizes, estimate, color=COLOURS[0], marker="o", markersize=3, label="panel")
    for number, (name, metrics) in enumerate(curve.references.items()):
        colour = GREY if number == 0 else COLOURS[number]
        label = reference_name(name, curve.kind)
        axes.axhline(
            metrics[key]["estimate"], color=colour, linestyle=DASHES[number % len(DASHES)], label=label
        )
    axes.axvline(curve.smallest_sufficient, color=GREY, linewidth=0.8)
    axes.set_xlabel("Analytes")
    axes.set_ylabel(measure_label(key))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if named:
        axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)


def _caption(curve: PanelCurve) -> str:
    point = curve.point(curve.smallest_sufficient)
    values = " and ".join(
        f"{measure_label(key)} {point.metrics[key]['estimate']:.3f}" for key in MEASURES[curve.kind]
    )
    return (
        f"With {point.analytes} analytes (vertical line), the smallest number that suffices: {values}. Bands are "
        "pointwise 95% intervals."
    )


def _numbers(curve: PanelCurve) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"analytes": point.analytes}
            | {
                f"{measure_label(key)}{suffix}": point.metrics[key].get(end, np.nan)
                for key in MEASURES[curve.kind]
                for end, suffix in (("estimate", ""), ("low", ", low"), ("high", ", high"))
            }
            | {"stability": point.stability["estimate"], "mean cost": point.cost}
            for point in curve.points
        ]
    )


def _sizes(curve: PanelCurve) -> pd.DataFrame:
    names = ["analytes", *panel_columns(curve)]
    return pd.DataFrame([(row.name, *row.cells) for row in panel_rows(curve)], columns=names)


def _analytes(details: PanelDetails) -> pd.DataFrame:
    rows = []
    for number, one in enumerate(details.analytes):
        row: dict[str, object] = {
            "analyte": one.feature,
            "view": one.view,
            "weight": f"{one.weight:+.3f}",
            "in outer folds": f"{one.in_folds:.0%}",
            "in halves": f"{one.frequency:.0%}",
            "exchangeable with": _block(one.exchangeable),
        }
        if details.noise is not None:
            row["if it fails, change sides"] = f"{details.noise.failing[number]:.1%}"
        if details.noise is not None and any(details.noise.below_limit):
            row["below detection"] = f"{details.noise.below_limit[number]:.1%}"
        rows.append(row)
    return pd.DataFrame(rows)


def _block(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:SHOWN_BLOCK])
    more = len(names) - SHOWN_BLOCK
    return f"{shown} and {more} more" if more > 0 else shown


def _locked(details: PanelDetails) -> str:
    stable = details.stability
    return (
        f"The score is {FORMS[details.form]}. Its cut, {details.cut:.3g}, divides held-out scores: {details.share:.0%} "
        f"of the patients are positive. The panel costs {details.cost:g}, where an analyte without a price costs 1. "
        f"Selection in halves: {stable.per_half} analytes per half; at most {stable.bound:.2g} falsely selected are "
        f"expected among those in at least {stable.cutoff:.0%} of the halves. The SHA-256 of the panel begins with "
        f"{details.digest[:12]}."
    )
