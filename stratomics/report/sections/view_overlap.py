"""The report's upset plot: which combinations of views patients have."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stratomics.report.figures.style import COLOURS, GRID, NARROW, WIDE, new_figure
from stratomics.report.section import Panel
from stratomics.runs.run_directory import RunDirectory

__all__ = ["draw_upset", "view_overlap", "view_patterns"]

SHOWN = 20
"""Maximum number of patterns in the figure, most frequent first."""

MINIMUM_WIDTH = 6
"""Patterns for which the figure has space at least, so that a single bar is not too wide."""


def view_overlap(run: RunDirectory) -> Panel | None:
    """Draw the patterns of views; None if the cohort has no views."""
    patterns = view_patterns(run.patients)
    views = list(patterns.columns[:-1])
    if not views:
        return None
    return Panel("upset", "Views by patient", draw_upset(patterns), _sentence(patterns), _table(patterns))


def view_patterns(patients: pd.DataFrame) -> pd.DataFrame:
    """Count each pattern of views, most frequent first: one bool column per view, and ``patients``.

    Examples
    --------
    >>> view_patterns(pd.DataFrame({"view.rna": [True, True, False], "view.cna": [True, True, False]}))
         rna    cna  patients
    0   True   True         2
    1  False  False         1
    """
    views = [c for c in patients.columns if c.startswith("view.")]
    if not views:
        return pd.DataFrame({"patients": [len(patients)]})
    rows, counts = np.unique(patients[views].to_numpy(dtype=np.bool_), axis=0, return_counts=True)
    table = pd.DataFrame(rows, columns=[c.removeprefix("view.") for c in views])
    # Among equally frequent patterns, those with most views come first.
    order = np.lexsort((-np.arange(len(counts)), -rows.sum(axis=1), -counts))
    counted = pd.Series(counts[order], name="patients")
    return pd.concat([table.iloc[order].reset_index(drop=True), counted], axis=1)


def draw_upset(patterns: pd.DataFrame) -> Figure:
    """Draw an upset plot: bars with the number of patients above dots for the views (Lex et al. 2014).

    Doi 10.1109/TVCG.2014.2346248.
    """
    shown = patterns.head(SHOWN)
    views, counts = list(patterns.columns[:-1]), shown["patients"].to_numpy()
    present = shown[views].to_numpy(dtype=np.bool_) if views else np.zeros((len(shown), 0), dtype=np.bool_)
    total = patterns[views].mul(patterns["patients"], axis=0).sum()
    figure = new_figure(NARROW if len(shown) <= MINIMUM_WIDTH else WIDE, 2.2 + 0.3 * len(views))
    bars, dots = figure.subplots(2, 1, sharex=True, height_ratios=[1.7, max(0.3 * len(views), 0.4)])
    bars.bar(range(len(shown)), counts, color=COLOURS[0], width=0.6)
    for place, count in enumerate(counts):
        bars.annotate(str(count), (place, count), (0, 2), textcoords="offset points", ha="center")
    bars.set_ylabel("Patients")
    bars.tick_params(bottom=False)
    for place, row in enumerate(present):
        inside = np.flatnonzero(row)
        dots.plot(np.full(len(row), place), range(len(row)), "o", color=GRID, markersize=7)
        if len(inside):
            dots.plot([place, place], [inside[0], inside[-1]], color=COLOURS[0], linewidth=2)
        dots.plot(np.full(len(inside), place), inside, "o", color=COLOURS[0], markersize=7)
    dots.set_yticks(range(len(views)), [f"{textwrap.shorten(view, 28)} ({total[view]})" for view in views])
    dots.set_ylim(len(views) - 0.5, -0.5)
    dots.set_xticks([])
    dots.set_xlim(-0.6, max(len(shown), MINIMUM_WIDTH) - 0.4)
    dots.tick_params(left=False)
    for side in ("left", "bottom"):
        dots.spines[side].set_visible(False)
    return figure


def _named(row: pd.Series[bool], views: list[str]) -> str:
    inside = [view for view in views if row[view]]
    if len(inside) == len(views):
        return "all views" if len(views) > 1 else views[0]
    return " + ".join(inside) if inside else "no view"


def _table(patterns: pd.DataFrame) -> pd.DataFrame:
    views = list(patterns.columns[:-1])
    total = int(patterns["patients"].sum())
    names = [_named(row, views) for _, row in patterns.iterrows()]
    rows = [(name, int(n), f"{n / total:.1%}") for name, n in zip(names, patterns["patients"], strict=True)]
    return pd.DataFrame(rows, columns=["views", "patients", "share"])


def _sentence(patterns: pd.DataFrame) -> str:
    views, counts = list(patterns.columns[:-1]), patterns["patients"]
    total, held = int(counts.sum()), patterns[views].sum(axis=1)
    full, bare = int(counts[held == len(views)].sum()), int(counts[held == 0].sum())
    every = f"all {len(views)} views" if len(views) > 1 else f"the only view, {views[0]},"
    text = f"{full} of {total} patients have {every} and {bare} have none"
    first = _named(patterns.iloc[0], views)
    if len(counts) > 1:
        text += (
            f". The most frequent of {len(counts)} patterns is {first} ({counts[0]} patients, "
            f"{counts[0] / total:.0%})"
        )
    if len(counts) > SHOWN:
        rest = int(counts[SHOWN:].sum())
        text += f"; the {SHOWN} most frequent are drawn, "
        text += f"the other {len(counts) - SHOWN} patterns comprise {rest} patients"
    return (
        f"{text}. The number beside each view is the number of patients who have it. Patients with missing views are "
        "included in the run."
    )
