"""Groups of patients in the report: the patients by factors, their features, and flow between numbers of groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stratomics.report.figures.style import GREY, NARROW, WIDE, new_figure
from stratomics.report.section import Block, Panel
from stratomics.report.sections.subtypes_flow import flow, group_colours
from stratomics.strata.groups.findings import PatientTables, StoredGroups

__all__ = ["OWN", "patients_blocks"]

OWN = "mixture"
"""Column of the groups, among other ways of grouping."""
MARKS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
CLIP = 3.0
"""Standard deviations beyond which the heat map has one colour."""
FEWEST = 2


def patients_blocks(stored: StoredGroups) -> list[Block]:
    """Draw the patients by two factors, the features that differ most, and the flow between numbers of groups."""
    names = list(stored.findings.sizes)
    panels = [_space(stored, names), _heat_map(stored.tables, names), flow(stored.tables)]
    return [panel for panel in panels if panel is not None]


def _space(stored: StoredGroups, names: Sequence[str]) -> Panel | None:
    places = stored.tables.factors.drop(columns="sample_id")
    if places.shape[1] < FEWEST:
        return None
    order = places.var().sort_values(ascending=False, kind="stable").index[:FEWEST]
    labels = [f"factor {str(name).removeprefix('factor')}" for name in order]
    x, y = places[order].to_numpy().T
    group = _own(stored.tables)
    figure = new_figure(NARROW, 3.6)
    axes = figure.add_subplot()
    for name, colour, mark in zip(names or [""], group_colours(len(names)) or [GREY], MARKS, strict=False):
        rows = group == name
        label = f"{name} ({rows.sum()})" if name else "all patients"
        axes.plot(
            x[rows], y[rows], mark, color=colour, markersize=4.4, alpha=0.75, markeredgewidth=0, label=label
        )
    axes.set_xlabel(labels[0].capitalize())
    axes.set_ylabel(labels[1].capitalize())
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.02, 1.0),
        ncols=3,
        handletextpad=0.1,
        columnspacing=1.0,
        borderaxespad=0.0,
    )
    sentence = (
        f"Each point is a patient, placed by {labels[0]} and {labels[1]}, which vary most. Factors were learned "
        "without outcomes. Groups are learned from all factors, so that they may overlap in two of them."
    )
    table = pd.DataFrame({labels[0]: x, labels[1]: y, **({"group": group} if names else {})})
    return Panel("groups-space", "Patients by two factors", figure, sentence, table)


def _own(tables: PatientTables) -> NDArray[np.object_]:
    """(n,) group of each patient; empty text without groups."""
    if OWN not in tables.groups:
        return np.full(len(tables.groups), "", dtype=object)
    return tables.groups[OWN].to_numpy(dtype=object)


def _heat_map(tables: PatientTables, names: Sequence[str]) -> Panel | None:
    values = tables.features.drop(columns="sample_id")
    if not names or not values.shape[1]:
        return None
    group = _own(tables)
    first = tables.factors.drop(columns="sample_id").var().idxmax()
    code = np.array([names.index(one) for one in group])
    order = np.lexsort((tables.factors[first].to_numpy(dtype=np.float64), code))
    figure = _draw_heat_map(values.iloc[order], group[order], names)
    sentence = (
        "Features that differ most between each group and the others, on the harmonized scale, cut at "
        f"{CLIP:g} standard deviations. Columns are patients, ordered by group and by {_spaced(str(first))}; grey: not "
        "measured. These features helped to learn the groups, so that their difference is no evidence for groups."
    )
    means = values.groupby(group).mean().T
    table = (
        means.rename_axis("feature").reset_index().rename(columns={name: f"mean of {name}" for name in names})
    )
    return Panel("groups-features", "Features that differ most between groups", figure, sentence, table)


def _spaced(factor: str) -> str:
    return f"factor {factor.removeprefix('factor')}"


def _draw_heat_map(values: pd.DataFrame, group: NDArray[np.object_], names: Sequence[str]) -> Figure:
    import matplotlib as mpl

    n, m = values.shape
    figure = new_figure(WIDE, 1.3 + 0.19 * m)
    bar, axes = figure.subplots(2, 1, height_ratios=[0.14, 0.19 * m], sharex=True)
    colours = group_colours(len(names))
    start = 0
    for name, colour in zip(names, colours, strict=True):
        size = int((group == name).sum())
        bar.axvspan(start, start + size, color=colour, linewidth=0)
        bar.text(start + size / 2, 1.4, name, ha="center", va="bottom", color=colour, fontweight="bold")
        if start:
            axes.axvline(start, color="white", linewidth=2)
        start += size
    bar.set_ylim(0, 1)
    bar.set_axis_off()
    colour_map = mpl.colormaps["RdBu_r"].with_extremes(bad="#c9ced3")
    shown = np.ma.masked_invalid(np.clip(values.to_numpy().T, -CLIP, CLIP))
    mesh = axes.pcolormesh(shown, cmap=colour_map, vmin=-CLIP, vmax=CLIP, rasterized=True)
    axes.set_yticks(np.arange(m) + 0.5, [_short(str(name)) for name in values.columns])
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, n)
    axes.set_xticks([])
    axes.set_xlabel(f"{n} patients")
    axes.spines[:].set_visible(False)
    figure.colorbar(mesh, ax=[bar, axes], label="standard deviations", shrink=0.5, pad=0.02)
    return figure


def _short(name: str, longest: int = 26) -> str:
    """Name of a feature that fits beside a heat map."""
    return name if len(name) <= longest else f"{name[: longest - 1]}\u2026"
